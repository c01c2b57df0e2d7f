/** Replacing files atomically: a reader finds the old contents or the new ones, complete. */

import process from "node:process";
import { OpenFile, remove, rename } from "./fs.ts";

/** Options of {@linkcode writeAtomically}. */
export interface AtomicWriteOptions {
  /**
   * The path of the temporary file, in the same folder; nothing may exist there. Default: the
   * file's path with a random ending.
   */
  readonly temporary?: string;
  /** The permissions of the file, as far as the process's umask allows. Default: 0o666. */
  readonly mode?: number;
  /**
   * Called when the contents are on the disk, right before the old file is replaced; what it throws
   * leaves that as it is.
   */
  readonly beforeRename?: () => void;
}

/**
 * Creates or replaces a file; needs `--allow-read` and `--allow-write`.
 *
 * At any moment, even if the process or the machine stops, the path holds the old file or the new
 * one, complete: the contents are written to a temporary file, fsynced and renamed. A link at the
 * path is replaced, not followed.
 *
 * @throws The error of the operating system; the old file is then unchanged.
 */
export async function writeAtomically(
  path: string,
  bytes: Uint8Array,
  options: AtomicWriteOptions = {},
): Promise<void> {
  const { temporary = temporaryPath(path), mode = 0o666, beforeRename } = options;
  {
    // Fails if anything exists at the path, a link included.
    using file = OpenFile.open(temporary, { access: "write", createNew: true, mode });
    try {
      await file.writeAsync(bytes);
      // Without fsync, a crash of the system could leave the new name with no contents.
      await file.syncAsync();
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
  }
  renameOrRemove(temporary, path, beforeRename);
  syncFolderOf(path);
}

/** As {@linkcode writeAtomically}, for a short text, without waiting. */
export function writeTextAtomically(
  path: string,
  text: string,
  options: AtomicWriteOptions = {},
): void {
  const { temporary = temporaryPath(path), mode = 0o666, beforeRename } = options;
  {
    using file = OpenFile.open(temporary, { access: "write", createNew: true, mode });
    try {
      file.write(new TextEncoder().encode(text));
      file.sync();
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
  }
  renameOrRemove(temporary, path, beforeRename);
}

/** Options of {@linkcode copyAtomically}. */
export interface AtomicCopyOptions extends AtomicWriteOptions {
  /** How many bytes are copied at most. Default: all. */
  readonly length?: number;
  /** What follows them. Default: nothing. */
  readonly suffix?: string;
}

/** As {@linkcode writeAtomically}, with the contents of another file, or of the same one. */
export function copyAtomically(
  from: string,
  to: string,
  { temporary = temporaryPath(to), length = Infinity, suffix = "", beforeRename }:
    AtomicCopyOptions = {},
): void {
  {
    using source = OpenFile.open(from);
    using file = OpenFile.open(temporary, { access: "write", createNew: true });
    try {
      const buffer = new Uint8Array(1 << 16);
      for (let rest = length; rest > 0;) {
        const count = source.read(buffer.subarray(0, Math.min(rest, buffer.length)));
        if (count === 0) break;
        file.write(buffer.subarray(0, count));
        rest -= count;
      }
      file.write(new TextEncoder().encode(suffix));
      file.sync();
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
  }
  renameOrRemove(temporary, to, beforeRename);
}

/** Makes the renames in a file's folder durable, where a folder can be opened; not on Windows. */
export function syncFolderOf(path: string): void {
  const name = process.platform === "win32" ? /[^/\\]*$/ : /[^/]*$/;
  let folder: OpenFile;
  try {
    folder = OpenFile.open(path.replace(name, "") || ".");
  } catch {
    return;
  }
  using _closed = folder;
  folder.sync();
}

function temporaryPath(path: string): string {
  return `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
}

function renameOrRemove(temporary: string, path: string, beforeRename?: () => void): void {
  try {
    beforeRename?.();
    rename(temporary, path);
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
}

/** Removes a file that this process created, if that is possible; the first error is thrown. */
function removeQuietly(path: string): void {
  try {
    remove(path);
  } catch {
    // It is left behind.
  }
}
