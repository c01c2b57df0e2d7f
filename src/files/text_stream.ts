/** The bytes of a text as UTF-8, from a file, a pipe or standard input, whatever form they have. */

import * as fs from "node:fs";
import process from "node:process";
import { InputError } from "../errors.ts";
import { HEAD_BYTES, isBinary } from "../text/encoding.ts";
import { type Compression, compressionOf, decompress, SIGNATURE_BYTES } from "./compression.ts";
import { toInputError } from "./os_errors.ts";
import type { TextFile } from "./text_file.ts";
import { STANDARD_INPUT_PATH } from "./text_paths.ts";

/** Bytes that are read at a time: few calls, and a small part of any memory. */
const READ_BYTES = 1 << 18;

/** The bytes of a text, and what is known of them before they are read. */
export interface TextStream {
  /** The bytes, decompressed; each chunk is valid until the next. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** How the file is compressed, if it is. */
  readonly compression: Compression | undefined;
  /** Whether the first bytes are those of no text; see {@linkcode isBinary}. */
  readonly isBinary: boolean;
  /** Whether there is no byte. */
  readonly isEmpty: boolean;
  /** Bytes of the byte-order mark of UTF-8 that it begins with; 0 without one. */
  readonly markLength: number;
}

/**
 * Opens the bytes of a text, and reads the first.
 *
 * @param file The open file, or the path of a pipe or of standard input.
 * @param onRead Called with the number of bytes, before they are decompressed.
 * @throws {InputError} without a context, if the text cannot be read, or is damaged.
 */
export async function openStream(
  file: TextFile | string,
  onRead: (bytes: number) => void | Promise<void> = () => {},
): Promise<TextStream> {
  const counted = counting(typeof file === "string" ? pipe(file) : file.chunks(READ_BYTES), onRead);
  const [rawHead, raw] = await peek(counted, SIGNATURE_BYTES);
  const compression = compressionOf(rawHead);
  const bytes = compression === undefined ? raw : decompress(raw, compression);
  const [head, chunks] = await peek(bytes, HEAD_BYTES);
  return {
    ...{ chunks, compression, isBinary: isBinary(head), isEmpty: head.length === 0 },
    markLength: markLength(head),
  };
}

async function* counting(
  chunks: AsyncIterable<Uint8Array>,
  onRead: (bytes: number) => void | Promise<void>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    await onRead(chunk.length);
    yield chunk;
  }
}

async function* pipe(path: string): AsyncGenerator<Uint8Array> {
  try {
    const stream = path === STANDARD_INPUT_PATH
      ? process.stdin
      : fs.createReadStream(path, { highWaterMark: READ_BYTES });
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw toInputError(error, { path, action: "read", missing: "it must be the path of a text" });
  }
}

/** Reads the first bytes of a stream; the stream that is returned begins with them again. */
async function peek(
  chunks: AsyncIterable<Uint8Array>,
  count: number,
): Promise<[head: Uint8Array, chunks: AsyncIterable<Uint8Array>]> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head = new Uint8Array(0);
  let isDone = false;
  while (head.length < count && !isDone) {
    const { value, done } = await iterator.next();
    if (done) isDone = true;
    else head = concatenate(head, value);
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head;
      while (!isDone) {
        const { value, done } = await iterator.next();
        if (done) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return [head.subarray(0, count), all()];
}

function concatenate(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

/**
 * Checks the name of an encoding.
 *
 * @returns Its label as `TextDecoder` writes it, for example `windows-1252` for `latin1`.
 * @throws {InputError} if there is no such encoding.
 */
export function checkEncoding(encoding: string): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).encoding;
  } catch (cause) {
    throw new InputError(
      `"encoding" must be the name of an encoding, such as windows-1252, utf-16le, windows-1251, ` +
        `shift_jis or gb18030, not ${JSON.stringify(encoding)}`,
      { option: "encoding", cause },
    );
  }
}

/** Texts in UTF-16 have a byte of zero for each line break, which UTF-8 never has. */
const WIDE = /^utf-16/;
/** Sequences of several bytes that are UTF-8 in no text of another encoding. */
const MIN_SEQUENCES = 3;

/**
 * Decodes a text in any encoding to UTF-8. A byte-order mark at its start is dropped.
 *
 * @param encoding From {@linkcode checkEncoding}.
 * @throws {InputError} without a context, if it is not in this encoding, or is in UTF-8 instead. What
 * is said to be UTF-8 is not checked.
 */
export async function* toUtf8(
  chunks: AsyncIterable<Uint8Array>,
  encoding: string,
): AsyncGenerator<Uint8Array> {
  if (encoding === "utf-8") {
    // The scan checks UTF-8, and names the line and the probable encoding.
    yield* withoutByteOrderMark(chunks);
    return;
  }
  const decoder = new TextDecoder(encoding, { fatal: true });
  const encoder = new TextEncoder();
  const utf8 = new Utf8Check();
  let bytes = 0;
  const decode = (chunk?: Uint8Array) => {
    try {
      return encoder.encode(decoder.decode(chunk?.slice(), { stream: chunk !== undefined }));
    } catch (cause) {
      const where = chunk === undefined
        ? "its end cuts a character"
        : `from about byte ${bytes.toLocaleString("en")} on`;
      throw new InputError(
        `it is not ${encoding}, ${where}; all texts must have the same encoding`,
        { cause, option: "encoding" },
      );
    }
  };
  for await (const chunk of chunks) {
    utf8.add(chunk);
    yield decode(chunk);
    bytes += chunk.length;
  }
  if (utf8.isUtf8(encoding)) {
    throw new InputError(
      `it is UTF-8, not ${encoding}; all texts must have the same encoding: convert the others, ` +
        `for example with iconv -f ${encoding.toUpperCase()} -t UTF-8`,
      { option: "encoding" },
    );
  }
  yield decode();
}

/** U+FEFF in UTF-8. */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

async function* withoutByteOrderMark(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | undefined = new Uint8Array();
  for await (const chunk of chunks) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    head = concatenate(head, chunk);
    if (head.length < BYTE_ORDER_MARK.length) continue;
    yield head.subarray(markLength(head));
    head = undefined;
  }
  if (head !== undefined) yield head.subarray(markLength(head));
}

function markLength(bytes: Uint8Array): number {
  const hasMark = BYTE_ORDER_MARK.every((byte, i) => bytes[i] === byte);
  return hasMark ? BYTE_ORDER_MARK.length : 0;
}

/** Whether a text is UTF-8 that is read as something else. */
class Utf8Check {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #isValid = true;
  #hasNul = false;
  #sequences = 0;

  add(chunk: Uint8Array): void {
    if (!this.#isValid) return;
    try {
      this.#decoder.decode(chunk.slice(), { stream: true });
    } catch {
      this.#isValid = false;
    }
    for (const byte of chunk) if (byte >= 0xc0) this.#sequences++;
    this.#hasNul ||= chunk.includes(0);
  }

  isUtf8(encoding: string): boolean {
    if (!this.#isValid) return false;
    // Texts of encodings for mail are ASCII.
    if (encoding === "iso-2022-jp") return false;
    return WIDE.test(encoding) ? !this.#hasNul : this.#sequences >= MIN_SEQUENCES;
  }
}
