/** Replacing files atomically: a reader finds the old contents or the new ones, complete. */

/** Options of {@linkcode writeAtomically}. */
export interface AtomicWriteOptions {
  /**
   * The path of the temporary file, in the same folder; nothing may exist there. Default: the
   * file's path with a random ending.
   */
  readonly temporary?: string;
  /** The permissions of the file, as far as the process's umask allows. Default: 0o666. */
  readonly mode?: number;
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
  const { temporary = temporaryPath(path), mode = 0o666 } = options;
  {
    // Fails if anything exists at the path, a link included.
    using file = await Deno.open(temporary, { write: true, createNew: true, mode });
    try {
      let rest = bytes;
      while (rest.length > 0) rest = rest.subarray(await file.write(rest));
      // Without fsync, a crash of the system could leave the new name with no contents.
      await file.sync();
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
  }
  renameOrRemove(temporary, path);
  syncFolderOf(path);
}

/** As {@linkcode writeAtomically}, for a short text, without waiting. */
export function writeTextAtomically(
  path: string,
  text: string,
  options: AtomicWriteOptions = {},
): void {
  const { temporary = temporaryPath(path), mode = 0o666 } = options;
  {
    using file = Deno.openSync(temporary, { write: true, createNew: true, mode });
    try {
      writeAllSync(file, new TextEncoder().encode(text));
      file.syncSync();
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
  }
  renameOrRemove(temporary, path);
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
  { temporary = temporaryPath(to), length = Infinity, suffix = "" }: AtomicCopyOptions = {},
): void {
  {
    using source = Deno.openSync(from);
    using file = Deno.openSync(temporary, { write: true, createNew: true });
    try {
      const buffer = new Uint8Array(1 << 16);
      for (let rest = length; rest > 0;) {
        const count = source.readSync(buffer.subarray(0, Math.min(rest, buffer.length)));
        if (count === null) break;
        writeAllSync(file, buffer.subarray(0, count));
        rest -= count;
      }
      writeAllSync(file, new TextEncoder().encode(suffix));
      file.syncSync();
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
  }
  renameOrRemove(temporary, to);
}

/** Writes all bytes at the position of a file. */
export function writeAllSync(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
}

/** Makes the renames in a file's folder durable, where a folder can be opened; not on Windows. */
export function syncFolderOf(path: string): void {
  const name = Deno.build.os === "windows" ? /[^/\\]*$/ : /[^/]*$/;
  let folder: Deno.FsFile;
  try {
    folder = Deno.openSync(path.replace(name, "") || ".");
  } catch {
    return;
  }
  using _closed = folder;
  folder.syncSync();
}

function temporaryPath(path: string): string {
  return `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
}

function renameOrRemove(temporary: string, path: string): void {
  try {
    Deno.renameSync(temporary, path);
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
}

/** Removes a file that this process created, if that is possible; the first error is thrown. */
function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It is left behind.
  }
}
