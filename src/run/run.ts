import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { BEST_CHECKPOINT, readCheckpoint } from "../checkpoint/file.ts";
import { TextError } from "../errors.ts";
import type { Config } from "../model/config.ts";
import type { ConfigInput } from "../model/resolve_config.ts";
import type { Corpus } from "../text/corpus.ts";
import type { TrainingLimits } from "../train/limits.ts";
import { checkSameText, resumedConfig } from "../train/resume.ts";
import type { TrainingCallbacks } from "../train/options.ts";
import { prepareTraining, type TrainingRun } from "../train/train.ts";
import type { Trainer, TrainerOptions } from "../train/trainer.ts";
import type { RunConfig, RunLimits } from "./run_config.ts";
import { type OpenRun, RunFolder } from "./run_folder.ts";
import { RunWriter } from "./run_writer.ts";

/** What to train, and for how long; see {@linkcode Run}. */
export interface RunOptions extends TrainerOptions {
  /** Hyperparameters; the others are picked automatically, or stay those of a resumed run. */
  readonly config?: ConfigInput;
  /** Limits and intervals; the others have their defaults, or stay those of a resumed run. */
  readonly limits?: RunLimits;
}

/** Where a new run is written; see {@linkcode Run.create}. */
export interface CreateRunOptions extends RunOptions {
  /** The run folder; it is created with its parents. */
  readonly path: string;
  /**
   * What happens if the folder holds a run: `fail`; `rename`, which takes the first of `path-2`,
   * `path-3`, … that holds none; or `replace`, which removes the old run as soon as the new one has a
   * checkpoint. Default: `fail`.
   */
  readonly ifTaken?: "fail" | "rename" | "replace";
}

/** The signal and the callbacks of {@linkcode Run.train}; each is called before the folder changes. */
export type RunCallbacks = Omit<TrainingCallbacks, "onCheckpoint">;

/**
 * A training that is written into a run folder: configuration, metrics and checkpoints.
 *
 * A run that is stopped and resumed continues with the same bits as if it had never stopped. While
 * the object exists, no other process can write into the folder.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "../text/corpus.ts";
 * import { Run } from "./run.ts";
 * import { RunFolder } from "./run_folder.ts";
 *
 * const corpus = corpusFromText("the quick brown fox jumps over the lazy dog. ".repeat(40));
 * const path = `${Deno.makeTempDirSync()}/fox`;
 * {
 *   using run = Run.create(corpus, { path, config: { hidden: 16 }, limits: { steps: 100 } });
 *   await run.train();
 * }
 * using run = await Run.resume(await RunFolder.open(path), corpus, { limits: { steps: 200 } });
 * const { progress } = await run.train();
 * console.log(progress.step); // 200
 * ```
 */
export class Run implements Disposable {
  /** The run folder. */
  readonly folder: RunFolder;
  readonly #training: TrainingRun;
  readonly #writer: RunWriter;
  /** Aborted when the folder cannot be written. */
  readonly #failure = new AbortController();

  private constructor(
    training: TrainingRun,
    folder: RunFolder,
    record: RunConfig,
    latest: Checkpoint | null,
  ) {
    this.#training = training;
    this.folder = folder;
    this.#writer = new RunWriter(folder, record, latest, () => this.#failure.abort());
  }

  /**
   * Checks everything, creates the run folder, and draws initial weights.
   *
   * @throws {InputError} if an option is wrong, the text is too short, or the folder cannot be
   * created or holds a run; no file has been written then.
   * @throws {InUseError} if another process writes into the folder.
   */
  static create(corpus: Corpus, options: CreateRunOptions): Run {
    const { path, ifTaken = "fail", config = {}, limits = {}, threads } = options;
    using opened = new DisposableStack();
    const training = opened.use(
      prepareTraining(corpus, { ...limits, config, ...threads === undefined ? {} : { threads } }),
    );
    const record = { config: training.trainer.config, limits, text: textOf(corpus), history: [] };
    const makeFolder = {
      fail: RunFolder.create,
      rename: RunFolder.createFree,
      replace: RunFolder.replace,
    }[ifTaken];
    const run = new Run(training, makeFolder(path, record), record, null);
    opened.move();
    return run;
  }

  /**
   * Resumes a run. If it has reached its limit, its folder stays as it is; see
   * {@linkcode Run.isFinished}. A run that was killed before its first checkpoint starts again.
   *
   * @param opened An opened run folder, which the run disposes of.
   * @param corpus The text of the run; its path may be another.
   * @param options A new limit of steps, epochs or minutes replaces all of these; the learning rate
   * and clipping may change. Changes are recorded in `config.json`.
   * @throws {InputError} if the text is another, or an option is wrong or must not change.
   */
  static async resume(opened: OpenRun, corpus: Corpus, options: RunOptions = {}): Promise<Run> {
    const { folder, record, checkpoint } = opened;
    using resources = new DisposableStack();
    resources.use(folder);
    checkSameText({ ...record.text, name: record.text.path }, corpus);
    const limits = resumedLimits(record.limits, options.limits ?? {});
    const config = resumedConfig(checkpoint?.config ?? record.config, options.config ?? {});
    const training = resources.use(prepareTraining(corpus, {
      ...limits,
      config,
      ...checkpoint === null ? {} : { resume: checkpoint },
      ...options.threads === undefined ? {} : { threads: options.threads },
    }));
    const run = new Run(training, folder, record, checkpoint);
    if (!run.isFinished) {
      await run.#writeResumption({ ...record, config, limits, text: textOf(corpus) }, checkpoint);
    }
    resources.move();
    return run;
  }

  /** The trainer. */
  get trainer(): Trainer {
    return this.#training.trainer;
  }

  /** Limits and intervals, complete. */
  get limits(): TrainingLimits {
    return this.#training.limits;
  }

  /** Whether the run has reached its limit, so that nothing is left to train. */
  get isFinished(): boolean {
    return this.#training.isFinished;
  }

  /** What was written of the run, for an error message: `the checkpoint of step 9 is kept`. */
  get kept(): string {
    return this.#writer.kept;
  }

  /**
   * Trains until a limit is reached or the signal aborts; to be called once.
   *
   * @returns The last checkpoint.
   * @throws {DivergenceError} if a number is not finite.
   * @throws {TextError} if the text can no longer be read; the last state is written before.
   * @throws {Error} if a file of the run cannot be written; the run stops there.
   */
  async train(callbacks: RunCallbacks = {}): Promise<Checkpoint> {
    const { signal, onLog, onRollback } = callbacks;
    const writer = this.#writer;
    try {
      const last = await this.#training.run({
        ...callbacks,
        signal: AbortSignal.any([...signal ? [signal] : [], this.#failure.signal]),
        async onLog(metrics) {
          await onLog?.(metrics);
          await writer.report(metrics);
        },
        async onRollback(rollback) {
          await onRollback?.(rollback);
          await writer.rollBack(rollback);
        },
        onCheckpoint: (checkpoint, kind) => writer.save(checkpoint, kind),
      });
      writer.checkAllIsKept();
      return last;
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      throw new TextError(`${error.message}; ${this.kept}`, { cause: error });
    }
  }

  /**
   * The checkpoint with the lowest validation loss.
   * @param last The last checkpoint of the run, which is returned if the run has no validation part.
   */
  async best(last: Checkpoint): Promise<Checkpoint> {
    const { bestValidationLoss, validationLoss } = last.progress;
    if (bestValidationLoss === null || bestValidationLoss === validationLoss) return last;
    return await readCheckpoint(`${this.folder.path}/${BEST_CHECKPOINT}`).catch(() => last);
  }

  /** Closes the folder, and ends the threads. */
  [Symbol.dispose](): void {
    try {
      this.#training[Symbol.dispose]();
    } finally {
      this.folder.close();
    }
  }

  /** Takes the files back to the checkpoint, and records what has changed since. */
  async #writeResumption(to: RunConfig, checkpoint: Checkpoint | null): Promise<void> {
    const { progress } = checkpoint ?? this.trainer.checkpoint();
    await this.folder.truncateTo(progress);
    if (checkpoint !== null && !isSame(to.config, checkpoint.config)) {
      await this.folder.save({ ...checkpoint, config: to.config }, "latest");
    }
    this.#writer.change(progress.step, to);
  }
}

/** The limits of a resumed run: a new limit of length replaces all that the run had. */
function resumedLimits(before: RunLimits, asked: RunLimits): RunLimits {
  const { steps: _, epochs: __, minutes: ___, ...others } = before;
  const isLimited = [asked.steps, asked.epochs, asked.minutes].some((limit) => limit !== undefined);
  return { ...isLimited ? others : before, ...asked };
}

function isSame(a: Config, b: Config): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function textOf({ path, length, bytes, sha256 }: Corpus): RunConfig["text"] {
  return { path, chars: length, bytes, sha256 };
}
