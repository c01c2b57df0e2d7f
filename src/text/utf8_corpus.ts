import { InputError, TextError } from "../errors.ts";
import type { Corpus } from "./corpus.ts";
import { type ByteSource, reading } from "./text_file.ts";
import type { CharIndex } from "./char_index.ts";
import type { ScanResult } from "./scan.ts";
import { codePointAt, utf8Length, wholeCharacters } from "./utf8.ts";
import { unknownCharacter, type Vocabulary } from "./vocabulary.ts";

/** Bytes that are decoded together. */
const PIECE = 1 << 17;

/** A text that stays UTF-8, in memory or in a file, and of which any part is decoded when asked for. */
export class Utf8Corpus implements Corpus {
  readonly path: string;
  readonly vocabulary: Vocabulary;
  readonly length: number;
  readonly counts: readonly number[];
  readonly bytes: number;
  readonly sha256: string;
  readonly #source: ByteSource;
  readonly #landmarks: CharIndex;
  /** The id at each code point up to the vocabulary's highest; −1 where there is none. */
  readonly #ids: Int32Array;

  /**
   * @param path What the text is called.
   * @param vocabulary The characters whose ranks are the ids.
   * @param survey What was found in `source`.
   * @param source The text itself; the corpus disposes of it.
   * @throws {InputError} when the text has a character that is not in the vocabulary, naming the
   * first.
   */
  constructor(path: string, vocabulary: Vocabulary, survey: ScanResult, source: ByteSource) {
    this.path = path;
    this.vocabulary = vocabulary;
    this.length = survey.length;
    this.bytes = survey.bytes;
    this.sha256 = survey.sha256;
    this.#source = source;
    this.#landmarks = survey.landmarks;
    const counts = new Array<number>(vocabulary.size).fill(0);
    for (const [codePoint, count] of survey.occurrences) {
      const id = vocabulary.idOf(codePoint);
      if (id === undefined) throw this.#firstUnknown();
      counts[id] = count;
    }
    this.counts = counts;
    const codePoints = Array.from(vocabulary.characters, (c) => c.codePointAt(0)!);
    this.#ids = new Int32Array(codePoints.at(-1)! + 1).fill(-1);
    codePoints.forEach((codePoint, id) => this.#ids[codePoint] = id);
  }

  read(start: number, count: number, into?: Uint32Array): Uint32Array {
    const isPart = Number.isSafeInteger(start) && Number.isSafeInteger(count) &&
      start >= 0 && count >= 0 && start + count <= this.length;
    if (!isPart || into && into.length < count) {
      const where = into ? ` into an array of ${into.length} ids` : "";
      throw new RangeError(
        `Cannot read ${count} characters from ${start} on${where}: the text has ${this.length}`,
      );
    }
    const ids = into ?? new Uint32Array(count);
    let { character, offset } = this.#landmarks.before(start);
    for (const end = start + count; character < end;) {
      const bytes = this.#about(offset, end - character);
      const whole = wholeCharacters(bytes);
      if (whole === 0) throw this.#changed();
      let i = 0;
      for (; character < start && i < whole; character++) {
        i += utf8Length(this.#decode(bytes, i));
      }
      for (; character < end && i < whole; character++) {
        const codePoint = this.#decode(bytes, i);
        const id = this.#ids[codePoint] ?? -1;
        if (id < 0) throw this.#changed();
        ids[character - start] = id;
        i += utf8Length(codePoint);
      }
      offset += i;
    }
    return ids;
  }

  close(): void {
    this.#source[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The bytes of about as many characters, from an offset on. */
  #about(offset: number, characters: number): Uint8Array {
    const length = 16 + Math.ceil(characters * this.bytes / this.length);
    return this.#source.at(offset, Math.min(length, PIECE, this.bytes - offset));
  }

  #decode(bytes: Uint8Array, i: number): number {
    const codePoint = codePointAt(bytes, i);
    if (codePoint < 0) throw this.#changed();
    return codePoint;
  }

  /** For characters that were others when the text was surveyed. */
  #changed(): TextError {
    return new TextError(
      `${reading(this.path)}: its characters changed while it was read; ` +
        `it must stay as it is as long as it is used`,
    );
  }

  /** Looks for the first character that the vocabulary lacks, where one is known to be. */
  #firstUnknown(): InputError {
    let line = 1;
    let column = 0;
    for (let at = 0; at < this.bytes;) {
      const bytes = this.#source.at(at, Math.min(PIECE, this.bytes - at));
      const stop = wholeCharacters(bytes);
      if (stop === 0) throw this.#changed();
      for (let i = 0; i < stop;) {
        const codePoint = this.#decode(bytes, i);
        column++;
        if (!this.vocabulary.has(codePoint)) {
          return new InputError(
            unknownCharacter(
              reading(this.path),
              codePoint,
              `line ${line}, character ${column}`,
              this.vocabulary.size,
            ),
          );
        }
        if (codePoint === 0x0a) {
          line++;
          column = 0;
        }
        i += utf8Length(codePoint);
      }
      at += stop;
    }
    return this.#changed();
  }
}
