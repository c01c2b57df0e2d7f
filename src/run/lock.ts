import { quotePath } from "../json.ts";
import { writeAll } from "./run_files.ts";

/** The file name of the run lock. */
const LOCK_FILE = "lock";

/** Another process writes into the run folder. */
export class RunLockedError extends Error {
  /** `RunLockedError`, as in logs. */
  override readonly name: string = "RunLockedError";
}

/**
 * The run lock: only the process that holds it writes into a run folder.
 *
 * It is an advisory lock of the operating system on the file `lock` in the folder, so it ends with
 * the process, however that ends. The file contains the id of the process that holds it.
 */
export class RunLock implements Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Acquires the lock of a folder.
   *
   * @throws {RunLockedError} if it is held already.
   */
  static acquire(folder: string): RunLock {
    const path = `${folder}/${LOCK_FILE}`;
    while (true) {
      const file = Deno.openSync(path, { read: true, write: true, create: true });
      try {
        if (!file.tryLockSync(true)) throw new RunLockedError(describeHolder(folder, file));
        // The last holder may have removed the file between opening and locking it here.
        if (isFileAt(path, file)) {
          writeProcessId(file);
          return new RunLock(path, file);
        }
      } catch (error) {
        file.close();
        throw error;
      }
      file.close();
    }
  }

  /** Whether the folder still exists, with this lock in it. */
  isHeld(): boolean {
    return isFileAt(this.#path, this.#file);
  }

  /** Releases the lock and removes its file. */
  [Symbol.dispose](): void {
    try {
      if (this.isHeld()) Deno.removeSync(this.#path);
    } catch {
      // A file that is left behind locks nothing.
    } finally {
      this.#file.close();
    }
  }
}

/** Whether a path leads to an open file. */
function isFileAt(path: string, file: Deno.FsFile): boolean {
  try {
    const atPath = Deno.statSync(path);
    const open = file.statSync();
    return atPath.ino === open.ino && atPath.dev === open.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function writeProcessId(file: Deno.FsFile): void {
  try {
    file.truncateSync();
    writeAll(file, `${Deno.pid}\n`);
  } catch {
    // On a full disk the lock holds all the same, only without the id for error messages.
  }
}

function describeHolder(folder: string, file: Deno.FsFile): string {
  const bytes = new Uint8Array(20);
  const id = new TextDecoder().decode(bytes.subarray(0, file.readSync(bytes) ?? 0)).trim();
  const holder = /^\d+$/.test(id) ? `process ${id}` : "another process";
  const run = quotePath(folder);
  return `Cannot write into the run folder ${run}: ${holder} is training into it; wait for it, ` +
    `end it, or use another folder`;
}
