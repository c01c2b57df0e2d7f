import { type ByteSource, reading, TextFile } from "./text_file.ts";
import { InputError } from "../errors.ts";
import { Utf8Scanner } from "./scan.ts";
import { Utf8Corpus } from "./utf8_corpus.ts";
import { Vocabulary } from "./vocabulary.ts";

/**
 * A text as numbers, ready for training or evaluation.
 *
 * It may be larger than memory: then it stays in its file, which is open until
 * {@linkcode Corpus.close} and must stay as it is until then.
 */
export interface Corpus extends Disposable {
  /** The file's path, or the name that the text was given. */
  readonly path: string;
  /** The characters that the ids stand for. */
  readonly vocabulary: Vocabulary;
  /** Length of the text in characters. */
  readonly length: number;
  /** How often each id occurs, [V]. */
  readonly counts: readonly number[];
  /** Length of the text in UTF-8, in bytes. */
  readonly bytes: number;
  /** SHA-256 of the text in UTF-8, in lower-case hexadecimal digits. */
  readonly sha256: string;
  /**
   * The ids of `count` characters from `start` on, found without reading what comes before them.
   *
   * @param start Where to begin, in characters.
   * @param into An array for the ids, at its start; a new one by default.
   * @returns The array.
   * @throws {TextError} when the text's file has changed since it was opened, or cannot be read.
   * @throws {Error} when the corpus was closed.
   * @throws {RangeError} when that is no part of the text, or the array is too short.
   */
  read(start: number, count: number, into?: Uint32Array): Uint32Array;
  /** Closes the text's file, if it is open. A `using` declaration does the same. */
  close(): void;
}

/** How far the reading of a file has come. */
export interface ReadProgress {
  /** Bytes read so far. */
  readonly bytes: number;
  /** Bytes of the whole file. */
  readonly total: number;
}

/** Options of {@linkcode readCorpus}. */
export interface ReadOptions {
  /** The vocabulary to read the text in, for example a model's. Default: the text's own. */
  readonly vocabulary?: Vocabulary | undefined;
  /** Called several times for every MiB that was read. */
  readonly onProgress?: (progress: ReadProgress) => void;
  /**
   * The most bytes of a file that are held in memory. A longer file stays open, and is read where
   * it is needed. Default: 64 MiB.
   */
  readonly heldBytes?: number;
}

const HELD_BYTES = 64 * 2 ** 20;
/** Bytes read at a time: few calls, and a small part of any memory. */
const PIECE = 1 << 18;

/**
 * Reads a UTF-8 file of any length.
 *
 * All of it is read once, in pieces. Of a file that is not held in memory nothing is kept but the
 * counts of its characters and where some of them are, in a few MiB at most.
 *
 * @throws {InputError} when the file is missing, not a file, not readable, empty or not UTF-8, or
 * when it changes meanwhile, or has a character that is not in the given vocabulary.
 *
 * @example
 * ```ts
 * import { readCorpus } from "./corpus.ts";
 *
 * using corpus = await readCorpus("examples/alice.txt");
 * console.log(corpus.vocabulary.decode(corpus.read(0, 5)), corpus.length);
 * ```
 */
export async function readCorpus(path: string, options: ReadOptions = {}): Promise<Corpus> {
  const { vocabulary: given, onProgress, heldBytes = HELD_BYTES } = options;
  using opened = new DisposableStack();
  const file = opened.use(await TextFile.open(path));
  const all = file.size <= heldBytes ? new Uint8Array(file.size) : undefined;
  const survey = new Utf8Scanner(reading(path));
  let bytes = 0;
  for await (const piece of file.pieces(PIECE)) {
    survey.add(piece);
    all?.set(piece, bytes);
    bytes += piece.length;
    onProgress?.({ bytes, total: file.size });
  }
  const result = survey.finish();
  if (result.length === 0) {
    throw new InputError(
      `${reading(path)}: the file is empty; it must have at least one character`,
    );
  }
  const vocabulary = given ?? Vocabulary.fromCodePoints(result.occurrences.keys());
  const corpus = new Utf8Corpus(path, vocabulary, result, all ? held(all) : file);
  // From here on an open file is the corpus's to close.
  if (!all) opened.move();
  return corpus;
}

/**
 * Makes a corpus of a text in memory; needs no permission, and nothing has to be closed.
 *
 * @param name What the text is called where a file would be called by its path.
 * @throws {InputError} when the text is empty, or has a surrogate that is not one of a pair.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "./corpus.ts";
 *
 * const corpus = corpusFromText("banana");
 * console.log(corpus.read(0, corpus.length)); // Uint32Array(6) [1, 0, 2, 0, 2, 0]
 * console.log(corpus.counts); // [3, 1, 2]
 * ```
 */
export function corpusFromText(text: string, name = "text"): Corpus {
  const vocabulary = Vocabulary.fromText(text);
  const utf8 = new TextEncoder().encode(text);
  const survey = new Utf8Scanner(reading(name));
  survey.add(utf8);
  return new Utf8Corpus(name, vocabulary, survey.finish(), held(utf8));
}

function held(bytes: Uint8Array): ByteSource {
  return {
    at: (offset, length) => bytes.subarray(offset, offset + length),
    [Symbol.dispose]() {},
  };
}
