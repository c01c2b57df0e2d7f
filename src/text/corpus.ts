import { createHash } from "node:crypto";
import { InputError } from "../errors.ts";
import { reading, readTextFile } from "./file.ts";
import type { ReadResult } from "./utf8.ts";
import { unknownCharacter, Vocabulary } from "./vocabulary.ts";

/** The ids of a text's characters, in the smallest type that holds V ids. */
export type CharacterIds = Uint8Array | Uint16Array | Uint32Array;

/** A text as numbers, ready for training or evaluation. */
export interface Corpus {
  /** The file's path, or the name that the text was given. */
  readonly path: string;
  /** The characters that the ids stand for. */
  readonly vocabulary: Vocabulary;
  /** The id of each character of the text, in order. */
  readonly ids: CharacterIds;
  /** How often each id occurs, [V]. */
  readonly counts: readonly number[];
  /** Length of the text in UTF-8, in bytes. */
  readonly bytes: number;
  /** SHA-256 of the text in UTF-8, in lower-case hexadecimal digits. */
  readonly sha256: string;
}

/**
 * Reads a UTF-8 file, and makes its characters the vocabulary.
 *
 * The file is read twice, in pieces: beside the ids, nothing grows with its length.
 *
 * @throws {InputError} when the file is missing, not a file, not readable, empty or not UTF-8, or
 * when it changes meanwhile.
 */
export async function readCorpus(path: string): Promise<Corpus> {
  const tally = await tallyFile(path);
  const vocabulary = Vocabulary.fromCodePoints(tally.occurrences.keys());
  return encodeFile(path, vocabulary, tally);
}

/**
 * Reads a UTF-8 file in the characters of a vocabulary that is given, for example a model's.
 *
 * @throws {InputError} as {@linkcode readCorpus} does, and when the file has a character that is
 * not in the vocabulary, naming the first.
 */
export async function readCorpusWith(
  path: string,
  vocabulary: Vocabulary,
): Promise<Corpus> {
  return encodeFile(path, vocabulary, await tallyFile(path));
}

/**
 * Makes a corpus of a text in memory; needs no permission.
 *
 * @param name What the text is called where a file would be called by its path.
 * @throws {InputError} when the text is empty, or has a surrogate that is not one of a pair.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "./corpus.ts";
 *
 * const corpus = corpusFromText("banana");
 * console.log(corpus.ids); // Uint8Array(6) [1, 0, 2, 0, 2, 0]
 * console.log(corpus.counts); // [3, 1, 2]
 * ```
 */
export function corpusFromText(text: string, name = "text"): Corpus {
  const vocabulary = Vocabulary.fromText(text);
  const encoded = vocabulary.encode(text);
  const ids = idArray(vocabulary.size, encoded.length);
  ids.set(encoded);
  const counts = new Array<number>(vocabulary.size).fill(0);
  for (const id of ids) counts[id]!++;
  const utf8 = new TextEncoder().encode(text);
  const sha256 = createHash("sha256").update(utf8).digest("hex");
  return { path: name, vocabulary, ids, counts, bytes: utf8.length, sha256 };
}

/** What the first reading of a file finds out. */
interface Tally extends ReadResult {
  /** How often each code point of the text occurs. */
  readonly occurrences: ReadonlyMap<number, number>;
  /** How many characters the text has. */
  readonly length: number;
}

async function tallyFile(path: string): Promise<Tally> {
  // By code point. A map that grows would take less than these 8.5 MiB, but several times as long.
  const table = new Float64Array(0x110000);
  let length = 0;
  const result = await readTextFile(path, (piece) => {
    for (let i = 0; i < piece.length; i++) {
      const codePoint = piece.codePointAt(i)!;
      if (codePoint > 0xffff) i++;
      table[codePoint]!++;
      length++;
    }
  });
  if (length === 0) {
    throw new InputError(
      `${reading(path)}: the file is empty; it must have at least one character`,
    );
  }
  const occurrences = new Map<number, number>();
  table.forEach((count, codePoint) => {
    if (count > 0) occurrences.set(codePoint, count);
  });
  return { ...result, occurrences, length };
}

async function encodeFile(
  path: string,
  vocabulary: Vocabulary,
  tally: Tally,
): Promise<Corpus> {
  const ids = idArray(vocabulary.size, tally.length);
  let length = 0;
  let line = 1;
  let column = 0;
  let unknown: string | undefined;
  const result = await readTextFile(path, (piece) => {
    for (let i = 0; i < piece.length; i++) {
      const codePoint = piece.codePointAt(i)!;
      if (codePoint > 0xffff) i++;
      column++;
      const id = vocabulary.idOf(codePoint);
      if (id === undefined) {
        unknown ??= unknownCharacter(
          reading(path),
          codePoint,
          `line ${line}, character ${column}`,
          vocabulary.size,
        );
      } else ids[length] = id;
      length++;
      if (codePoint === 0x0a) {
        line++;
        column = 0;
      }
    }
  });
  if (result.sha256 !== tally.sha256) {
    throw new InputError(
      `${
        reading(path)
      }: the file changed while it was read; it must stay as it is until it has been read`,
    );
  }
  if (unknown !== undefined) throw new InputError(unknown);
  const counts = new Array<number>(vocabulary.size).fill(0);
  for (const [codePoint, count] of tally.occurrences) {
    counts[vocabulary.idOf(codePoint)!] = count;
  }
  return { path, vocabulary, ids, counts, ...result };
}

function idArray(size: number, length: number): CharacterIds {
  if (size <= 2 ** 8) return new Uint8Array(length);
  if (size <= 2 ** 16) return new Uint16Array(length);
  return new Uint32Array(length);
}
