import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { Rollback, TrainingMetrics } from "../train/metrics.ts";
import { type RunConfig, withChange } from "./run_config.ts";
import type { RunFolder } from "./run_folder.ts";

/** What {@linkcode RunWriter} starts from. */
export interface RunWriterOptions {
  /** The contents of the folder's `config.json`. */
  readonly runConfig: RunConfig;
  /** The latest checkpoint in the folder; `null` if it has none. */
  readonly latest: Checkpoint | null;
  /** Called when something cannot be written; should stop the training. */
  readonly onFailure: () => void;
}

/**
 * Writes the metrics, checkpoints and rollbacks of a run into its folder.
 *
 * Failures are not thrown into the training: the first one is stored for
 * {@linkcode RunWriter.throwIfFailed} and stops the run, which then tries again to save its
 * last state.
 */
export class RunWriter {
  readonly #folder: RunFolder;
  readonly #onFailure: () => void;
  #runConfig: RunConfig;
  #latest: Checkpoint | null;
  #failure: string | null = null;

  constructor(folder: RunFolder, { runConfig, latest, onFailure }: RunWriterOptions) {
    this.#folder = folder;
    this.#runConfig = runConfig;
    this.#latest = latest;
    this.#onFailure = onFailure;
  }

  /** Appends metrics. */
  async log(metrics: TrainingMetrics): Promise<void> {
    await this.#attempt(() => this.#folder.appendMetrics(metrics));
  }

  /** Writes a checkpoint. */
  async save(checkpoint: Checkpoint, kind: "latest" | "best"): Promise<void> {
    await this.#attempt(async () => {
      await this.#folder.save(checkpoint, kind);
      if (kind === "latest") this.#latest = checkpoint;
    });
  }

  /** Records a rollback to the checkpoint that was saved last. */
  async rollBack({ divergedAt, reason, step }: Rollback): Promise<void> {
    const { config, progress } = this.#latest!;
    await this.#attempt(async () => {
      await this.#folder.truncateTo(progress);
      const diverged = { step: divergedAt, reason };
      this.#change({ step, to: { ...this.#runConfig, config }, diverged });
    });
  }

  /** Records changes of a resumed run, if there are any. */
  change(step: number, to: RunConfig): void {
    this.#change({ step, to });
  }

  /** @throws {Error} if something could not be written. */
  throwIfFailed(): void {
    if (this.#failure !== null) throw new Error(`${this.#failure}; ${this.describeSaved()}`);
  }

  /** Describes what is saved of the run, for an error: `the checkpoint of step 9 is kept`. */
  describeSaved(): string {
    const { latestStep, hasCheckpoint } = this.#folder;
    if (latestStep === null) return "no checkpoint was saved";
    const checkpoint = `the checkpoint of step ${latestStep}`;
    return hasCheckpoint
      ? `${checkpoint} is kept`
      : `${checkpoint} is lost, as something else removed or replaced it`;
  }

  #change(change: Parameters<typeof withChange>[1]): void {
    const runConfig = withChange(this.#runConfig, change);
    if (runConfig !== this.#runConfig) this.#folder.writeConfig(runConfig);
    this.#runConfig = runConfig;
  }

  async #attempt(write: () => void | Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.#failure ??= error instanceof Error ? error.message : String(error);
      this.#onFailure();
    }
  }
}
