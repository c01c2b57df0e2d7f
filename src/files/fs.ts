/**
 * The file system, by `node:fs`, which Deno, Node.js and Bun have alike: the few operations that the
 * project needs, and open files that close with `using`.
 *
 * Every function throws the error of the operating system, with its code, or Deno's `NotCapable` for
 * a permission that is missing.
 */

import * as fs from "node:fs";
import { promisify } from "node:util";

/** Information about a path or an open file. */
export interface FileInfo {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly isSymlink: boolean;
  readonly isFifo: boolean;
  readonly isCharDevice: boolean;
  /** Length in bytes. */
  readonly size: number;
  /** When the contents changed last. */
  readonly mtime: Date;
  /** The device, and the number of the file on it, which identify the file. */
  readonly dev: number;
  readonly ino: number;
  /** The number of hard links. */
  readonly nlink: number;
  /** Type and permissions. */
  readonly mode: number;
}

function infoOf(stats: fs.Stats): FileInfo {
  return {
    isFile: stats.isFile(),
    isDirectory: stats.isDirectory(),
    isSymlink: stats.isSymbolicLink(),
    isFifo: stats.isFIFO(),
    isCharDevice: stats.isCharacterDevice(),
    size: stats.size,
    mtime: stats.mtime,
    dev: stats.dev,
    ino: stats.ino,
    nlink: stats.nlink,
    mode: stats.mode,
  };
}

/** Information about what a path leads to, its links followed. */
export function stat(path: string): FileInfo {
  return infoOf(fs.statSync(path));
}

/** Information about a path itself, even if it is a link. */
export function lstat(path: string): FileInfo {
  return infoOf(fs.lstatSync(path));
}

/** The names in a folder, in any order. */
export function readFolder(path: string): string[] {
  return fs.readdirSync(path);
}

/** Creates a folder; its parent must exist. */
export function makeFolder(path: string): void {
  fs.mkdirSync(path);
}

/** Creates a folder and its parents, as far as they do not exist. */
export function makeFolders(path: string): void {
  fs.mkdirSync(path, { recursive: true });
}

/** Removes a file, a link or an empty folder. */
export function remove(path: string): void {
  if (lstat(path).isDirectory) fs.rmdirSync(path);
  else fs.unlinkSync(path);
}

/** Renames a file or folder, over an existing file. */
export function rename(from: string, to: string): void {
  fs.renameSync(from, to);
}

/** The absolute path of what a path leads to, without links. */
export function realPath(path: string): string {
  return fs.realpathSync(path);
}

/** What a link contains. */
export function readLink(path: string): string {
  return fs.readlinkSync(path);
}

/** Whether an error says that nothing is at a path. */
export function isNotFound(error: unknown): boolean {
  return hasCode(error, "ENOENT");
}

/** Whether an error says that something is at a path already. */
export function isAlreadyThere(error: unknown): boolean {
  return hasCode(error, "EEXIST");
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** How a file is opened. */
export interface OpenOptions {
  /** Whether it is read only, read and written, or appended to. Default: `read`. */
  readonly access?: "read" | "write" | "append";
  /** Create the file, which must not exist; a link is not followed. Default: false. */
  readonly createNew?: boolean;
  /** The permissions of a new file, as far as the process's umask allows. Default: 0o666. */
  readonly mode?: number;
}

const { O_APPEND = 0, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_WRONLY } = fs.constants;
const accessFlags = { read: O_RDONLY, write: O_RDWR, append: O_WRONLY | O_APPEND } as const;

/**
 * Bytes of a slice, which a disk writes in some milliseconds. Deno reads and writes in its event
 * loop, also where Node.js and Bun use a thread: in one piece, a large checkpoint takes seconds.
 */
const SLICE_BYTES = 1 << 20;

const readAsync = promisify(fs.read);
const writeAsync = promisify(fs.write);
const fsyncAsync = promisify(fs.fsync);

/** An open file with a position that reads and writes move. */
export class OpenFile implements Disposable {
  readonly #fd: number;
  /** `null` if it is appended to. */
  #position: number | null;
  #isClosed = false;

  private constructor(fd: number, position: number | null) {
    this.#fd = fd;
    this.#position = position;
  }

  /** Opens a file, at its start. */
  static open(
    path: string,
    { access = "read", createNew = false, mode = 0o666 }: OpenOptions = {},
  ): OpenFile {
    const flags = accessFlags[access] | (createNew ? O_CREAT | O_EXCL : 0);
    return new OpenFile(fs.openSync(path, flags, mode), access === "append" ? null : 0);
  }

  /** Moves the position. */
  seek(position: number): void {
    this.#position = position;
  }

  /** Reads some bytes into an array, and returns their number; 0 at the end of the file. */
  read(bytes: Uint8Array): number {
    const count = fs.readSync(this.#fd, bytes, 0, bytes.length, this.#position);
    return this.#advance(count);
  }

  /** As {@linkcode OpenFile.read}, of one slice at most, which may block the event loop. */
  async readAsync(bytes: Uint8Array): Promise<number> {
    const length = Math.min(bytes.length, SLICE_BYTES);
    const { bytesRead } = await readAsync(this.#fd, bytes, 0, length, this.#position);
    return this.#advance(bytesRead);
  }

  /** Writes all bytes. */
  write(bytes: Uint8Array): void {
    for (let rest = bytes; rest.length > 0;) {
      const count = fs.writeSync(this.#fd, rest, 0, rest.length, this.#position);
      rest = rest.subarray(this.#advance(count));
    }
  }

  /** As {@linkcode OpenFile.write}, blocking the event loop for one slice at most. */
  async writeAsync(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) {
      const length = Math.min(rest.length, SLICE_BYTES);
      const { bytesWritten } = await writeAsync(this.#fd, rest, 0, length, this.#position);
      rest = rest.subarray(this.#advance(bytesWritten));
    }
  }

  /** Shortens the file, or fills it up with zeros. */
  truncate(length: number): void {
    fs.ftruncateSync(this.#fd, length);
  }

  /** Writes what the operating system has buffered to the disk (fsync). */
  sync(): void {
    fs.fsyncSync(this.#fd);
  }

  /** As {@linkcode OpenFile.sync}, without blocking the event loop. */
  async syncAsync(): Promise<void> {
    await fsyncAsync(this.#fd);
  }

  /** Information about the file. */
  stat(): FileInfo {
    return infoOf(fs.fstatSync(this.#fd));
  }

  /** Closes the file; further calls do nothing. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    fs.closeSync(this.#fd);
  }

  #advance(count: number): number {
    if (this.#position !== null) this.#position += count;
    return count;
  }
}
