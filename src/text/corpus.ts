import {
  checkOptions,
  checkShape,
  checkString,
  checkWholeNumber,
  optionsSchema,
  wrongType,
} from "../arguments.ts";
import { InputError, TextError, withContext } from "../errors.ts";
import { quote, quotePath } from "../json.ts";
import { wholeNumber } from "../schemas.ts";
import { createSha256 } from "../sha256.ts";
import { checkIsNoChance } from "./encoding.ts";
import { type TextContents, type TextScan, Utf8Scanner } from "./scan.ts";
import type { ByteSource } from "./byte_source.ts";
import { codePointAt, completeLength, utf8Length } from "./utf8.ts";
import { listUnknown, type UnknownCharacter, unknownCharacter } from "./unknown_characters.ts";
import { checkVocabulary, Vocabulary } from "./vocabulary.ts";

/**
 * A text as character ids, with its vocabulary.
 *
 * A text may be larger than memory. It then stays in its file, which is open until the corpus is
 * disposed of, and must not change until then. Declare such a corpus with `using`.
 */
export interface Corpus extends Disposable {
  /** The path of the file, or the name that the text was given; of several texts, some of them. */
  readonly path: string;
  /**
   * The texts that it is joined from, in order: one, unless several files were read. The hidden
   * state is reset where a text begins.
   */
  readonly texts: readonly CorpusText[];
  /** How it was read from files; `null` for a text that was given as a string. */
  readonly reading: TextReading | null;
  /** The characters that the ids stand for. */
  readonly vocabulary: Vocabulary;
  /** Length in characters. */
  readonly length: number;
  /** How often each id occurs, [V]. */
  readonly counts: readonly number[];
  /**
   * Characters of the text that the vocabulary lacks, the most frequent first: they are read as the
   * unknown symbol, or were replaced or left out when the text was read.
   */
  readonly unknown: readonly UnknownCharacter[];
  /** Length in bytes of UTF-8. */
  readonly bytes: number;
  /** SHA-256 of the UTF-8, in lower-case hexadecimal digits. */
  readonly sha256: string;
  /**
   * Reads the ids of `count` characters from `start` on, without decoding the text before them.
   *
   * @param start The first character.
   * @param count The number of characters.
   * @param options Where to write the ids.
   * @returns The array that the ids were written to.
   * @throws {TextError} if the file has changed since it was opened, or cannot be read.
   * @throws {Error} if the corpus was disposed of.
   * @throws {RangeError} if the characters are not within the text, or the array is too short.
   * @throws {TypeError} if `into` is not a `Uint32Array`.
   */
  read(start: number, count: number, options?: ReadRangeOptions): Uint32Array;
  /**
   * Hashes the first bytes of the text, in pieces between which the generator yields.
   *
   * @param bytes At most {@linkcode Corpus.bytes}.
   * @returns Their SHA-256, in lower-case hexadecimal digits.
   * @throws {TextError} as {@linkcode Corpus.read} does.
   */
  hashInSlices(bytes: number): Generator<void, string>;
}

/** One of the texts of a {@linkcode Corpus}. */
export interface CorpusText {
  /** The path of its file, or the name that it was given. */
  readonly path: string;
  /** Where it begins, in characters. */
  readonly start: number;
}

/** How a corpus was read from files, so that it can be read again. */
export interface TextReading {
  /** Files, folders and patterns, as they were given. */
  readonly paths: readonly string[];
  /** What was put between two texts; not present for the default. */
  readonly separator?: string;
  /** The encoding; not present for UTF-8. */
  readonly encoding?: string;
  /** How often a character must occur to be in the vocabulary; not present for 1. */
  readonly minCount?: number;
}

/** Options of {@linkcode Corpus.read}. */
export interface ReadRangeOptions {
  /** An array to write the ids to, from its start. Default: a new array of `count` ids. */
  readonly into?: Uint32Array;
}

/** Options of {@linkcode corpusFromText}. */
export interface CorpusOptions {
  /**
   * How often a character must occur to be in the vocabulary, 1 or above; rarer ones are read as the
   * unknown symbol, U+FFFD. Default: 1.
   */
  readonly minCount?: number;
}

const corpusOptionsSchema = optionsSchema({ minCount: wholeNumber(1) });

/** Bytes that are decoded at a time. */
const DECODE_BYTES = 1 << 17;

/**
 * Creates a corpus of a text in memory; needs no permission, and nothing has to be closed.
 *
 * @param text The text.
 * @param name What to call the text in errors and in checkpoints.
 * @param options Which characters are in the vocabulary.
 * @throws {InputError} if the text is empty, has a lone surrogate, or has no character that is
 * frequent enough, or if an option is wrong.
 * @throws {TypeError} if `text` or `name` is not a string.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "../mod.ts";
 *
 * const corpus = corpusFromText("banana");
 * console.log(corpus.read(0, corpus.length)); // Uint32Array(6) [1, 0, 2, 0, 2, 0]
 * console.log(corpus.counts); // [3, 1, 2]
 * ```
 */
export function corpusFromText(
  text: string,
  name = "text",
  options: CorpusOptions = {},
): Corpus {
  const context = "Cannot make a corpus";
  checkString(name, { context, name: "name" });
  const { minCount = 1 } = checkOptions(options, { schema: corpusOptionsSchema, context });
  const own = Vocabulary.fromText(text);
  const utf8 = new TextEncoder().encode(text);
  const scanner = new Utf8Scanner();
  scanner.add(utf8);
  const scan = scanner.finish();
  const vocabulary = minCount === 1
    ? own
    : withContext(context, () => frequentVocabulary(scan.occurrences, minCount));
  return new Utf8Corpus(scan, {
    ...{ name, vocabulary, source: inMemory(utf8), texts: [{ path: name, start: 0 }] },
    reading: null,
  });
}

/**
 * The vocabulary of the characters that occur often enough, with an unknown symbol if some do not.
 *
 * @throws {InputError} if no character does.
 */
function frequentVocabulary(occurrences: ReadonlyMap<number, number>, minCount: number) {
  const frequent = [...occurrences].filter(([, count]) => count >= minCount)
    .map(([codePoint]) => codePoint);
  if (frequent.length === 0) {
    throw new InputError(
      `no character occurs ${minCount} times; "minCount" must be at most ${
        [...occurrences.values()].reduce((a, b) => Math.max(a, b))
      }`,
      { option: "minCount" },
    );
  }
  return Vocabulary.fromCodePoints(frequent, { unknown: frequent.length < occurrences.size });
}

/**
 * Checks a corpus that was passed to a function.
 *
 * @param corpus The corpus.
 * @param context What is being done, for an error.
 * @throws {TypeError} if it is no corpus, for example a promise of one.
 */
export function checkCorpus(
  corpus: Pick<Corpus, "path" | "length" | "vocabulary" | "read">,
  context: string,
): void {
  checkShape(corpus, {
    ...{ context, name: "corpus" },
    expected: "a corpus, as corpusFromText() and readCorpus() return it",
    shape: { path: "string", length: "number", vocabulary: "object", read: "function" },
  });
  checkVocabulary(corpus.vocabulary, context);
}

/** What bytes are called and encoded with; see {@linkcode corpusFromBytes}. */
export interface BytesOptions {
  /** What to call the text in errors and in checkpoints. */
  readonly name: string;
  /** The vocabulary to encode the text with. Default: the text's own. */
  readonly vocabulary?: Vocabulary | undefined;
}

/**
 * Creates a corpus of bytes of UTF-8 in memory, which it keeps: a text that comes from elsewhere
 * than a file.
 *
 * @throws {InputError} if the bytes are empty or not UTF-8, or if the given vocabulary lacks one of
 * their characters.
 */
export function corpusFromBytes(bytes: Uint8Array, { name, vocabulary }: BytesOptions): Corpus {
  return withContext(contextOf(name), () => {
    const scanner = new Utf8Scanner();
    scanner.add(bytes);
    checkIsText(scanner.endText());
    return corpusFromScan(scanner.finish(), {
      ...{ name, vocabulary, source: inMemory(bytes), texts: [{ path: name, start: 0 }] },
      reading: null,
    });
  });
}

/** What a text is called and encoded with, and where it is; see {@linkcode corpusFromScan}. */
export interface ScanOptions extends BytesOptions {
  /** The text itself; the corpus disposes of it. */
  readonly source: ByteSource;
  /** The texts that it is joined from. */
  readonly texts: readonly CorpusText[];
  /** How it was read. */
  readonly reading: TextReading | null;
  /** How often a character must occur to be in the text's own vocabulary. Default: 1. */
  readonly minCount?: number | undefined;
  /** Characters that were replaced or left out before, and how often. */
  readonly filtered?: ReadonlyMap<number, number>;
}

/**
 * Creates a corpus of a text that was scanned.
 *
 * @throws {InputError} without a context, if the given vocabulary lacks one of its characters.
 */
export function corpusFromScan(
  scan: TextContents,
  { vocabulary, minCount = 1, ...options }: ScanOptions,
): Corpus {
  return new Utf8Corpus(scan, {
    ...options,
    vocabulary: vocabulary ?? frequentVocabulary(scan.occurrences, minCount),
  });
}

/**
 * Checks one of the texts that were scanned.
 *
 * @throws {InputError} without a context, if it is empty, or UTF-8 by chance only.
 */
export function checkIsText(text: TextScan): void {
  if (text.length === 0) {
    throw new InputError("it is empty; it must have at least one character");
  }
  checkIsNoChance(text);
}

/** What is being done, for errors of a text: `Cannot read the text "a.txt"`. */
export function contextOf(path: string): string {
  return `Cannot read the text ${quotePath(path)}`;
}

/** Bytes of a text that are held in memory. */
export function inMemory(bytes: Uint8Array): ByteSource {
  return {
    read: (offset, length) => bytes.subarray(offset, offset + length),
    [Symbol.dispose]() {},
  };
}

/** A text that stays in UTF-8, in memory or in a file, and is decoded where it is read. */
class Utf8Corpus implements Corpus {
  readonly path: string;
  readonly texts: readonly CorpusText[];
  readonly reading: TextReading | null;
  readonly vocabulary: Vocabulary;
  readonly length: number;
  readonly counts: readonly number[];
  readonly unknown: readonly UnknownCharacter[];
  readonly bytes: number;
  readonly sha256: string;
  readonly #scan: TextContents;
  readonly #source: ByteSource;

  /** @throws {InputError} naming the first character that the vocabulary lacks. */
  constructor(
    scan: TextContents,
    { name, vocabulary, source, texts, reading, filtered = new Map() }: ScanOptions & {
      readonly vocabulary: Vocabulary;
    },
  ) {
    this.path = name;
    this.texts = Object.freeze(texts);
    this.reading = reading;
    this.vocabulary = vocabulary;
    this.length = scan.length;
    this.bytes = scan.bytes;
    this.sha256 = scan.sha256;
    this.#scan = scan;
    this.#source = source;
    const counts = new Array<number>(vocabulary.size).fill(0);
    const unknown = new Map(filtered);
    for (const [codePoint, count] of scan.occurrences) {
      const known = vocabulary.idOf(codePoint);
      if (known === undefined) unknown.set(codePoint, count);
      const id = known ?? vocabulary.unknown;
      if (id !== undefined) counts[id]! += count;
    }
    this.unknown = Object.freeze(listUnknown(unknown));
    const isComplete = vocabulary.unknown !== undefined || unknown.size === filtered.size;
    if (!isComplete) throw this.#findUnknown();
    this.counts = Object.freeze(counts);
    Object.freeze(this);
  }

  read(start: number, count: number, options: ReadRangeOptions = {}): Uint32Array {
    const { into } = options ?? {};
    if (into !== undefined && !(into instanceof Uint32Array)) {
      const context = `Cannot read the text ${quotePath(this.path)}`;
      throw wrongType({ context, name: "into", expected: "a Uint32Array", value: into });
    }
    const isWithin = Number.isSafeInteger(start) && Number.isSafeInteger(count) &&
      start >= 0 && count >= 0 && start + count <= this.length;
    if (!isWithin || into && into.length < count) {
      const where = into ? ` into an array of ${into.length} ids` : "";
      throw new RangeError(
        `Cannot read ${quote(count)} characters from ${
          quote(start)
        } on${where}: the text has ${this.length}`,
      );
    }
    const ids = into ?? new Uint32Array(count);
    withContext(contextOf(this.path), () => this.#decode(ids, { start, end: start + count }));
    return ids;
  }

  *hashInSlices(bytes: number): Generator<void, string> {
    checkWholeNumber(bytes, {
      ...{ context: "Cannot hash a text", name: "bytes" },
      ...{ min: 0, max: this.bytes },
    });
    const hash = createSha256();
    for (let at = 0; at < bytes; at += DECODE_BYTES) {
      const length = Math.min(DECODE_BYTES, bytes - at);
      hash.update(withContext(contextOf(this.path), () => this.#source.read(at, length)));
      yield;
    }
    return hash.digest();
  }

  [Symbol.dispose](): void {
    this.#source[Symbol.dispose]();
  }

  /** Decodes the characters from `start` to `end` into the start of an array. */
  #decode(ids: Uint32Array, { start, end }: { start: number; end: number }): void {
    const { vocabulary } = this;
    let { character, byte } = this.#scan.index.floor(start);
    while (character < end) {
      const bytes = this.#readAbout(end - character, byte);
      const complete = completeLength(bytes);
      if (complete === 0) throw contentsChanged();
      let i = 0;
      for (; character < start && i < complete; character++) {
        i += utf8Length(decodeAt(bytes, i));
      }
      for (; character < end && i < complete; character++) {
        const codePoint = decodeAt(bytes, i);
        const id = vocabulary.idOf(codePoint) ?? vocabulary.unknown;
        if (id === undefined) throw contentsChanged();
        ids[character - start] = id;
        i += utf8Length(codePoint);
      }
      byte += i;
    }
  }

  /** Reads the bytes of about as many characters, from a byte offset on. */
  #readAbout(characters: number, byte: number): Uint8Array {
    const length = 16 + Math.ceil(characters * this.bytes / this.length);
    return this.#source.read(byte, Math.min(length, DECODE_BYTES, this.bytes - byte));
  }

  /** Searches a text that has one for the first character that the vocabulary lacks. */
  #findUnknown(): InputError {
    const { vocabulary } = this;
    let line = 1;
    let column = 0;
    for (let byte = 0; byte < this.bytes;) {
      const bytes = this.#source.read(byte, Math.min(DECODE_BYTES, this.bytes - byte));
      const complete = completeLength(bytes);
      if (complete === 0) break;
      for (let i = 0; i < complete;) {
        const codePoint = decodeAt(bytes, i);
        column++;
        if (!vocabulary.has(codePoint)) {
          const where = `line ${line}, character ${column}`;
          return unknownCharacter(codePoint, {
            ...{ where, vocabulary, unknown: this.unknown },
            hasOption: this.reading !== null,
          });
        }
        if (codePoint === 0x0a) {
          line++;
          column = 0;
        }
        i += utf8Length(codePoint);
      }
      byte += complete;
    }
    return contentsChanged();
  }
}

function decodeAt(bytes: Uint8Array, i: number): number {
  const codePoint = codePointAt(bytes, i);
  if (codePoint < 0) throw contentsChanged();
  return codePoint;
}

/** The error for characters that are not those of the scan. */
function contentsChanged(): TextError {
  return new TextError(
    "its contents changed while it was read; it must not change while it is in use",
  );
}
