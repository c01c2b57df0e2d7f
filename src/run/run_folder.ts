import * as v from "valibot";
import { checkArguments, checkFolderPath, optionsSchema, wrongRange } from "../arguments.ts";
import { checkCheckpoint, type Checkpoint, type Progress } from "../checkpoint/checkpoint.ts";
import { copyAtomically, writeTextAtomically } from "../files/atomic_write.ts";
import {
  BEST_CHECKPOINT,
  LATEST_CHECKPOINT,
  readCheckpoint,
  writeCheckpointFile,
} from "../files/checkpoint_file.ts";
import { InputError, withContext } from "../errors.ts";
import { isSameInode, lstatIfExists, statIfExists } from "../files/file_identity.ts";
import { quotePath } from "../json.ts";
import { checkProgress } from "../checkpoint/metadata.ts";
import { osErrorReason } from "../files/os_errors.ts";
import { wholeNumber } from "../schemas.ts";
import type { TrainingMetrics } from "../train/metrics.ts";
import { RunLock, RunLockedError } from "./lock.ts";
import { appendMetrics, keptMetrics } from "./metrics.ts";
import {
  checkAllOwned,
  checkLock,
  checkOwned,
  checkRegular,
  checkTextIsNoRunFile,
  isRunFolder,
  isUnchanged,
  readConfigFile,
  readRunConfig,
  runFileNamesIn,
} from "./ownership.ts";
import { createReplacement, finishReplacements, movingFolderOf } from "./replacement.ts";
import { checkRunConfig, type RunConfig } from "./run_config.ts";
import { bestAtStep, CONFIG_FILE, METRICS_FILE, STASHED_BEST, temporaryName } from "./run_files.ts";
import {
  type FileInfo,
  lstat,
  makeFolders,
  OpenFile,
  realPath,
  remove,
  rename,
} from "../files/fs.ts";

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
 * const { config } = autoConfig(corpus);
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
  /** The files of the run as they were when they were last checked or written, by name. */
  readonly #known = new Map<string, FileInfo>();
  #latestStep: number | null = null;
  #isClosed = false;

  private constructor(path: string, lock: RunLock, target = path) {
    if (!(lock instanceof RunLock)) {
      throw new TypeError("Cannot make a run folder: use RunFolder.create() or RunFolder.open()");
    }
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
    runConfig = checkCreation(path, runConfig);
    const folder = RunFolder.#createUnlessExists(path, runConfig);
    if (folder !== null) return folder;
    throw new InputError(
      `Cannot create a run in ${quotePath(path)}: it already holds a run; resume or replace that ` +
        `one, or use another folder`,
      { option: "ifExists" },
    );
  }

  /**
   * Creates a run folder at the first of `path`, `path-2`, `path-3`, … that holds no run, even if
   * other processes do the same at this moment.
   *
   * @throws {InputError} if it cannot be created.
   */
  static createNumbered(path: string, runConfig: RunConfig): RunFolder {
    runConfig = checkCreation(path, runConfig);
    const stem = stemOf(path);
    for (let n = 1;; n++) {
      const candidate = n === 1 ? path : `${stem}-${n}`;
      if (whileCreating(candidate, () => isTaken(candidate))) continue;
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
    runConfig = checkCreation(path, runConfig);
    if (whileCreating(path, () => readReplaceable(path)) !== null) {
      checkTextIsNoRunFile(path, [runConfig.corpus.path]);
    }
    return whileCreating(path, () =>
      withLock(path, (lock) => {
        const isReplacement = readReplaceable(path) !== null;
        const target = isReplacement ? createReplacement(path, lock.token) : path;
        const folder = new RunFolder(path, lock, target);
        try {
          writeTextAtomically(`${target}/${CONFIG_FILE}`, formatJson(runConfig), folder.#options);
        } catch (error) {
          if (isReplacement) finishReplacements(path);
          throw error;
        }
        return folder;
      }));
  }

  /**
   * Opens the folder of a run to resume it. The run itself is not changed; temporary files of a
   * process that was killed are removed.
   *
   * @throws {InputError} if the folder holds no run, or a file of it is damaged or not the run's;
   * nothing in the folder is changed then.
   * @throws {RunLockedError} if another process writes into it.
   */
  static async open(path: string): Promise<OpenRun> {
    checkFolderPath(path, { context: "Cannot open a run folder", name: "path" });
    const context = `Cannot resume ${quotePath(path)}`;
    const advice = "it must be the folder of a run, and be writable";
    const check = () => {
      const info = statIfExists(path);
      if (info === null) throw new Error("there is no such folder");
      if (!info.isDirectory) throw new Error("it is not a folder");
      if (lstatIfExists(`${path}/${CONFIG_FILE}`) === null) {
        throw new Error(`it has no ${CONFIG_FILE}`);
      }
      const configContext = `Cannot resume the run of ${quotePath(`${path}/${CONFIG_FILE}`)}`;
      const runConfig = withContext(configContext, () => readConfigFile(path));
      const names = runFileNamesIn(path);
      withContext(context, () => {
        checkAllOwned(path, names.filter((name) => name !== LATEST_CHECKPOINT));
        const latest = lstatIfExists(`${path}/${LATEST_CHECKPOINT}`);
        const subject = `its "${LATEST_CHECKPOINT}" is not a file of the run`;
        // Its contents are checked when it is read.
        if (latest !== null) withContext(subject, () => checkRegular(latest));
        checkLock(path);
      });
      return runConfig;
    };
    const explain = { context, advice };
    explainFailure(explain, check);
    let runConfig: RunConfig | undefined;
    const folder = explainFailure(
      explain,
      () =>
        withLock(path, (lock) => {
          // Read again: a replacement may have been completed.
          runConfig = check();
          return new RunFolder(path, lock);
        }),
    );
    try {
      for (const name of runFileNamesIn(path)) folder.#setKnown(name);
      return { folder, runConfig: runConfig!, checkpoint: await folder.#readLatest() };
    } catch (error) {
      folder[Symbol.dispose]();
      throw error;
    }
  }

  static #createUnlessExists(path: string, runConfig: RunConfig): RunFolder | null {
    return whileCreating(path, () => {
      // Before anything is changed: the folder may hold files that are not those of a run.
      readRunConfig(path);
      return withLock(path, (lock) => {
        if (readRunConfig(path) !== null) return null;
        const folder = new RunFolder(path, lock);
        writeTextAtomically(`${path}/${CONFIG_FILE}`, formatJson(runConfig), folder.#options);
        return folder;
      });
    });
  }

  /**
   * Takes metrics and best checkpoint back to what the run had at a checkpoint that it is resumed
   * from: later metrics are removed, and a best checkpoint that only the end of the run validated
   * is renamed to `best-at-<step>.safetensors`.
   */
  async truncateTo(progress: Progress): Promise<void> {
    withContext("Cannot truncate a run", () => checkProgress(progress), { option: undefined });
    const path = `${this.#target}/${METRICS_FILE}`;
    if (lstatIfExists(path) !== null) {
      const { length, suffix, isWhole } = keptMetrics(path, progress);
      const options = { ...this.#options, length, suffix };
      if (!isWhole) this.#write(METRICS_FILE, () => copyAtomically(path, path, options));
    }
    const best = `${this.#target}/${BEST_CHECKPOINT}`;
    if (lstatIfExists(best) === null) return;
    const { step, validatedStep } = (await readCheckpoint(best)).progress;
    if (step !== validatedStep) this.#write(BEST_CHECKPOINT, () => this.#restoreStashedBest(step));
  }

  /** Replaces `config.json`. */
  writeConfig(runConfig: RunConfig): void {
    runConfig = checkRunConfig(runConfig, "Cannot write a run's configuration");
    const path = `${this.#target}/${CONFIG_FILE}`;
    this.#write(
      CONFIG_FILE,
      () => writeTextAtomically(path, formatJson(runConfig), this.#options),
    );
  }

  /** Appends a line to `metrics.jsonl`, or replaces its last one if that is of the same step. */
  appendMetrics(metrics: TrainingMetrics): void {
    metrics = checkArguments(metrics, { schema: metricsSchema, context: "Cannot append metrics" });
    const path = `${this.#target}/${METRICS_FILE}`;
    this.#write(METRICS_FILE, () => {
      // A hard link shares its contents with another file, which stays as it is.
      if ((lstatIfExists(path)?.nlink ?? 1) > 1) copyAtomically(path, path, this.#options);
      return appendMetrics(path, metrics);
    });
  }

  /** Replaces the latest or the best checkpoint. */
  async save(checkpoint: Checkpoint, kind: "latest" | "best"): Promise<void> {
    const context = "Cannot save a checkpoint";
    checkCheckpoint(checkpoint, context);
    if (kind !== "latest" && kind !== "best") {
      throw wrongRange({ context, name: "kind", expected: "latest or best", value: kind });
    }
    const name = kind === "best" ? BEST_CHECKPOINT : LATEST_CHECKPOINT;
    const { step, validatedStep } = checkpoint.progress;
    this.#write(name, () => {
      if (kind === "best" && step !== validatedStep) this.#stashBest();
      // The checkpoint holds the step up to which metrics are logged, so these must be on the disk
      // first.
      if (kind === "latest") syncIfExists(`${this.#target}/${METRICS_FILE}`);
    });
    const path = `${this.#target}/${name}`;
    const { temporary } = this.#options;
    let written: FileInfo | undefined;
    const beforeRename = () => {
      // Writing took its time, in which something else may have been put there.
      if (!this.#lock.isHeld()) throw new Error(this.#lock.describeLoss());
      this.#checkOwned(name);
      written = lstat(temporary);
    };
    try {
      await writeCheckpointFile(path, checkpoint, { temporary, beforeRename });
    } catch (error) {
      // It may have its name already, and only not be safe from a crash of the system.
      if (isSameInode(written ?? null, lstatIfExists(path))) this.#setSaved(name, step, written!);
      // Throws a clearer error if the folder was removed.
      this.#write(name, () => {});
      // A full disk while training is not wrong input of the caller.
      if (error instanceof InputError) throw new Error(error.message, { cause: error });
      throw new Error(`Cannot write ${quotePath(path)}: ${osErrorReason(error)}`, { cause: error });
    }
    this.#setSaved(name, step, written!);
    if (kind === "latest" && this.#target !== this.path) {
      this.#write(name, () => {
        finishReplacements(this.path);
        this.#target = this.path;
      });
    }
  }

  /**
   * Whether the latest checkpoint is the one that was saved or read last; something else may have
   * removed or replaced it.
   */
  get hasCheckpoint(): boolean {
    const known = this.#known.get(LATEST_CHECKPOINT) ?? null;
    // A replacement that could not be moved into its place is moved by the next process.
    return [this.path, this.#target, movingFolderOf(this.#target)].some((folder) =>
      isUnchanged(known, lstatIfExists(`${folder}/${LATEST_CHECKPOINT}`))
    );
  }

  /** The step of the latest checkpoint that was saved or read; `null` if there was none. */
  get latestStep(): number | null {
    return this.#latestStep;
  }

  /**
   * Releases the run lock. A replacement that has no checkpoint is removed. May be called more than
   * once.
   */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      if (this.#target !== this.path && this.#lock.isHeld()) finishReplacements(this.path);
    } finally {
      this.#lock[Symbol.dispose]();
    }
  }

  async #readLatest(): Promise<Checkpoint | null> {
    if (lstatIfExists(`${this.path}/${LATEST_CHECKPOINT}`) === null) return null;
    const checkpoint = await readCheckpoint(this.path, { which: "latest" });
    const { progress } = checkpoint;
    this.#latestStep = progress.step;
    const path = `${this.path}/${METRICS_FILE}`;
    const { lastStep } = lstatIfExists(path) === null
      ? { lastStep: null }
      : keptMetrics(path, progress);
    // A full disk may have kept the line of this very step from being written: it is logged again.
    const isLineLost = progress.loggedStep === progress.step && lastStep !== progress.step;
    if (!isLineLost) return checkpoint;
    return { ...checkpoint, progress: { ...progress, loggedStep: lastStep } };
  }

  /** The temporary file of this process, which a later one finds if this one is killed. */
  get #options() {
    return { temporary: `${this.#target}/${temporaryName(this.#lock.token)}` };
  }

  /**
   * Copies the best checkpoint, before one that only the end of the run validated takes its name. A
   * resumed run takes it back with {@linkcode RunFolder.truncateTo}.
   */
  #stashBest(): void {
    if (lstatIfExists(`${this.#target}/${BEST_CHECKPOINT}`) === null) return;
    this.#checkOwned(STASHED_BEST);
    const [from, to] = [BEST_CHECKPOINT, STASHED_BEST].map((name) => `${this.#target}/${name}`);
    copyAtomically(from!, to!, this.#options);
    this.#setKnown(STASHED_BEST);
  }

  /**
   * Renames the best checkpoint, which only the end of the run validated, and gives its name back to
   * the one that was stashed, if there is one.
   *
   * @param step The step of the checkpoint to rename.
   */
  #restoreStashedBest(step: number): void {
    const pathOf = (name: string) => `${this.#target}/${name}`;
    this.#checkOwned(bestAtStep(step));
    rename(pathOf(BEST_CHECKPOINT), pathOf(bestAtStep(step)));
    this.#checkOwned(STASHED_BEST);
    if (lstatIfExists(pathOf(STASHED_BEST)) !== null) {
      rename(pathOf(STASHED_BEST), pathOf(BEST_CHECKPOINT));
    }
  }

  /** Checks that a name is free, or that of a file of the run, before it is written or moved. */
  #checkOwned(name: string): void {
    const info = lstatIfExists(`${this.#target}/${name}`);
    if (!isUnchanged(this.#known.get(name) ?? null, info)) checkOwned(this.#target, name);
  }

  /** Not what has the name now: something else may have been put there since. */
  #setSaved(name: string, step: number, written: FileInfo): void {
    this.#known.set(name, written);
    if (name === LATEST_CHECKPOINT) this.#latestStep = step;
  }

  #setKnown(name: string): void {
    const info = lstatIfExists(`${this.#target}/${name}`);
    if (info === null) this.#known.delete(name);
    else this.#known.set(name, info);
  }

  /**
   * Changes a file of the folder, and explains a failure.
   *
   * @param change Returns information about what it wrote, if it can.
   */
  #write(name: string, change: () => FileInfo | void): void {
    if (this.#isClosed) {
      const path = quotePath(`${this.#target}/${name}`);
      throw new Error(`Cannot write ${path}: the run folder was disposed of`);
    }
    let reason = "";
    try {
      if (this.#lock.isHeld()) {
        this.#checkOwned(name);
        const written = change();
        if (written) this.#known.set(name, written);
        else this.#setKnown(name);
        return;
      }
    } catch (error) {
      reason = osErrorReason(error);
    }
    // Checked again, because the folder may have been removed in between.
    if (!this.#lock.isHeld()) reason = this.#lock.describeLoss();
    throw new Error(`Cannot write ${quotePath(`${this.#target}/${name}`)}: ${reason}`);
  }
}

const metric = v.number("must be a number");

const metricsSchema = optionsSchema({}, {
  step: wholeNumber(0),
  epoch: metric,
  chars: metric,
  loss: metric,
  batchLoss: v.nullable(metric),
  validationLoss: v.nullable(metric),
  lr: metric,
  charsPerSecond: metric,
  threads: wholeNumber(1),
  elapsedSeconds: metric,
});

/** Checks the arguments of the functions that create a folder. */
function checkCreation(path: string, runConfig: RunConfig): RunConfig {
  const context = "Cannot create a run folder";
  checkFolderPath(path, { context, name: "path", option: "path" });
  return checkRunConfig(runConfig, context);
}

/** What numbers are appended to for a folder beside that of a path, not inside of it. */
function stemOf(path: string): string {
  const stem = path.replace(/(?<=[^/\\])[/\\]+$/, "");
  return /(^|[/\\])\.{1,2}$/.test(stem) ? whileCreating(path, () => realPath(stem)) : stem;
}

/**
 * Creates a folder if need be, locks it, removes what a killed process left behind, and runs an
 * action. The lock is released, and a folder that was created removed, unless the action returns a
 * run folder.
 */
function withLock<T extends RunFolder | null>(path: string, action: (lock: RunLock) => T): T {
  const created = createFolder(path);
  let lock: RunLock | undefined;
  let result: T | null = null;
  try {
    lock = RunLock.acquire(path);
    if (lock.staleToken !== null) removeIfFile(`${path}/${temporaryName(lock.staleToken)}`);
    if (isRunFolder(path)) finishReplacements(path);
    if (lock.staleToken !== null) lock.sign();
    return result = action(lock);
  } finally {
    if (result === null) {
      lock?.[Symbol.dispose]();
      created.forEach(removeIfEmpty);
    }
  }
}

/** Creates a folder with its parents; the paths that were created, the innermost first. */
function createFolder(path: string): string[] {
  const created: string[] = [];
  for (
    let folder = path.replace(/[/\\]+$/, "");
    folder !== "" && statIfExists(folder) === null;
    folder = folder.replace(/[/\\]*[^/\\]*$/, "")
  ) created.push(folder);
  makeFolders(path);
  return created;
}

function removeIfEmpty(folder: string): void {
  try {
    remove(folder);
  } catch {
    // Something else was created in it meanwhile.
  }
}

function removeIfFile(path: string): void {
  if (lstatIfExists(path)?.isFile) remove(path);
}

/** Writes what the operating system has buffered of a file to the disk (fsync). */
function syncIfExists(path: string): void {
  if (!lstatIfExists(path)?.isFile) return;
  using file = OpenFile.open(path, { access: "append" });
  file.sync();
}

/** Whether no run can be created in a folder, because of a run or of files that are no run's. */
function isTaken(path: string): boolean {
  try {
    checkLock(path);
    return readRunConfig(path) !== null;
  } catch (error) {
    if (error instanceof InputError) return true;
    throw error;
  }
}

/**
 * The configuration of the run in a folder; `null` if there is none.
 *
 * @throws {InputError} if something in the folder has the name of a run's file, but is not one.
 */
function readReplaceable(path: string): RunConfig | null {
  const runConfig = readRunConfig(path);
  if (runConfig !== null) checkAllOwned(path, runFileNamesIn(path));
  return runConfig;
}

/**
 * Checks that a run that replaces the one in a folder would not replace its texts.
 *
 * @throws {InputError} if a text is a file of the run there, or the folder cannot be read.
 */
export function checkTextsStay(path: string, texts: readonly string[]): void {
  whileCreating(path, () => runFileNamesIn(path));
  checkTextIsNoRunFile(path, texts);
}

function whileCreating<T>(path: string, action: () => T): T {
  const context = `Cannot create the run folder ${quotePath(path)}`;
  const explanation = { context, advice: "use a folder that can be created", option: "path" };
  return explainFailure(explanation, () => {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const advice = "nothing in the folder was changed; use another folder";
      const message = `Cannot create a run in ${quotePath(path)}: ${error.message}; ${advice}`;
      throw new InputError(message, { option: "path", cause: error });
    }
  });
}

/** What an error of {@linkcode explainFailure} says beside the reason. */
interface Explanation {
  readonly context: string;
  readonly advice: string;
  /** The property of the caller's options that is wrong, if it is one. */
  readonly option?: string;
}

/** Runs an action; of its failure makes an error with the context, the reason and advice. */
function explainFailure<T>({ context, advice, ...options }: Explanation, action: () => T): T {
  try {
    return action();
  } catch (error) {
    // These are explained already.
    if (error instanceof RunLockedError || error instanceof InputError) throw error;
    const message = `${context}: ${osErrorReason(error)}; ${advice}`;
    throw new InputError(message, { ...options, cause: error });
  }
}

function formatJson(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}
