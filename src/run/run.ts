import { checkCheckpoint, type Checkpoint } from "../checkpoint/checkpoint.ts";
import { BEST_CHECKPOINT, readCheckpoint } from "../files/checkpoint_file.ts";
import { checkOptions, checkShape, checkString, optionsSchema } from "../arguments.ts";
import { InputError, TextError } from "../errors.ts";
import { lstatIfExists } from "../files/file_identity.ts";
import type { Config } from "../model/config.ts";
import type { Model } from "../model/model.ts";
import type { ConfigInput } from "../model/resolve_config.ts";
import { oneOf, text, unchecked } from "../schemas.ts";
import { checkCorpus, type Corpus } from "../text/corpus.ts";
import { replaceInvisible } from "../printable.ts";
import type { TrainingLimits } from "../train/limits.ts";
import { callbackKeys, type TrainingCallbacks, trainingSchemas } from "../train/options.ts";
import { bestOf, type TrainResult } from "../train/result.ts";
import { growBest, hasGrown } from "../train/growth.ts";
import { checkSameText, resumedConfig } from "../train/resume.ts";
import { type PreparedTraining, prepareTraining } from "../train/train.ts";
import type { Trainer, TrainerOptions } from "../train/trainer.ts";
import { checkTextIsNoRunFile } from "./ownership.ts";
import { recordOf, type RunConfig, type RunLimits } from "./run_config.ts";
import { checkTextsStay, type OpenRun, RunFolder } from "./run_folder.ts";
import { RunWriter } from "./run_writer.ts";
import { Disposables } from "../disposables.ts";

/** Options of {@linkcode Run.resume}. */
export interface RunOptions extends TrainerOptions {
  /**
   * Keys of the configuration. The others are picked by {@linkcode autoConfig}, or stay those of a
   * resumed run.
   */
  readonly config?: ConfigInput;
  /** Limits and intervals. The others have their defaults, or stay those of a resumed run. */
  readonly limits?: RunLimits;
  /** Stops the initialization of weights, which may take seconds; its reason is then thrown. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode Run.create}. */
export interface CreateRunOptions extends RunOptions {
  /**
   * The run folder; it is created with its parents. Default: that of {@linkcode defaultRunPath} for
   * the path of the text, or of the first of several.
   */
  readonly path?: string;
  /**
   * What happens if the folder holds a run: `fail`; `rename`, which takes the first of `path-2`,
   * `path-3`, … that holds none; or `replace`, which removes the old run as soon as the new one has
   * a checkpoint. Default: `fail` if `path` is given, else `rename`.
   */
  readonly ifExists?: "fail" | "rename" | "replace";
  /**
   * Continue from this checkpoint of the same text, for example one that was trained in a web page.
   * The rest of its configuration is kept, limits count from the start of its training, and metrics
   * begin at its step.
   */
  readonly resume?: Checkpoint;
  /** Begin with the weights of this model; see {@linkcode TrainOptions.initFrom}. */
  readonly initFrom?: Model;
}

/** Signal and callbacks of {@linkcode Run.train}; each is called before the folder changes. */
export type RunCallbacks = Omit<TrainingCallbacks, "onCheckpoint">;

const { onCheckpoint: _, ...callbackKeysOfRun } = callbackKeys;

const schemas = {
  create: optionsSchema({
    path: text,
    ifExists: oneOf(["fail", "rename", "replace"]),
    resume: unchecked,
    initFrom: unchecked,
    config: unchecked,
    limits: unchecked,
    threads: unchecked,
    exchange: unchecked,
    signal: unchecked,
  }),
  resume: optionsSchema({
    ...{ config: unchecked, limits: unchecked, threads: unchecked },
    ...{ exchange: unchecked, signal: unchecked },
  }),
  callbacks: optionsSchema(callbackKeysOfRun),
};

/**
 * A training that is written into a run folder: configuration, metrics and checkpoints. This is
 * what `deno task train` does.
 *
 * A run that is stopped and resumed continues with the same bits as if it had never stopped. Until
 * the object is disposed of, no other process can write into the folder.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "../mod.ts";
 * import { Run, RunFolder } from "./mod.ts";
 *
 * const corpus = corpusFromText("the quick brown fox jumps over the lazy dog. ".repeat(40));
 * const path = `${Deno.makeTempDirSync()}/fox`;
 * {
 *   using run = await Run.create(corpus, { path, config: { hidden: 16 }, limits: { steps: 100 } });
 *   await run.train();
 * }
 * using run = await Run.resume(await RunFolder.open(path), corpus, { limits: { steps: 200 } });
 * const { latest } = await run.train();
 * console.log(latest.progress.step); // 200
 * ```
 */
export class Run implements Disposable {
  /** The run folder. */
  readonly folder: RunFolder;
  readonly #training: PreparedTraining;
  readonly #writer: RunWriter;
  #grownFrom: number | null = null;
  /** Aborted when the folder cannot be written. */
  readonly #failure = new AbortController();

  private constructor(
    training: PreparedTraining,
    folder: RunFolder,
    state: { readonly runConfig: RunConfig; readonly latest: Checkpoint | null },
  ) {
    if (!(folder instanceof RunFolder)) {
      throw new TypeError("Cannot make a run: use Run.create() or Run.resume()");
    }
    this.#training = training;
    this.folder = folder;
    const onFailure = () => this.#failure.abort();
    this.#writer = new RunWriter(folder, { ...state, onFailure });
  }

  /**
   * Checks all options, initializes the weights and creates the run folder.
   *
   * @throws {InputError} if an option is invalid, the text is too short, training cannot be resumed
   * from the checkpoint or has reached its limit, or the folder cannot be created or holds a run; no
   * file has been written then.
   * @throws {TypeError} if `corpus` is no corpus, or `resume` no checkpoint.
   * @throws {Error} if the checkpoint that is resumed cannot be written.
   * @throws {RunLockedError} if another process writes into the folder.
   */
  static async create(corpus: Corpus, options: CreateRunOptions = {}): Promise<Run> {
    const context = "Cannot train";
    checkCorpus(corpus, context);
    options = checkOptions(options, { schema: schemas.create, context });
    const { path = defaultRunPath(nameOf(corpus)), config = {}, resume, initFrom } = options;
    const { ifExists = options.path === undefined ? "rename" : "fail" } = options;
    if (resume !== undefined) checkCheckpoint(resume, "Cannot resume training");
    const limits = checkLimits(options.limits);
    using opened = new Disposables();
    const training = opened.use(
      await prepareTraining(corpus, {
        ...limits,
        config: resume === undefined ? config : resumedConfig(resume.config, config),
        ...resume === undefined ? {} : { resume },
        ...initFrom === undefined ? {} : { initFrom },
        ...trainerOptions(options),
      }),
    );
    if (training.isFinished) {
      throw new InputError(
        `Cannot resume training: the checkpoint is at step ${training.trainer.steps} and has ` +
          'reached its limit; raise "steps", "epochs", "minutes" or "patience" to continue',
        { option: "steps" },
      );
    }
    const runConfig: RunConfig = {
      config: training.trainer.config,
      limits,
      corpus: recordOf(corpus),
      history: [],
    };
    if (ifExists === "replace") checkTextsStay(path, pathsOf(corpus));
    const createFolder = {
      fail: RunFolder.create,
      rename: RunFolder.createNumbered,
      replace: RunFolder.replace,
    }[ifExists];
    const folder = opened.use(createFolder(path, runConfig));
    // A run that is killed before its first checkpoint would start again from random weights.
    const { resumed, trainer } = training;
    const latest = resumed !== null
      ? { ...resumed, config: runConfig.config }
      : initFrom === undefined
      ? null
      : trainer.checkpoint();
    if (latest !== null) {
      if (resumed !== null && bestOf(latest) !== null) await folder.save(latest, "best");
      await folder.save(latest, "latest");
    }
    const run = new Run(training, folder, { runConfig, latest });
    opened.move();
    return run;
  }

  /**
   * Resumes a run. If it has reached its limit, its folder stays as it is; see
   * {@linkcode Run.isFinished}. A run that was killed before its first checkpoint starts again.
   *
   * @param opened From {@linkcode RunFolder.open}; the run disposes of its folder.
   * @param corpus The text of the run, or one that begins with it; its path may be another. A text
   * that has grown is split and cut into streams again, and what is held out lies behind all that was
   * trained on.
   * @param options A new limit of steps, epochs or minutes replaces all of these. Of the
   * configuration, what only steers the training may change, for example `lr` and `gradClip`.
   * Changes are recorded in `config.json`.
   * @throws {InputError} if the text is another one, or an option is invalid or cannot change.
   * @throws {TypeError} if an argument is no opened run or no corpus.
   */
  static async resume(opened: OpenRun, corpus: Corpus, options: RunOptions = {}): Promise<Run> {
    const context = "Cannot resume training";
    checkShape(opened, {
      ...{ context, name: "opened", expected: "an opened run, as RunFolder.open() returns it" },
      shape: { folder: "object", runConfig: "object" },
    });
    checkCorpus(corpus, context);
    options = checkOptions(options, { schema: schemas.resume, context });
    const { folder, runConfig, checkpoint } = opened;
    using resources = new Disposables();
    resources.use(folder);
    checkTextIsNoRunFile(folder.path, pathsOf(corpus));
    const isGrown = await hasGrown(runConfig.corpus, corpus);
    if (!isGrown) checkSameText(runConfig.corpus, corpus);
    const limits = resumedLimits(runConfig.limits, checkLimits(options.limits));
    const config = resumedConfig(checkpoint?.config ?? runConfig.config, options.config ?? {});
    const training = resources.use(
      await prepareTraining(corpus, {
        ...limits,
        config,
        ...checkpoint === null ? {} : { resume: checkpoint },
        ...trainerOptions(options),
      }),
    );
    const { resumed } = training;
    const run = new Run(training, folder, { runConfig, latest: resumed });
    if (isGrown) run.#grownFrom = runConfig.corpus.chars;
    if (!run.isFinished) {
      const to = { ...runConfig, config, limits, corpus: recordOf(corpus) };
      await run.#writeResumption(to, resumed);
    }
    resources.move();
    return run;
  }

  /** The trainer. */
  get trainer(): Trainer {
    return this.#training.trainer;
  }

  /** Complete limits and intervals. */
  get limits(): TrainingLimits {
    return this.#training.limits;
  }

  /** Characters of the text before, if it has grown since the run was stopped; else `null`. */
  get grownFrom(): number | null {
    return this.#grownFrom;
  }

  /** Whether the run has reached its limit, so that nothing is left to train. */
  get isFinished(): boolean {
    return this.#training.isFinished;
  }

  /**
   * Trains until a limit is reached or the signal aborts. May be called once.
   *
   * @returns The best and the latest checkpoint, also of a run that was resumed.
   * @throws {DivergenceError} if a loss or a weight is not finite.
   * @throws {TextError} if the text can no longer be read; the last state is written before.
   * @throws {Error} if a file of the run cannot be written; the run stops there.
   */
  async train(callbacks: RunCallbacks = {}): Promise<TrainResult> {
    callbacks = checkOptions(callbacks, { schema: schemas.callbacks, context: "Cannot train" });
    const { signal, onLog, onRollback } = callbacks;
    const writer = this.#writer;
    try {
      const result = await this.#training.run({
        ...callbacks,
        signal: AbortSignal.any([...signal ? [signal] : [], this.#failure.signal]),
        async onLog(metrics) {
          await onLog?.(metrics);
          await writer.log(metrics);
        },
        async onRollback(rollback) {
          await onRollback?.(rollback);
          await writer.rollBack(rollback);
        },
        onCheckpoint: (checkpoint, kind) => writer.save(checkpoint, kind),
      });
      writer.throwIfFailed();
      return { ...result, best: await this.#readBest(result) };
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      throw new TextError(`${error.message}; ${writer.describeSaved()}`, { cause: error });
    }
  }

  /** Ends the threads and closes the folder. */
  [Symbol.dispose](): void {
    try {
      this.#training[Symbol.dispose]();
    } finally {
      this.folder[Symbol.dispose]();
    }
  }

  /** The best checkpoint, which may be older than what a resumed run has trained. */
  async #readBest({ best, latest }: TrainResult): Promise<Checkpoint> {
    const lowest = latest.progress.bestValidationLoss;
    if (best.progress.validationLoss === lowest || lowest === null) return best;
    return await readCheckpoint(`${this.folder.path}/${BEST_CHECKPOINT}`).catch(() => latest);
  }

  /** Takes the files back to the checkpoint, and records what is changed from there on. */
  async #writeResumption(to: RunConfig, checkpoint: Checkpoint | null): Promise<void> {
    const { progress } = checkpoint ?? this.trainer.checkpoint();
    await this.folder.truncateTo(progress);
    if (checkpoint !== null && this.#grownFrom !== null) {
      // The best first: a run that is killed in between is resumed from the latest in any case.
      const best = await readBestIn(this.folder.path);
      if (best !== null) await this.folder.save(growBest(best, this.trainer.corpus), "best");
      await this.folder.save({ ...checkpoint, config: to.config }, "latest");
    } else if (checkpoint !== null && !isSame(to.config, checkpoint.config)) {
      await this.folder.save({ ...checkpoint, config: to.config }, "latest");
    }
    this.#writer.change(progress.step, to);
  }
}

/**
 * The run folder of a text for which none is named: `runs/` and the name of the file or folder,
 * without extensions; of a pattern, the name of the folder before it.
 *
 * @example
 * ```ts
 * import { defaultRunPath } from "./mod.ts";
 *
 * console.log(defaultRunPath("examples/alice.txt")); // runs/alice
 * console.log(defaultRunPath("dumps/wiki.txt.gz")); // runs/wiki
 * ```
 */
export function defaultRunPath(textPath: string): string {
  checkString(textPath, { context: "Cannot name a run folder", name: "textPath" });
  const parts = textPath.split(/[/\\]+/).filter((part) => part !== "");
  const pattern = parts.findIndex((part) => /[*?]/.test(part));
  const last = parts.at(pattern < 0 ? -1 : Math.max(0, pattern - 1)) ?? "";
  const file = last.replace(/(?<=.)\.(gz|zst)$/i, "").replace(/(?<=.)\.[^.]*$/s, "")
    .replaceAll(/[*?]+/g, "-");
  const name = replaceInvisible(file, "-");
  // "." and ".." are other folders.
  return `runs/${/^\.*$/.test(name) ? "text" : cutTo(name, MAX_NAME_BYTES)}`;
}

/** File systems allow 255 bytes; some are for the number that a second run of a text gets. */
const MAX_NAME_BYTES = 240;

/** The longest start of a text that takes at most so many bytes in UTF-8. */
function cutTo(text: string, bytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes));
  return text.slice(0, read);
}

/** The best checkpoint of a run folder; `null` if there is none. */
async function readBestIn(path: string): Promise<Checkpoint | null> {
  const best = `${path}/${BEST_CHECKPOINT}`;
  return lstatIfExists(best) === null ? null : await readCheckpoint(best);
}

/** The path that a run of a text is named after. */
function nameOf({ path, reading }: Corpus): string {
  return reading?.paths[0] ?? path;
}

/** The files of a text. */
function pathsOf(corpus: Corpus): readonly string[] {
  return corpus.texts.map(({ path }) => path);
}

/** Checks the names of limits and intervals; their values are checked with the training. */
function checkLimits(limits: RunLimits = {}): RunLimits {
  return checkOptions(limits, { schema: trainingSchemas.limits, context: "Cannot train" });
}

function trainerOptions(
  { threads, exchange, signal }: RunOptions,
): Pick<RunOptions, "threads" | "exchange" | "signal"> {
  return {
    ...exchange === undefined ? {} : { exchange },
    ...threads === undefined ? {} : { threads },
    ...signal === undefined ? {} : { signal },
  };
}

/** The limits of a resumed run: a new limit of its length replaces all that it had. */
function resumedLimits(before: RunLimits, given: RunLimits): RunLimits {
  const { steps: _, epochs: __, minutes: ___, ...others } = before;
  const isLimited = [given.steps, given.epochs, given.minutes].some((limit) => limit !== undefined);
  return { ...isLimited ? others : before, ...given };
}

function isSame(a: Config, b: Config): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
