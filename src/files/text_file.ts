import { InputError, TextError } from "../errors.ts";
import type { ByteSource } from "../text/byte_source.ts";
import { type FileInfo, OpenFile, stat } from "./fs.ts";
import { toInputError } from "./os_errors.ts";

/**
 * Opens a regular file for reading.
 *
 * @throws {InputError} if the path is not that of a regular file, or the file is not readable.
 */
export function openRegularFile(path: string): OpenFile {
  try {
    // Checked before it is opened: opening a named pipe would wait for a writer.
    const { isFile, isDirectory } = stat(path);
    if (!isFile) {
      const found = isDirectory ? "a folder" : "a device, pipe or socket";
      throw new InputError(`it is ${found}; it must be a regular file`);
    }
    return OpenFile.open(path);
  } catch (error) {
    const missing = "it must be the path of a UTF-8 text";
    throw toInputError(error, { path, action: "read", missing });
  }
}

/**
 * An open file that must not change until it is closed: every read checks that it did not.
 *
 * A file that is moved, deleted or replaced by another of its name stays readable. Where the system
 * does not grant that, reading fails. Errors name no path; the corpus adds it.
 */
export class TextFile implements ByteSource {
  readonly #file: OpenFile;
  readonly #opened: FileInfo;
  #closed = false;
  #buffer = new Uint8Array(0);

  private constructor(file: OpenFile, opened: FileInfo) {
    this.#file = file;
    this.#opened = opened;
  }

  /**
   * Opens a file for reading.
   *
   * @throws {InputError} if the path is not that of a regular file, or the file is not readable.
   */
  static open(path: string): TextFile {
    const file = openRegularFile(path);
    return new TextFile(file, file.stat());
  }

  /** Length in bytes. */
  get size(): number {
    return this.#opened.size;
  }

  /**
   * Reads the whole file once, from start to end, in chunks of at most `size` bytes.
   *
   * @returns The chunks; each is valid until the next one is read.
   * @throws {TextError} if the file changes while it is read, or the system cannot read it.
   */
  async *chunks(size: number): AsyncGenerator<Uint8Array> {
    const buffer = new Uint8Array(size);
    let bytes = 0;
    while (true) {
      const count = await this.#file.readAsync(buffer).catch(failRead);
      if (count === 0) break;
      bytes += count;
      // A file that grows all the time would never end.
      if (bytes > this.size) break;
      yield buffer.subarray(0, count);
    }
    this.#checkUnchanged(bytes);
  }

  /**
   * Reads bytes, which are valid until the next call.
   *
   * @throws {TextError} if the file has changed since it was opened, or the system cannot read it.
   * @throws {Error} if the file is closed.
   */
  read(offset: number, length: number): Uint8Array {
    if (this.#closed) throw new Error("Cannot read a text: its file is closed");
    if (this.#buffer.length < length) this.#buffer = new Uint8Array(length);
    const bytes = this.#buffer.subarray(0, length);
    let filled = 0;
    try {
      this.#file.seek(offset);
      while (filled < length) {
        const count = this.#file.read(bytes.subarray(filled));
        if (count === 0) break;
        filled += count;
      }
    } catch (error) {
      failRead(error);
    }
    this.#checkUnchanged(filled === length ? this.size : offset + filled);
    return bytes;
  }

  /** Closes the file; a second call does nothing. */
  [Symbol.dispose](): void {
    if (!this.#closed) this.#file[Symbol.dispose]();
    this.#closed = true;
  }

  /**
   * Checks after a read that the file has not changed, so that what was read is what was opened.
   *
   * @param end The length of the file as the read found it.
   */
  #checkUnchanged(end: number): void {
    const { size, mtime } = this.#file.stat();
    const opened = this.#opened;
    const found = size === opened.size ? end : size;
    const change = found !== opened.size
      ? `from ${opened.size} bytes to ${found}`
      : mtime.getTime() !== opened.mtime.getTime()
      ? `at ${mtime.toISOString()}`
      : undefined;
    if (change === undefined) return;
    throw new TextError(
      `the file changed while it was read, ${change}; it must not change while it is in use`,
    );
  }
}

function failRead(error: unknown): never {
  const reason = error instanceof Error ? error.message : error;
  throw new TextError(`${reason}; it must stay readable to the end`, { cause: error });
}
