import { InputError, TextError } from "../errors.ts";

/** The first words of an error about reading this file, always on one line. */
export function reading(path: string): string {
  return `Cannot read the text ${JSON.stringify(path)}`;
}

/** Where the bytes of a text are. */
export interface ByteSource extends Disposable {
  /**
   * The bytes from `offset` on, `length` of them; valid until the next call.
   *
   * @param offset With `length`, a stretch that lies within the text.
   */
  at(offset: number, length: number): Uint8Array;
}

/**
 * An open file that must stay as it is until it is closed: every reading looks whether it did.
 *
 * A file that is moved or deleted, or replaced by another of its name, stays readable for whoever
 * has it open; where the system does not grant that, reading it fails.
 */
export class TextFile implements ByteSource {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #opened: Deno.FileInfo;
  #closed = false;
  #buffer = new Uint8Array(0);

  private constructor(path: string, file: Deno.FsFile, opened: Deno.FileInfo) {
    this.#path = path;
    this.#file = file;
    this.#opened = opened;
  }

  /**
   * Opens a file for reading.
   *
   * @throws {InputError} when the path is no regular file's, or the file may not be read.
   */
  static async open(path: string): Promise<TextFile> {
    try {
      // Asked before it is opened: opening a named pipe would wait for a writer.
      const { isFile, isDirectory } = await Deno.stat(path);
      if (!isFile) {
        const found = isDirectory ? "a directory" : "a device, pipe or socket";
        throw new InputError(`${reading(path)}: it is ${found}; it must be a regular file`);
      }
      const file = await Deno.open(path);
      return new TextFile(path, file, file.statSync());
    } catch (error) {
      throw explain(path, error);
    }
  }

  /** Length in bytes. */
  get size(): number {
    return this.#opened.size;
  }

  /**
   * Reads all of it once, from start to end, in pieces of at most `length` bytes.
   *
   * @returns The pieces; each is valid until the next is asked for.
   * @throws {TextError} when the file changes meanwhile, or the system cannot read it.
   */
  async *pieces(length: number): AsyncGenerator<Uint8Array> {
    const buffer = new Uint8Array(length);
    let bytes = 0;
    while (true) {
      const count = await this.#file.read(buffer).catch((error) => this.#fail(error));
      if (count === null) break;
      bytes += count;
      // One that grows all the time would never end.
      if (bytes > this.size) break;
      yield buffer.subarray(0, count);
    }
    this.#checkUnchanged(bytes);
  }

  /**
   * @throws {TextError} when the file has changed since it was opened, or the system cannot read it.
   * @throws {Error} when the file was closed.
   */
  at(offset: number, length: number): Uint8Array {
    if (this.#closed) throw new Error(`${reading(this.#path)}: it was closed`);
    if (this.#buffer.length < length) this.#buffer = new Uint8Array(length);
    const bytes = this.#buffer.subarray(0, length);
    let filled = 0;
    try {
      this.#file.seekSync(offset, Deno.SeekMode.Start);
      while (filled < length) {
        const count = this.#file.readSync(bytes.subarray(filled));
        if (count === null) break;
        filled += count;
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#checkUnchanged(filled === length ? this.size : offset + filled);
    return bytes;
  }

  /** Gives the file back to the system; again, does nothing. */
  [Symbol.dispose](): void {
    if (!this.#closed) this.#file.close();
    this.#closed = true;
  }

  /**
   * To be called after reading: what was read is then what the file held before any change.
   *
   * @param end Where the file was found to end.
   */
  #checkUnchanged(end: number): void {
    const { size, mtime } = this.#file.statSync();
    const before = this.#opened;
    const found = size === before.size ? end : size;
    const wrong = found !== before.size
      ? `from ${before.size} bytes to ${found}`
      : mtime?.getTime() !== before.mtime?.getTime()
      ? `at ${mtime?.toISOString()}`
      : undefined;
    if (wrong === undefined) return;
    throw new TextError(
      `${reading(this.#path)}: the file changed while it was read, ${wrong}; ` +
        `it must stay as it is as long as it is used`,
    );
  }

  #fail(error: unknown): never {
    const reason = error instanceof Error ? error.message : error;
    throw new TextError(`${reading(this.#path)}: ${reason}; it must stay readable to the end`, {
      cause: error,
    });
  }
}

/**
 * What to throw when opening a file failed: an {@linkcode InputError} where the user can mend it,
 * else the error itself.
 */
export function explain(path: string, error: unknown): unknown {
  if (error instanceof Deno.errors.NotCapable) {
    return new InputError(
      `${reading(path)}: Deno has no permission to read it; run with --allow-read`,
    );
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new InputError(
      `${reading(path)}: the system denies access; it must be readable by the user who runs this`,
    );
  }
  // Not every such error has a class of its own; the code is there in each.
  const code = error instanceof Error && "code" in error ? error.code : "";
  if (
    path === "" || code === "ENOENT" || code === "ENOTDIR" ||
    code === "ENAMETOOLONG"
  ) {
    return new InputError(
      `${reading(path)}: there is no such file; it must be the path of a UTF-8 text`,
    );
  }
  return error;
}
