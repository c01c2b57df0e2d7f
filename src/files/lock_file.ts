/**
 * Files that one process at a time can lock.
 *
 * Deno has advisory locks of the operating system (flock), which end with the process, however that
 * ends. Node.js and Bun have none: there the id of the process is in the file, and the lock is held
 * as long as a process of that id runs on this machine. Such a lock is weaker:
 *
 * - It does not see processes of another machine or container that share the folder.
 * - A process of Deno does not see that one of Node.js or Bun holds it.
 * - Two processes that find the lock of a killed one at the same moment may both take it.
 */

import process from "node:process";
import { type FileInfo, OpenFile } from "./fs.ts";

/** An open file that can be locked. Closing it releases the lock. */
export interface LockFile extends Disposable {
  /**
   * Locks the file, unless another process has.
   *
   * @param holder The id of the process that the file names; `null` if it names none.
   */
  tryLock(holder: number | null): boolean;
  /** What identifies the file. */
  stat(): Pick<FileInfo, "dev" | "ino">;
  /** The first bytes of the file. */
  readStart(bytes: number): Uint8Array;
  /** Replaces the contents, and writes them to the disk. */
  rewrite(bytes: Uint8Array): void;
}

/** A new lock file names no process for a moment; one that is older was left behind. */
const SIGN_MS = 10_000;

/** Device and number of the files that this process holds without a lock of the system. */
const heldHere = new Set<string>();

/**
 * Opens a lock file.
 *
 * @param createNew Create it; it must not exist, and a link is not followed.
 * @throws The error of the operating system.
 */
export function openLockFile(
  path: string,
  { createNew }: { readonly createNew: boolean },
): LockFile {
  const file = OpenFile.open(path, { access: "write", createNew });
  try {
    const lock = globalThis.Deno?.openSync === undefined
      ? lockByProcess(file, createNew)
      : lockBySystem(path);
    return {
      ...lock,
      stat: () => file.stat(),
      readStart(length) {
        const bytes = new Uint8Array(length);
        file.seek(0);
        return bytes.subarray(0, file.read(bytes));
      },
      rewrite(bytes) {
        file.seek(0);
        file.write(bytes);
        file.truncate(bytes.length);
        file.sync();
      },
      [Symbol.dispose]() {
        lock[Symbol.dispose]();
        file[Symbol.dispose]();
      },
    };
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

type Lock = Pick<LockFile, "tryLock" | typeof Symbol.dispose>;

/** A lock of the operating system. */
function lockBySystem(path: string): Lock {
  const file = Deno.openSync(path, { read: true, write: true });
  return { tryLock: () => file.tryLockSync(true), [Symbol.dispose]: () => file.close() };
}

/** A lock by the process that the file names. */
function lockByProcess(file: OpenFile, isNew: boolean): Lock {
  let key: string | undefined;
  return {
    tryLock(holder) {
      const { dev, ino, mtime } = file.stat();
      const isOthers = holder === null
        ? !isNew && Date.now() - mtime.getTime() < SIGN_MS
        : holder !== process.pid && isRunning(holder);
      if (isOthers || heldHere.has(`${dev}:${ino}`)) return false;
      heldHere.add(key = `${dev}:${ino}`);
      return true;
    },
    [Symbol.dispose]() {
      if (key !== undefined) heldHere.delete(key);
    },
  };
}

/** Whether a process of this id runs. */
function isRunning(id: number): boolean {
  try {
    // Signal 0 is not sent; the call only checks that it could be.
    process.kill(id, 0);
    return true;
  } catch (error) {
    // A process of another user cannot be signaled, but runs.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
