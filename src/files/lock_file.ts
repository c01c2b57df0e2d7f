/**
 * Files that one process at a time can lock.
 *
 * Deno has advisory locks of the operating system (flock), which end with the process, however that
 * ends. Node.js and Bun have none: there the id of the process is in the file, and the lock is held
 * as long as a process of that id runs on this machine. Such a lock is weaker: another process takes
 * it if it runs on another machine or in another container, if it runs in Deno, or if both find the
 * lock of a killed process at the same moment. The holder finds then that the file is no longer its
 * own; see {@linkcode LockFile.canBeTaken}.
 */

import process from "node:process";
import { type FileInfo, OpenFile } from "./fs.ts";

/** An open file that can be locked. Closing it releases the lock. */
export interface LockFile extends Disposable {
  /**
   * Whether another process may take the lock and rewrite the file all the same, as the system has
   * no part in it.
   */
  readonly canBeTaken: boolean;
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

/** How a lock file is opened. */
interface Opening {
  /** Create it; it must not exist, and a link is not followed. */
  readonly createNew: boolean;
}

/** A new lock file names no process for a moment; one that is older was left behind. */
const SIGN_MS = 10_000;

/** Device and number of the files that this process holds without a lock of the system. */
const heldHere = new Set<string>();

/**
 * Opens a lock file.
 *
 * @throws The error of the operating system.
 */
export function openLockFile(path: string, opening: Opening): LockFile {
  return globalThis.Deno?.openSync === undefined
    ? lockByProcess(path, opening)
    : lockBySystem(path, opening);
}

/**
 * A lock of the operating system. The file is opened once: a second time, another file could have
 * its path, and Windows lets a locked file be read only where it was opened to lock it.
 */
function lockBySystem(path: string, { createNew }: Opening): LockFile {
  const file = Deno.openSync(path, { read: true, write: true, createNew });
  return {
    canBeTaken: false,
    tryLock: () => file.tryLockSync(true),
    stat() {
      const { dev, ino } = file.statSync();
      return { dev, ino: ino ?? 0 };
    },
    readStart(length) {
      const bytes = new Uint8Array(length);
      file.seekSync(0, Deno.SeekMode.Start);
      return bytes.subarray(0, file.readSync(bytes) ?? 0);
    },
    rewrite(bytes) {
      file.seekSync(0, Deno.SeekMode.Start);
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
      file.truncateSync(bytes.length);
      file.syncSync();
    },
    [Symbol.dispose]: () => file.close(),
  };
}

/** A lock by the process that the file names. */
function lockByProcess(path: string, { createNew }: Opening): LockFile {
  const file = OpenFile.open(path, { access: "write", createNew });
  let key: string | undefined;
  return {
    canBeTaken: true,
    tryLock(holder) {
      const { dev, ino, mtime } = file.stat();
      const isOthers = holder === null
        ? !createNew && Date.now() - mtime.getTime() < SIGN_MS
        : holder !== process.pid && isRunning(holder);
      if (isOthers || heldHere.has(`${dev}:${ino}`)) return false;
      heldHere.add(key = `${dev}:${ino}`);
      return true;
    },
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
      if (key !== undefined) heldHere.delete(key);
      key = undefined;
      file[Symbol.dispose]();
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
