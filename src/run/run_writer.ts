import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { RunFolder } from "./run_folder.ts";
import { type RunConfig, withChange } from "./run_config.ts";
import type { Rollback, TrainingMetrics } from "../train/metrics.ts";

/**
 * Keeps what a run gives in its folder. The first thing that cannot be written asks the run to end,
 * which then tries once more to save its last state.
 */
export class RunWriter {
  /** The run's folder. */
  readonly folder: RunFolder;
  #record: RunConfig;
  #latest: Checkpoint | null;
  readonly #onFailure: () => void;
  #failure: string | null = null;

  /**
   * @param latest The checkpoint that the folder has.
   * @param onFailure Asks the run to end.
   */
  constructor(
    folder: RunFolder,
    record: RunConfig,
    latest: Checkpoint | null,
    onFailure: () => void,
  ) {
    this.folder = folder;
    this.#record = record;
    this.#latest = latest;
    this.#onFailure = onFailure;
  }

  /** Keeps a report. */
  async report(report: TrainingMetrics): Promise<void> {
    await this.#attempt(() => this.folder.appendMetrics(report));
  }

  /** Keeps a checkpoint. */
  async save(checkpoint: Checkpoint, kind: "latest" | "best"): Promise<void> {
    await this.#attempt(async () => {
      await this.folder.save(checkpoint, kind);
      if (kind === "latest") this.#latest = checkpoint;
    });
  }

  /** Notes that the run went back to the checkpoint that was just kept. */
  async rollBack({ divergedAt, reason, step }: Rollback): Promise<void> {
    const { config, progress } = this.#latest!;
    await this.#attempt(async () => {
      await this.folder.truncateTo(progress);
      this.change(step, { ...this.#record, config }, { step: divergedAt, reason });
    });
  }

  /** Notes what is new from a step on, if anything is. */
  change(step: number, to: RunConfig, diverged?: { step: number; reason: string }): void {
    const record = withChange(this.#record, step, to, diverged);
    if (record !== this.#record) this.folder.writeConfig(record);
    this.#record = record;
  }

  /** @throws {Error} when something could not be written. */
  checkAllIsKept(): void {
    if (this.#failure !== null) throw new Error(`${this.#failure}; ${this.kept}`);
  }

  /** What there is of the run, for the last words of an error. */
  get kept(): string {
    if (this.#latest === null) return "no checkpoint had been saved";
    const checkpoint = `the checkpoint of step ${this.#latest.progress.step}`;
    return this.folder.hasCheckpoint ? `${checkpoint} is kept` : `${checkpoint} went with it`;
  }

  async #attempt(action: () => void | Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#failure ??= error instanceof Error ? error.message : String(error);
      this.#onFailure();
    }
  }
}
