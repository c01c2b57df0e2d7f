import { createSha256 } from "../sha256.ts";
import { CharIndex, type CharOffsets } from "./char_index.ts";
import { describeMalformed, HEAD_BYTES, NotUtf8Error } from "./encoding.ts";
import { codePointAt, completeLength, utf8Length } from "./utf8.ts";

/** Everything that is found in a text before its characters have ids. */
export interface ScanResult extends TextContents {
  readonly index: CharIndex;
}

/** What a corpus needs of a text, however it was scanned. */
export interface TextContents {
  /** Length in bytes of UTF-8. */
  readonly bytes: number;
  /** Length in characters. */
  readonly length: number;
  /** SHA-256 of the UTF-8, in lower-case hexadecimal digits. */
  readonly sha256: string;
  /** How often each code point of the text occurs. */
  readonly occurrences: ReadonlyMap<number, number>;
  /** The byte offsets of some characters. */
  readonly index: CharOffsets;
}

/** One of the texts that were scanned one after another. */
export interface TextScan {
  /** Characters before it. */
  readonly start: number;
  /** Length in characters. */
  readonly length: number;
  /** How often U+0000 occurs in it. */
  readonly nuls: number;
  /** The first bytes, up to {@linkcode HEAD_BYTES}. */
  readonly head: Uint8Array;
}

/** What was scanned before a text: where its own counts begin. */
interface TextStart {
  /** Bytes before it that are not scanned. */
  readonly leftOut: number;
  readonly bytes: number;
  readonly length: number;
  readonly ascii: number;
  readonly nuls: number;
  readonly lineFeeds: number;
}

/** Bytes that are scanned together. */
const CHUNK_BYTES = 1 << 18;

/** Bytes before and after one that is not UTF-8 that show what it is. */
const NEAR_BYTES = 2048;

/**
 * Scans the bytes of a text once: checks that they are UTF-8, hashes them, counts every character
 * and indexes some, in at most 13 MiB of memory whatever the length of the text.
 *
 * A byte-order mark is a character like any other.
 *
 * @example
 * ```ts
 * import { Utf8Scanner } from "./scan.ts";
 *
 * const scanner = new Utf8Scanner();
 * for (const byte of new TextEncoder().encode("née")) scanner.add(Uint8Array.of(byte));
 * const { bytes, length, occurrences } = scanner.finish();
 * console.log(bytes, length, occurrences.get(101)); // 4 3 1
 * ```
 */
export class Utf8Scanner {
  readonly #hash = createSha256();
  readonly #index: CharIndex;
  /** The bytes to scan; the first are left over from those before. */
  readonly #buffer = new Uint8Array(CHUNK_BYTES);
  /** The same memory, four bytes at a time. */
  readonly #words = new Uint32Array(this.#buffer.buffer);
  #filled = 0;
  #leftOver = 0;
  /** Bytes and characters before the buffer. */
  #bytes = 0;
  #length = 0;
  /**
   * Counts of ASCII, by position in a word: increments of different counters do not wait for each
   * other.
   */
  readonly #ascii = Array.from({ length: 4 }, () => new Float64Array(128));
  /** The first bytes, which show what a file is that is not UTF-8. */
  readonly #head = new Uint8Array(HEAD_BYTES);
  #headLength = 0;
  #start: TextStart = { leftOut: 0, bytes: 0, length: 0, ascii: 0, nuls: 0, lineFeeds: 0 };
  /** Counts of other characters by code point: 8.5 MiB, allocated when the first one occurs. */
  #others: Float64Array | undefined;

  /** @param index Where byte offsets are added; it must be empty. */
  constructor(index: CharIndex = new CharIndex()) {
    this.#index = index;
  }

  /**
   * Scans the next bytes of the text, any number of them.
   *
   * @throws {InputError} if they are not UTF-8, with the line and the byte offset from 0 of the
   * first sequence that is not well-formed, and with what they probably are.
   */
  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    const head = bytes.subarray(0, HEAD_BYTES - this.#headLength);
    this.#head.set(head, this.#headLength);
    this.#headLength += head.length;
    for (let taken = 0; taken < bytes.length;) {
      const part = bytes.subarray(taken, taken + CHUNK_BYTES - this.#leftOver);
      this.#buffer.set(part, this.#leftOver);
      taken += part.length;
      const filled = this.#leftOver + part.length;
      const end = completeLength(this.#buffer.subarray(0, filled));
      this.#filled = filled;
      this.#count(end);
      this.#buffer.copyWithin(0, end, filled);
      this.#leftOver = filled - end;
      this.#bytes += end;
    }
  }

  /**
   * Begins another text: errors count lines and bytes from here.
   *
   * @param leftOut Bytes before it that are not scanned, but count: a byte-order mark that is dropped.
   */
  beginText(leftOut = 0): void {
    this.#headLength = 0;
    this.#start = {
      leftOut,
      bytes: this.#bytes,
      length: this.#length,
      ascii: this.#countAscii(),
      nuls: this.#countOf(0),
      lineFeeds: this.#countOf(0x0a),
    };
  }

  /**
   * Ends the text that was begun last, or the first.
   *
   * @throws {InputError} if it ends within a character.
   */
  endText(): TextScan {
    if (this.#leftOver > 0) {
      this.#filled = this.#leftOver;
      throw this.#notUtf8(0);
    }
    const { length: start, nuls } = this.#start;
    return {
      start,
      length: this.#length - start,
      nuls: this.#countOf(0) - nuls,
      head: this.#head.slice(0, this.#headLength),
    };
  }

  /**
   * Returns what was found in all texts together. Nothing may be added afterwards.
   *
   * @throws {InputError} if the last text ends within a character.
   */
  finish(): ScanResult {
    this.endText();
    const occurrences = new Map<number, number>();
    for (let codePoint = 0; codePoint < 128; codePoint++) {
      const count = this.#countOf(codePoint);
      if (count > 0) occurrences.set(codePoint, count);
    }
    const others = this.#others ?? [];
    for (let codePoint = 128; codePoint < others.length; codePoint++) {
      if (others[codePoint]! > 0) occurrences.set(codePoint, others[codePoint]!);
    }
    return {
      bytes: this.#bytes,
      length: this.#length,
      sha256: this.#hash.digest(),
      occurrences,
      index: this.#index,
    };
  }

  /** Counts the characters of the buffer's first `end` bytes, which end between two characters. */
  #count(end: number): void {
    const bytes = this.#buffer;
    const words = this.#words;
    const index = this.#index;
    const [ascii0, ascii1, ascii2, ascii3] = this.#ascii as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    let others = this.#others;
    let length = this.#length;
    for (let i = 0; i < end;) {
      if (length === index.nextCharacter) index.add(this.#bytes + i);
      // A character takes at least a byte: the next index entry cannot come before `stop`.
      const stop = Math.min(end, i + index.nextCharacter - length);
      while (i < stop) {
        if (bytes[i]! < 0x80) {
          ascii0[bytes[i]!]!++;
          length++;
          if ((++i & 3) !== 0) continue;
          const start = i;
          for (; i + 4 <= stop; i += 4) {
            const word = words[i >> 2]!;
            if ((word & 0x80808080) !== 0) break;
            ascii0[word & 0xff]!++;
            ascii1[word >> 8 & 0xff]!++;
            ascii2[word >> 16 & 0xff]!++;
            ascii3[word >> 24]!++;
          }
          length += i - start;
        } else {
          const codePoint = codePointAt(bytes, i);
          if (codePoint < 0) throw this.#notUtf8(i);
          others ??= this.#others = new Float64Array(0x110000);
          others[codePoint]!++;
          length++;
          i += utf8Length(codePoint);
        }
      }
    }
    this.#length = length;
  }

  /** How often an ASCII character has occurred. */
  #countOf(codePoint: number): number {
    return this.#ascii.reduce((sum, counts) => sum + counts[codePoint]!, 0);
  }

  #countAscii(): number {
    return this.#ascii.reduce((sum, counts) => sum + counts.reduce((a, b) => a + b, 0), 0);
  }

  #notUtf8(i: number): NotUtf8Error {
    const { leftOut } = this.#start;
    const offset = this.#bytes + i - this.#start.bytes;
    const byte = this.#buffer[i]!.toString(16).toUpperCase();
    const line = this.#countOf(0x0a) - this.#start.lineFeeds + 1;
    // In memory that belongs to the text before, there is nothing of this one.
    const from = Math.max(0, i - Math.min(NEAR_BYTES, offset));
    const found = describeMalformed({
      head: this.#head.subarray(0, this.#headLength),
      near: this.#buffer.subarray(from, this.#filled).subarray(0, 2 * NEAR_BYTES),
      wasUtf8: leftOut > 0 || offset !== this.#countAscii() - this.#start.ascii,
    });
    return new NotUtf8Error(
      `it is not UTF-8 at byte offset ${
        leftOut + offset
      } (line ${line}, byte 0x${byte}): ${found.what}`,
      found,
    );
  }
}
