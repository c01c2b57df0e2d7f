import { withContext } from "../errors.ts";
import { quotePath } from "../json.ts";
import type { Corpus } from "./corpus.ts";
import { listUnknown, unknownCharacter } from "./unknown_characters.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** What is needed of a corpus to read it in the ids of any vocabulary. */
export type EncodedText =
  & Pick<Corpus, "path" | "length" | "vocabulary" | "read">
  & Partial<Pick<Corpus, "texts">>;

/** Characters that are searched at a time. */
const BLOCK_LENGTH = 1 << 16;

/**
 * Returns a text in the ids of another vocabulary: ids mean nothing to a model of another one.
 *
 * @returns The text itself if its vocabulary is an equal one; else a view of it, which reads from
 * it and need not be closed.
 * @throws {InputError} naming the first character that the vocabulary lacks.
 * @throws {TextError} as {@linkcode Corpus.read} does.
 *
 * @example
 * ```ts
 * import { corpusFromText, Vocabulary } from "../mod.ts";
 * import { reencode } from "./reencode.ts";
 *
 * const corpus = corpusFromText("bad");
 * const letters = reencode(corpus, Vocabulary.fromText("abcdefg"));
 * console.log(corpus.read(0, 3), letters.read(0, 3)); // [1, 0, 2] [1, 0, 3]
 * ```
 */
export function reencode(corpus: EncodedText, vocabulary: Vocabulary): EncodedText {
  if (corpus.vocabulary.equals(vocabulary)) return corpus;
  const { path, length, texts } = corpus;
  /** The new id of each old id. */
  const ids = new Uint32Array(corpus.vocabulary.size);
  const unknown = new Set<number>();
  for (const [id, character] of [...corpus.vocabulary.characters].entries()) {
    const newId = vocabulary.idOf(character.codePointAt(0)!);
    if (newId === undefined && vocabulary.unknown === undefined) unknown.add(id);
    else ids[id] = newId ?? vocabulary.unknown!;
  }
  // A vocabulary may have characters that do not occur in the text.
  if (unknown.size > 0) checkAbsent(corpus, unknown, vocabulary);
  return {
    path,
    length,
    vocabulary,
    ...texts === undefined ? {} : { texts },
    read(start, count, options) {
      const read = corpus.read(start, count, options);
      for (let i = 0; i < count; i++) read[i] = ids[read[i]!]!;
      return read;
    },
  };
}

/**
 * Returns a corpus in the ids of another vocabulary, as {@linkcode reencode} does for what is read
 * only. Disposing of it disposes of the corpus.
 *
 * @throws {InputError} naming the first character that the vocabulary lacks.
 */
export function withVocabulary(corpus: Corpus, vocabulary: Vocabulary): Corpus {
  const { read } = reencode(corpus, vocabulary);
  if (corpus.vocabulary.equals(vocabulary)) return corpus;
  const { path, texts, reading, length, unknown, bytes, sha256 } = corpus;
  const counts = new Array<number>(vocabulary.size).fill(0);
  for (const [id, character] of [...corpus.vocabulary.characters].entries()) {
    const newId = vocabulary.idOf(character.codePointAt(0)!) ?? vocabulary.unknown;
    if (newId !== undefined) counts[newId]! += corpus.counts[id]!;
  }
  return {
    ...{ path, texts, reading, vocabulary, length, counts, unknown, bytes, sha256, read },
    hashInSlices: (bytes) => corpus.hashInSlices(bytes),
    [Symbol.dispose]: () => corpus[Symbol.dispose](),
  };
}

/** @throws {InputError} if some ids occur, naming the first and listing all. */
function checkAbsent(corpus: EncodedText, unknown: ReadonlySet<number>, to: Vocabulary): void {
  const codePointOf = (id: number) => corpus.vocabulary.decode([id]).codePointAt(0)!;
  const lineBreak = corpus.vocabulary.idOf(0x0a);
  let line = 1;
  let column = 0;
  let first: { readonly codePoint: number; readonly where: string } | undefined;
  const counts = new Map<number, number>();
  for (let at = 0; at < corpus.length; at += BLOCK_LENGTH) {
    for (const id of corpus.read(at, Math.min(BLOCK_LENGTH, corpus.length - at))) {
      column++;
      if (unknown.has(id)) {
        const codePoint = codePointOf(id);
        first ??= { codePoint, where: `line ${line}, character ${column}` };
        counts.set(codePoint, (counts.get(codePoint) ?? 0) + 1);
      }
      if (id === lineBreak) {
        line++;
        column = 0;
      }
    }
  }
  if (first === undefined) return;
  const { codePoint, where } = first;
  withContext(`Cannot read the text ${quotePath(corpus.path)}`, () => {
    throw unknownCharacter(codePoint, { where, vocabulary: to, unknown: listUnknown(counts) });
  });
}
