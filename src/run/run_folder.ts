import { InputError } from "../errors.ts";
import type { Checkpoint, Progress } from "../checkpoint/checkpoint.ts";
import {
  BEST_CHECKPOINT,
  LATEST_CHECKPOINT,
  readCheckpoint,
  writeCheckpoint,
} from "../checkpoint/file.ts";
import { quote } from "../json.ts";
import { InUseError, RunLock } from "./lock.ts";
import { appendMetrics, metricsUntil } from "./metrics.ts";
import {
  CONFIG,
  finishReplacement,
  holdsRun,
  isFolder,
  isThere,
  makeReplacement,
  METRICS,
  readIfThere,
  removeTemporaries,
  replaceText,
  restoreStashedBest,
  stashBest,
  syncIfThere,
} from "./run_files.ts";
import { parseRunConfig, type RunConfig } from "./run_config.ts";
import { osErrorReason } from "../os_errors.ts";
import type { TrainingMetrics } from "../train/metrics.ts";

/**
 * The folder of one run: `config.json`, `metrics.jsonl` (a line a report), `checkpoint.safetensors`
 * (the latest) and `best.safetensors` (the best by validation loss).
 *
 * As long as an object of this class is not closed, and the process lives, no other one can write
 * into the folder. What goes wrong with its files later is thrown as a plain error of one line: it
 * is not the caller's mistake. What was saved before is still there then.
 */
export class RunFolder {
  /** The folder's path. */
  readonly path: string;
  readonly #lock: RunLock;
  /** Where the files are written: the folder, or one in it until the first checkpoint. */
  #place: string;
  #isClosed = false;

  private constructor(path: string, lock: RunLock, place = path) {
    this.path = path;
    this.#lock = lock;
    this.#place = place;
  }

  /**
   * The first of `path`, `path-2`, `path-3`, … that holds no run; nothing is made yet.
   * @throws {InputError} when `path` cannot be a folder.
   */
  static free(path: string): string {
    return making(path, () => candidates(path).find((candidate) => !holdsRun(candidate))!);
  }

  /**
   * Makes the folder, and writes `config.json`.
   *
   * @param config What is written there.
   * @throws {InputError} when there is a run in it already, or it cannot be made.
   * @throws {InUseError} when another process is training into it.
   */
  static create(path: string, config: unknown): RunFolder {
    const folder = RunFolder.#begin(path, config);
    if (folder !== null) return folder;
    throw new InputError(
      `Cannot train into ${
        quote(path)
      }: it already holds a run; go on with it by --resume, begin ` +
        `anew in its place by --force, or name another folder with --out`,
    );
  }

  /**
   * As {@linkcode RunFolder.create}, in the first of `path`, `path-2`, `path-3`, … that holds no
   * run, even when other runs begin at the same moment.
   * @throws {InputError} when it cannot be made.
   */
  static createFree(path: string, config: unknown): RunFolder {
    for (const candidate of candidates(path)) {
      if (making(candidate, () => holdsRun(candidate))) continue;
      try {
        const folder = RunFolder.#begin(candidate, config);
        if (folder !== null) return folder;
      } catch (error) {
        if (!(error instanceof InUseError)) throw error;
      }
    }
    throw new Error("unreachable: there is always another number");
  }

  /**
   * As {@linkcode RunFolder.create}, in the place of the run that the folder holds, if it does. That
   * one is gone when the new one has its first checkpoint, and not before.
   * @throws {InputError} when it cannot be made.
   * @throws {InUseError} when another process is training into it.
   */
  static replace(path: string, config: unknown): RunFolder {
    return making(path, () =>
      locked(path, (lock) => {
        const place = holdsRun(path) ? makeReplacement(path) : path;
        replaceText(`${place}/${CONFIG}`, json(config));
        return new RunFolder(path, lock, place);
      }));
  }

  /**
   * Takes up a run again; changes nothing of it yet.
   *
   * @throws {InputError} when there is no run, or a file of it is damaged.
   * @throws {InUseError} when another process is training into it.
   */
  static async open(path: string): Promise<OpenRun> {
    const doing = `Cannot resume ${quote(path)}`;
    const folder = attempt(doing, "it must be the folder of a run, and be writable", () => {
      if (!isFolder(path)) throw new Error("it is no folder");
      return locked(path, (lock) => new RunFolder(path, lock));
    });
    try {
      const record = readIfThere(`${path}/${CONFIG}`);
      if (record === null) {
        throw new InputError(`${doing}: it has no ${CONFIG}; it must be the folder of a run`);
      }
      return {
        folder,
        record: parseRunConfig(record, `${path}/${CONFIG}`),
        checkpoint: await folder.#checkpoint(),
      };
    } catch (error) {
      folder.close();
      throw error;
    }
  }

  static #begin(path: string, config: unknown): RunFolder | null {
    return making(path, () =>
      locked(path, (lock) => {
        if (holdsRun(path)) return null;
        replaceText(`${path}/${CONFIG}`, json(config));
        return new RunFolder(path, lock);
      }));
  }

  /**
   * Leaves of metrics and best what the run had at a checkpoint that it goes on from: its later
   * reports are cut off, and the best that only the end of the run measured steps aside.
   */
  async truncateTo(progress: Progress): Promise<void> {
    const path = `${this.#place}/${METRICS}`;
    const text = readIfThere(path);
    if (text !== null) {
      const { kept } = metricsUntil(text, progress);
      if (kept !== text) this.#write(METRICS, () => replaceText(path, kept));
    }
    const best = `${this.#place}/${BEST_CHECKPOINT}`;
    if (!isThere(best)) return;
    const { step, validatedStep } = (await readCheckpoint(best)).progress;
    if (step !== validatedStep) {
      this.#write(BEST_CHECKPOINT, () => restoreStashedBest(this.#place, step));
    }
  }

  /** Replaces `config.json`. */
  writeConfig(config: unknown): void {
    this.#write(CONFIG, () => replaceText(`${this.#place}/${CONFIG}`, json(config)));
  }

  /** Appends a line to `metrics.jsonl`. */
  appendMetrics(report: TrainingMetrics): void {
    this.#write(METRICS, () => appendMetrics(`${this.#place}/${METRICS}`, report));
  }

  /** Replaces the latest or the best checkpoint. */
  async save(checkpoint: Checkpoint, kind: "latest" | "best"): Promise<void> {
    const name = kind === "best" ? BEST_CHECKPOINT : LATEST_CHECKPOINT;
    const { step, validatedStep } = checkpoint.progress;
    this.#write(name, () => {
      if (kind === "best" && step !== validatedStep) stashBest(this.#place);
      if (kind === "latest") syncIfThere(`${this.#place}/${METRICS}`);
    });
    try {
      await writeCheckpoint(`${this.#place}/${name}`, checkpoint);
    } catch (error) {
      this.#write(name, () => {}); // Says so if it was the folder that went.
      throw error instanceof InputError ? new Error(error.message, { cause: error }) : error;
    }
    if (kind === "latest" && this.#place !== this.path) {
      this.#write(name, () => finishReplacement(this.path));
      this.#place = this.path;
    }
  }

  /** Lets others write into the folder; may be called again. A replacement without a checkpoint is dropped. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      if (this.#place !== this.path && this.#lock.isHeld()) finishReplacement(this.path);
    } finally {
      this.#lock.release();
    }
  }

  /** As {@linkcode close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Whether the latest checkpoint is still where it was written: others can move or remove it. */
  get hasCheckpoint(): boolean {
    return isThere(`${this.#place}/${LATEST_CHECKPOINT}`);
  }

  /** The latest checkpoint; `null` when the run was killed before its first. */
  async #checkpoint(): Promise<Checkpoint | null> {
    if (!isThere(`${this.path}/${LATEST_CHECKPOINT}`)) return null;
    const checkpoint = await readCheckpoint(this.path);
    const { progress } = checkpoint;
    const { lastStep } = metricsUntil(readIfThere(`${this.path}/${METRICS}`) ?? "", progress);
    // A report that the full disk did not take is made again, if that can still be done.
    const reportIsLost = progress.loggedStep === progress.step && lastStep !== progress.step;
    if (!reportIsLost) return checkpoint;
    return { ...checkpoint, progress: { ...progress, loggedStep: lastStep } };
  }

  /** Does something to one of the files, and says what failed. */
  #write(name: string, action: () => void): void {
    const doing = `Cannot write ${quote(`${this.#place}/${name}`)}`;
    let wrong = "";
    try {
      if (this.#lock.isHeld()) return action();
    } catch (error) {
      wrong = osErrorReason(error);
    }
    // Asked again, because the folder may go at any moment.
    if (!this.#lock.isHeld()) wrong = "the run folder was removed or replaced while training";
    throw new Error(`${doing}: ${wrong}`);
  }
}

/** A run that was taken up again; see {@linkcode RunFolder.open}. */
export interface OpenRun {
  /** Its folder, locked. */
  readonly folder: RunFolder;
  /** Its `config.json`. */
  readonly record: RunConfig;
  /** Its latest checkpoint; `null` when it has none yet. */
  readonly checkpoint: Checkpoint | null;
}

/** `path`, `path-2`, `path-3`, … */
function* candidates(path: string): Generator<string, undefined> {
  for (let n = 1;; n++) yield n === 1 ? path : `${path}-${n}`;
}

/**
 * Makes the folder if need be, locks it, tidies what a killed process left, and does something; the
 * lock is kept only for a run folder.
 */
function locked<T extends RunFolder | null>(path: string, action: (lock: RunLock) => T): T {
  Deno.mkdirSync(path, { recursive: true });
  const lock = RunLock.take(path);
  let result: T | null = null;
  try {
    finishReplacement(path);
    removeTemporaries(path);
    return result = action(lock);
  } finally {
    if (result === null) lock.release();
  }
}

function making<T>(path: string, action: () => T): T {
  const doing = `Cannot make the run folder ${quote(path)}`;
  return attempt(doing, "name a folder that can be made with --out", action);
}

/** Does something, and says what failed and what would be right. */
function attempt<T>(doing: string, right: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof InUseError) throw error;
    throw new InputError(`${doing}: ${osErrorReason(error)}; ${right}`);
  }
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}
