/** Where the bytes of texts are kept that are not read from their own files. */

import { InputError } from "../errors.ts";
import type { ByteSource } from "../text/byte_source.ts";
import { inMemory } from "../text/corpus.ts";
import type { Segment } from "../text/joined_source.ts";
import { OpenFile, remove } from "./fs.ts";
import { toInputError } from "./os_errors.ts";

/** Bytes of a block of memory, at most. */
const BLOCK_BYTES = 1 << 22;

/** Options of {@linkcode TextStore}. */
export interface TextStoreOptions {
  /** Bytes that are kept in memory. */
  readonly maxBytesInMemory: number;
  /** The folder of a temporary file for what is more; `undefined` if there may be none. */
  readonly temporaryFolder: string | undefined;
}

/**
 * Keeps bytes in memory, and beyond a limit in a temporary file. The file has no name from the
 * moment that it is open, where the system allows that, so that it is gone with the process.
 */
export class TextStore implements Disposable {
  readonly #folder: string | undefined;
  /** Bytes that memory may still take. */
  #rest: number;
  #block = new Uint8Array(0);
  #filled = 0;
  #spool: Spool | undefined;

  /** Creates an empty store. */
  constructor({ maxBytesInMemory, temporaryFolder }: TextStoreOptions) {
    this.#rest = maxBytesInMemory;
    this.#folder = temporaryFolder;
  }

  /** Whether memory has room for so many bytes. */
  hasRoom(bytes: number): boolean {
    return this.#spool === undefined && bytes <= this.#rest;
  }

  /** Takes memory for all bytes of a file, which the caller fills. */
  reserve(bytes: number): { readonly array: Uint8Array; readonly segment: Segment } {
    this.#rest -= bytes;
    const array = new Uint8Array(bytes);
    return { array, segment: { bytes, source: inMemory(array), offset: 0 } };
  }

  /**
   * Keeps bytes, which are copied.
   *
   * @returns Where they are, in order.
   * @throws {InputError} if memory is full and there may be no temporary file, or it cannot be
   * written.
   */
  async add(bytes: Uint8Array): Promise<Segment[]> {
    if (!this.hasRoom(bytes.length)) {
      this.#spool ??= Spool.create(this.#folder);
      return [await this.#spool.add(bytes)];
    }
    this.#rest -= bytes.length;
    const segments: Segment[] = [];
    for (let taken = 0; taken < bytes.length;) {
      if (this.#filled === this.#block.length) this.#grow(bytes.length - taken);
      const offset = this.#filled;
      const part = bytes.subarray(taken, taken + this.#block.length - offset);
      this.#block.set(part, offset);
      this.#filled += part.length;
      taken += part.length;
      segments.push({ bytes: part.length, source: this.#source!, offset });
    }
    return segments;
  }

  #source: ByteSource | undefined;

  /** Begins a new block, larger than the one before. */
  #grow(bytes: number): void {
    const size = Math.max(bytes, Math.min(BLOCK_BYTES, Math.max(1 << 12, 2 * this.#block.length)));
    this.#block = new Uint8Array(size);
    this.#filled = 0;
    this.#source = inMemory(this.#block);
  }

  /** Moves the temporary file to the corpus that reads from it. */
  release(): void {
    this.#spool = undefined;
  }

  /** Removes the temporary file, unless it was released. */
  [Symbol.dispose](): void {
    this.#spool?.[Symbol.dispose]();
  }
}

/** A temporary file. */
class Spool implements ByteSource {
  readonly #file: OpenFile;
  /** Its path, if it could not be removed while it is open. */
  readonly #path: string | undefined;
  #length = 0;
  #buffer = new Uint8Array(0);
  #isClosed = false;

  private constructor(file: OpenFile, path: string | undefined) {
    this.#file = file;
    this.#path = path;
  }

  static create(folder: string | undefined): Spool {
    if (folder === undefined) {
      throw new InputError(
        "it does not fit into memory; save it as an uncompressed file in UTF-8, which may have any " +
          "length",
      );
    }
    const name = `.unroll-${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}.tmp`;
    const path = `${folder}/${name}`;
    const file = explaining(
      path,
      () => OpenFile.open(path, { access: "write", createNew: true, mode: 0o600 }),
    );
    try {
      remove(path);
      return new Spool(file, undefined);
    } catch {
      return new Spool(file, path);
    }
  }

  async add(bytes: Uint8Array): Promise<Segment> {
    const offset = this.#length;
    try {
      this.#file.seek(offset);
      await this.#file.writeAsync(bytes);
    } catch (error) {
      throw toInputError(error, { path: "temporary file", action: "write", missing: "" });
    }
    this.#length += bytes.length;
    return { bytes: bytes.length, source: this, offset };
  }

  read(offset: number, length: number): Uint8Array {
    if (this.#isClosed) throw new Error("Cannot read a text: its file is closed");
    if (this.#buffer.length < length) this.#buffer = new Uint8Array(length);
    const bytes = this.#buffer.subarray(0, length);
    this.#file.seek(offset);
    for (let filled = 0; filled < length;) {
      const count = this.#file.read(bytes.subarray(filled));
      if (count === 0) break;
      filled += count;
    }
    return bytes;
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#file[Symbol.dispose]();
    if (this.#path !== undefined) remove(this.#path);
  }
}

function explaining<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw toInputError(error, { path, action: "write", missing: "its folder must exist" });
  }
}
