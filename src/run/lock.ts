import process from "node:process";
import { isSameInode, lstatIfExists } from "../files/file_identity.ts";
import { isAlreadyThere, isNotFound, remove } from "../files/fs.ts";
import { type LockFile, openLockFile } from "../files/lock_file.ts";
import { quotePath } from "../json.ts";
import { checkLock, LOCK_MARK } from "./ownership.ts";
import { createToken, LOCK_FILE } from "./run_files.ts";

/** Another process writes into the run folder. */
export class RunLockedError extends Error {
  /** `RunLockedError`, as in logs. */
  override readonly name: string = "RunLockedError";
}

/** What a lock file contains. */
const contents = /^unroll run lock\nprocess +(\d+)\ntoken ([0-9a-f]{16})\n/;

/**
 * The run lock: only the process that holds it writes into a run folder.
 *
 * It is a lock on the file `.unroll-lock` in the folder, which ends with the process, however that
 * ends; see {@linkcode LockFile}. The file contains the id of the process that holds it, and the
 * token in the names of its temporary files. If the process is killed, the next one finds there
 * which temporary files it left.
 */
export class RunLock implements Disposable {
  /** The token in the names of this process's temporary files. */
  readonly token: string = createToken();
  /** The token of a process that was killed while it held the lock; `null` if there is none. */
  readonly staleToken: string | null;
  readonly #path: string;
  readonly #file: LockFile;

  private constructor(path: string, file: LockFile) {
    this.#path = path;
    this.#file = file;
    this.staleToken = readContents(file)?.token ?? null;
    // With nothing to remove first, other processes find the holder's id as soon as possible.
    if (this.staleToken === null) this.sign();
  }

  /**
   * Acquires the lock of a folder. If there is a stale token, {@linkcode RunLock.sign} must follow.
   *
   * @throws {RunLockedError} if it is held already.
   * @throws {InputError} if something that is no lock of this program has its name; it stays.
   */
  static acquire(folder: string): RunLock {
    const path = `${folder}/${LOCK_FILE}`;
    while (true) {
      checkLock(folder);
      const found = lstatIfExists(path);
      const file = openUnlessChanged(path, found !== null);
      if (file === null) continue;
      try {
        const isSame = found === null || isSameInode(found, file.stat());
        if (isSame && !file.tryLock(readContents(file)?.id ?? null)) {
          throw lockedError(folder, file);
        }
        // The last holder may have removed the file between opening and locking it here.
        if (isSame && isFileAt(path, file)) return new RunLock(path, file);
      } catch (error) {
        file[Symbol.dispose]();
        throw error;
      }
      file[Symbol.dispose]();
    }
  }

  /**
   * Writes the id of this process and its token into the lock, after the files of the stale token
   * were removed.
   */
  sign(): void {
    // Of constant length, so that a lock that was left behind is overwritten even on a full disk.
    const text = `${LOCK_MARK}process ${String(process.pid).padStart(10)}\ntoken ${this.token}\n`;
    try {
      this.#file.rewrite(new TextEncoder().encode(text));
    } catch {
      // On a full disk the lock holds all the same, only without the id for error messages.
    }
  }

  /** Whether the folder still exists, with this lock in it, and no other process has taken it. */
  isHeld(): boolean {
    return isFileAt(this.#path, this.#file) && !this.#isTaken();
  }

  /** Why the lock is no longer held, for an error. */
  describeLoss(): string {
    return isFileAt(this.#path, this.#file)
      ? "another process began to train into the run folder"
      : "the run folder was removed or replaced while training";
  }

  #isTaken(): boolean {
    if (!this.#file.canBeTaken) return false;
    const token = readContents(this.#file)?.token ?? null;
    // The stale token is still there if the disk was too full to sign the lock.
    return token !== null && token !== this.token && token !== this.staleToken;
  }

  /** Releases the lock and removes its file. */
  [Symbol.dispose](): void {
    try {
      if (this.isHeld()) remove(this.#path);
    } catch {
      // A file that is left behind locks nothing.
    } finally {
      this.#file[Symbol.dispose]();
    }
  }
}

/** Opens the lock, or creates it; `null` if another process created or removed it meanwhile. */
function openUnlessChanged(path: string, exists: boolean): LockFile | null {
  try {
    // createNew follows no link.
    return openLockFile(path, { createNew: !exists });
  } catch (error) {
    if (exists ? isNotFound(error) : isAlreadyThere(error)) return null;
    throw error;
  }
}

/** Whether an open file has this path, without links. */
function isFileAt(path: string, file: LockFile): boolean {
  return isSameInode(lstatIfExists(path), file.stat());
}

/** The contents of a lock; `null` if they are incomplete. */
function readContents(file: LockFile): { readonly id: number; readonly token: string } | null {
  const text = new TextDecoder().decode(file.readStart(100));
  const [, id, token] = contents.exec(text) ?? [];
  return id === undefined || token === undefined ? null : { id: Number(id), token };
}

function lockedError(folder: string, file: LockFile): RunLockedError {
  const found = readContents(file);
  const holder = found === null ? "another process" : `process ${found.id}`;
  return new RunLockedError(
    `Cannot write into the run folder ${quotePath(folder)}: ${holder} is training into it; wait ` +
      `for it, end it, or use another folder`,
  );
}
