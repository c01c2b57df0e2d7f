import { createHash, type Hash } from "node:crypto";
import { InputError } from "../errors.ts";
import { CharIndex } from "./char_index.ts";
import { codePointAt, utf8Length, wholeCharacters } from "./utf8.ts";

/** What there is to know of a text before its characters have ids. */
export interface ScanResult {
  /** Length in UTF-8, in bytes. */
  readonly bytes: number;
  /** Length in characters. */
  readonly length: number;
  /** SHA-256 of the UTF-8, in lower-case hexadecimal digits. */
  readonly sha256: string;
  /** How often each code point of the text occurs. */
  readonly occurrences: ReadonlyMap<number, number>;
  /** Where characters are found. */
  readonly landmarks: CharIndex;
}

/** Bytes that are looked at together. */
const PIECE = 1 << 18;

/**
 * The one pass over all bytes of a text: checks that they are UTF-8, counts every character, and
 * remembers where some are, in memory that does not grow with the text (13 MiB at most).
 *
 * A byte-order mark is a character like any other.
 *
 * @example
 * ```ts
 * import { Utf8Scanner } from "./scan.ts";
 *
 * const survey = new Utf8Scanner("Cannot read it");
 * for (const byte of new TextEncoder().encode("née")) survey.add(Uint8Array.of(byte));
 * const { bytes, length, occurrences } = survey.finish();
 * console.log(bytes, length, occurrences.get(101)); // 4 3 1
 * ```
 */
export class Utf8Scanner {
  readonly #doing: string;
  readonly #hash: Hash = createHash("sha256");
  readonly #landmarks: CharIndex;
  /** The bytes in hand: first what the piece before left over. */
  readonly #buffer = new Uint8Array(PIECE);
  /** The same, four at a time. */
  readonly #words = new Uint32Array(this.#buffer.buffer);
  #leftOver = 0;
  /** Bytes and characters before those in hand. */
  #bytes = 0;
  #length = 0;
  /** ASCII by its place in a word: counters that do not wait for each other. */
  readonly #ascii = Array.from({ length: 4 }, () => new Float64Array(128));
  /** All other characters, by code point; 8.5 MiB, made when the first one comes. */
  #others: Float64Array | undefined;

  /**
   * @param doing What is being done, for an error's first words.
   * @param landmarks Where landmarks are kept; there must be none yet.
   */
  constructor(doing: string, landmarks: CharIndex = new CharIndex()) {
    this.#doing = doing;
    this.#landmarks = landmarks;
  }

  /**
   * Takes the next bytes of the text, any number of them.
   *
   * @throws {InputError} when they are not UTF-8, naming the offset from 0 of the first byte of the
   * first sequence that is not.
   */
  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    for (let taken = 0; taken < bytes.length;) {
      const part = bytes.subarray(taken, taken + PIECE - this.#leftOver);
      this.#buffer.set(part, this.#leftOver);
      taken += part.length;
      const filled = this.#leftOver + part.length;
      const end = wholeCharacters(this.#buffer.subarray(0, filled));
      this.#count(end);
      this.#buffer.copyWithin(0, end, filled);
      this.#leftOver = filled - end;
      this.#bytes += end;
    }
  }

  /**
   * Says what was found; nothing may be added afterwards.
   *
   * @throws {InputError} when the text ends within a character.
   */
  finish(): ScanResult {
    if (this.#leftOver > 0) throw this.#notUtf8(0);
    const occurrences = new Map<number, number>();
    for (let codePoint = 0; codePoint < 128; codePoint++) {
      const count = this.#ascii.reduce((sum, counts) => sum + counts[codePoint]!, 0);
      if (count > 0) occurrences.set(codePoint, count);
    }
    const others = this.#others ?? [];
    for (let codePoint = 128; codePoint < others.length; codePoint++) {
      if (others[codePoint]! > 0) occurrences.set(codePoint, others[codePoint]!);
    }
    return {
      bytes: this.#bytes,
      length: this.#length,
      sha256: this.#hash.digest("hex"),
      occurrences,
      landmarks: this.#landmarks,
    };
  }

  /** Counts the characters of the buffer's first `end` bytes, of which none is cut. */
  #count(end: number): void {
    const bytes = this.#buffer;
    const words = this.#words;
    const [ascii0, ascii1, ascii2, ascii3] = this.#ascii as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    let others = this.#others;
    let length = this.#length;
    for (let i = 0; i < end;) {
      if (length === this.#landmarks.next) this.#landmarks.add(this.#bytes + i);
      // No character takes less than a byte: the next landmark cannot come before `stop`.
      const stop = Math.min(end, i + this.#landmarks.next - length);
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

  #notUtf8(i: number): InputError {
    return new InputError(
      `${this.#doing}: it is not UTF-8 at byte offset ${this.#bytes + i}; convert it to UTF-8`,
    );
  }
}
