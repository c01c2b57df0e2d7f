import type { Checkpoint, Progress } from "../checkpoint/checkpoint.ts";
import {
  BEST_CHECKPOINT,
  LATEST_CHECKPOINT,
  readCheckpoint,
  writeCheckpoint,
} from "../checkpoint/file.ts";
import { InputError } from "../errors.ts";
import { quotePath } from "../json.ts";
import { osErrorReason } from "../os_errors.ts";
import type { TrainingMetrics } from "../train/metrics.ts";
import { RunLock, RunLockedError } from "./lock.ts";
import { appendMetrics, truncateMetrics } from "./metrics.ts";
import { parseRunConfig, type RunConfig } from "./run_config.ts";
import {
  CONFIG_FILE,
  createReplacement,
  exists,
  finishReplacement,
  holdsRun,
  isFolder,
  METRICS_FILE,
  readTextIfExists,
  removeTemporaryFiles,
  restoreStashedBest,
  stashBest,
  syncIfExists,
  writeTextAtomically,
} from "./run_files.ts";

/** A run folder that was opened to resume its run; see {@linkcode RunFolder.open}. */
export interface OpenRun {
  /** The folder, locked. */
  readonly folder: RunFolder;
  /** The contents of its `config.json`. */
  readonly runConfig: RunConfig;
  /** Its latest checkpoint; `null` if the run was killed before its first. */
  readonly checkpoint: Checkpoint | null;
}

/**
 * The folder of one run: `config.json`, `metrics.jsonl` (a line for each of the
 * {@linkcode TrainingMetrics}), `checkpoint.safetensors` (the latest) and `best.safetensors` (the
 * one with the lowest validation loss).
 *
 * Until the object is disposed of or the process ends, no other process can write into the folder.
 * A failure to write is thrown as an `Error` of one line; files that were written before are
 * intact. {@linkcode Run} trains into a run folder; use this class for a training loop of your own.
 *
 * @example
 * ```ts
 * import { autoConfig, corpusFromText, corpusIdentity, Trainer } from "../mod.ts";
 * import { RunFolder } from "./mod.ts";
 *
 * const corpus = corpusFromText("hello world, ".repeat(100));
 * const { config } = autoConfig(corpus.length);
 * const runConfig = { config, limits: {}, corpus: corpusIdentity(corpus), history: [] };
 * using folder = RunFolder.create(`${Deno.makeTempDirSync()}/run`, runConfig);
 * using trainer = Trainer.create(corpus, config);
 * for (let step = 0; step < 10; step++) trainer.step();
 * await folder.save(trainer.checkpoint(), "latest");
 * ```
 */
export class RunFolder implements Disposable {
  /** The folder's path. */
  readonly path: string;
  readonly #lock: RunLock;
  /** Where files are written: the folder, or one in it until a replacement has a checkpoint. */
  #target: string;
  #isClosed = false;

  private constructor(path: string, lock: RunLock, target = path) {
    this.path = path;
    this.#lock = lock;
    this.#target = target;
  }

  /**
   * Creates a run folder, with its parents, and writes `config.json`.
   *
   * @throws {InputError} if it holds a run already, or cannot be created.
   * @throws {RunLockedError} if another process writes into it.
   */
  static create(path: string, runConfig: RunConfig): RunFolder {
    const folder = RunFolder.#createUnlessExists(path, runConfig);
    if (folder !== null) return folder;
    throw new InputError(
      `Cannot create a run in ${quotePath(path)}: it already holds a run; resume or replace that ` +
        `one, or use another folder`,
      { option: "path" },
    );
  }

  /**
   * Creates a run folder at the first of `path`, `path-2`, `path-3`, … that holds no run, even if
   * other processes do the same at this moment.
   *
   * @throws {InputError} if it cannot be created.
   */
  static createNumbered(path: string, runConfig: RunConfig): RunFolder {
    for (let n = 1;; n++) {
      const candidate = n === 1 ? path : `${path}-${n}`;
      if (whileCreating(candidate, () => holdsRun(candidate))) continue;
      try {
        const folder = RunFolder.#createUnlessExists(candidate, runConfig);
        if (folder !== null) return folder;
      } catch (error) {
        if (!(error instanceof RunLockedError)) throw error;
      }
    }
  }

  /**
   * Creates a run that replaces the one in the folder, if there is one. The old run stays as it is
   * until the new one has its first checkpoint.
   *
   * @throws {InputError} if the folder cannot be created.
   * @throws {RunLockedError} if another process writes into it.
   */
  static replace(path: string, runConfig: RunConfig): RunFolder {
    return whileCreating(path, () =>
      withLock(path, (lock) => {
        const target = holdsRun(path) ? createReplacement(path) : path;
        writeTextAtomically(`${target}/${CONFIG_FILE}`, formatJson(runConfig));
        return new RunFolder(path, lock, target);
      }));
  }

  /**
   * Opens the folder of a run to resume it. The run itself is not changed; temporary files of a
   * process that was killed are removed.
   *
   * @throws {InputError} if the folder holds no run, or a file of it is damaged.
   * @throws {RunLockedError} if another process writes into it.
   */
  static async open(path: string): Promise<OpenRun> {
    const context = `Cannot resume ${quotePath(path)}`;
    const advice = "it must be the folder of a run, and be writable";
    const folder = explainFailure({ context, advice }, () => {
      if (!isFolder(path)) throw new Error("it is not a folder");
      return withLock(path, (lock) => new RunFolder(path, lock));
    });
    try {
      const text = readTextIfExists(`${path}/${CONFIG_FILE}`);
      if (text === null) {
        throw new InputError(
          `${context}: it has no ${CONFIG_FILE}; it must be the folder of a run`,
        );
      }
      const runConfig = parseRunConfig(text, `${path}/${CONFIG_FILE}`);
      return { folder, runConfig, checkpoint: await folder.#readLatest() };
    } catch (error) {
      folder[Symbol.dispose]();
      throw error;
    }
  }

  static #createUnlessExists(path: string, runConfig: RunConfig): RunFolder | null {
    return whileCreating(path, () =>
      withLock(path, (lock) => {
        if (holdsRun(path)) return null;
        writeTextAtomically(`${path}/${CONFIG_FILE}`, formatJson(runConfig));
        return new RunFolder(path, lock);
      }));
  }

  /**
   * Takes metrics and best checkpoint back to what the run had at a checkpoint that it is resumed
   * from: later metrics are removed, and a best checkpoint that only the end of the run validated
   * is renamed to `best-at-<step>.safetensors`.
   */
  async truncateTo(progress: Progress): Promise<void> {
    const path = `${this.#target}/${METRICS_FILE}`;
    const text = readTextIfExists(path);
    if (text !== null) {
      const { kept } = truncateMetrics(text, progress);
      if (kept !== text) this.#write(METRICS_FILE, () => writeTextAtomically(path, kept));
    }
    const best = `${this.#target}/${BEST_CHECKPOINT}`;
    if (!exists(best)) return;
    const { step, validatedStep } = (await readCheckpoint(best)).progress;
    if (step !== validatedStep) {
      this.#write(BEST_CHECKPOINT, () => restoreStashedBest(this.#target, step));
    }
  }

  /** Replaces `config.json`. */
  writeConfig(runConfig: RunConfig): void {
    const text = formatJson(runConfig);
    this.#write(CONFIG_FILE, () => writeTextAtomically(`${this.#target}/${CONFIG_FILE}`, text));
  }

  /** Appends a line to `metrics.jsonl`. */
  appendMetrics(metrics: TrainingMetrics): void {
    this.#write(METRICS_FILE, () => appendMetrics(`${this.#target}/${METRICS_FILE}`, metrics));
  }

  /** Replaces the latest or the best checkpoint. */
  async save(checkpoint: Checkpoint, kind: "latest" | "best"): Promise<void> {
    const name = kind === "best" ? BEST_CHECKPOINT : LATEST_CHECKPOINT;
    const { step, validatedStep } = checkpoint.progress;
    this.#write(name, () => {
      if (kind === "best" && step !== validatedStep) stashBest(this.#target);
      // The checkpoint holds the step up to which metrics are logged, so these must be on the disk
      // first.
      if (kind === "latest") syncIfExists(`${this.#target}/${METRICS_FILE}`);
    });
    try {
      await writeCheckpoint(`${this.#target}/${name}`, checkpoint);
    } catch (error) {
      // Throws a clearer error if the folder was removed.
      this.#write(name, () => {});
      // A full disk while training is not wrong input of the caller.
      throw error instanceof InputError ? new Error(error.message, { cause: error }) : error;
    }
    if (kind === "latest" && this.#target !== this.path) {
      this.#write(name, () => finishReplacement(this.path));
      this.#target = this.path;
    }
  }

  /** Whether the latest checkpoint exists; something else may have removed it. */
  get hasCheckpoint(): boolean {
    return exists(`${this.#target}/${LATEST_CHECKPOINT}`);
  }

  /**
   * Releases the run lock. A replacement that has no checkpoint is removed. May be called more than
   * once.
   */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      if (this.#target !== this.path && this.#lock.isHeld()) finishReplacement(this.path);
    } finally {
      this.#lock[Symbol.dispose]();
    }
  }

  async #readLatest(): Promise<Checkpoint | null> {
    if (!exists(`${this.path}/${LATEST_CHECKPOINT}`)) return null;
    const checkpoint = await readCheckpoint(this.path);
    const { progress } = checkpoint;
    const metrics = readTextIfExists(`${this.path}/${METRICS_FILE}`) ?? "";
    const { lastStep } = truncateMetrics(metrics, progress);
    // A full disk may have kept the line of this very step from being written: it is logged again.
    const isLineLost = progress.loggedStep === progress.step && lastStep !== progress.step;
    if (!isLineLost) return checkpoint;
    return { ...checkpoint, progress: { ...progress, loggedStep: lastStep } };
  }

  /** Changes a file of the folder, and explains a failure. */
  #write(name: string, change: () => void): void {
    let reason = "";
    try {
      if (this.#lock.isHeld()) return change();
    } catch (error) {
      reason = osErrorReason(error);
    }
    // Checked again, because the folder may have been removed in between.
    if (!this.#lock.isHeld()) reason = "the run folder was removed or replaced while training";
    throw new Error(`Cannot write ${quotePath(`${this.#target}/${name}`)}: ${reason}`);
  }
}

/**
 * Creates a folder if need be, locks it, removes what a killed process left behind, and runs an
 * action. The lock is released unless the action returns a run folder.
 */
function withLock<T extends RunFolder | null>(path: string, action: (lock: RunLock) => T): T {
  Deno.mkdirSync(path, { recursive: true });
  const lock = RunLock.acquire(path);
  let result: T | null = null;
  try {
    finishReplacement(path);
    removeTemporaryFiles(path);
    return result = action(lock);
  } finally {
    if (result === null) lock[Symbol.dispose]();
  }
}

function whileCreating<T>(path: string, action: () => T): T {
  const context = `Cannot create the run folder ${quotePath(path)}`;
  return explainFailure({ context, advice: "use a folder that can be created" }, action);
}

/** Runs an action; of its failure makes an error with the context, the reason and advice. */
function explainFailure<T>(
  { context, advice }: { readonly context: string; readonly advice: string },
  action: () => T,
): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof RunLockedError) throw error;
    const message = `${context}: ${osErrorReason(error)}; ${advice}`;
    throw new InputError(message, { option: "path", cause: error });
  }
}

function formatJson(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}
