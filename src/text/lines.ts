/** The lines of a text, each of which is an example. */

import { InputError } from "../errors.ts";
import type { Corpus } from "./corpus.ts";
import type { Span, Split } from "./split.ts";

const LINE_FEED = 0x0a;
/** Characters that are read at a time. */
const BLOCK_LENGTH = 1 << 16;
/** Lines of a text at most: their places and spans take some 100 bytes each. */
const MAX_LINES = 1 << 22;

/** The lines of a text that are not empty. */
export interface Lines {
  /** Where each begins, in characters. */
  readonly starts: Float64Array;
  /** The characters of each, without its line break. */
  readonly lengths: Uint32Array;
  /** A hash of each, with which it is assigned to a part of the text. */
  readonly hashes: Uint32Array;
}

/**
 * Finds the lines of a text.
 *
 * @throws {InputError} if it has no line break, no line, or too many lines.
 * @throws {TextError} as {@linkcode Corpus.read} does.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "./corpus.ts";
 * import { findLines } from "./lines.ts";
 *
 * console.log(findLines(corpusFromText("Ada\n\nGrace\n")).lengths); // Uint32Array(2) [3, 5]
 * ```
 */
export function findLines(corpus: Pick<Corpus, "length" | "vocabulary" | "read">): Lines {
  const lineBreak = corpus.vocabulary.idOf(LINE_FEED);
  if (lineBreak === undefined) {
    throw new InputError(
      "it has no line break; with one example a line it must have several lines",
    );
  }
  const starts: number[] = [];
  const lengths: number[] = [];
  const hashes: number[] = [];
  let start = 0;
  let hash = HASH_START;
  const end = (position: number) => {
    if (position > start) {
      starts.push(start);
      lengths.push(position - start);
      hashes.push(finish(hash));
    }
    start = position + 1;
    hash = HASH_START;
  };
  for (let at = 0; at < corpus.length; at += BLOCK_LENGTH) {
    const ids = corpus.read(at, Math.min(BLOCK_LENGTH, corpus.length - at));
    for (const [i, id] of ids.entries()) {
      if (id === lineBreak) end(at + i);
      else hash = Math.imul(hash ^ id, HASH_PRIME);
    }
    if (starts.length > MAX_LINES) {
      throw new InputError(`it has more than ${MAX_LINES.toLocaleString("en")} lines; take a part`);
    }
  }
  end(corpus.length);
  if (starts.length === 0) throw new InputError("all its lines are empty");
  return {
    starts: Float64Array.from(starts),
    lengths: Uint32Array.from(lengths),
    hashes: Uint32Array.from(hashes),
  };
}

/** FNV-1a (G. Fowler, L. C. Noll and K.-P. Vo), on ids instead of bytes. */
const HASH_START = 0x811c9dc5;
const HASH_PRIME = 0x01000193;

/** Spreads a hash over all bits: the finalizer of MurmurHash3 (A. Appleby). */
function finish(hash: number): number {
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return (hash ^ hash >>> 16) >>> 0;
}

/** The parts of a text by lines. */
export interface LineSplit {
  /** The same as spans: of each line with the line breaks around it. */
  readonly split: Split;
  /** The numbers of the lines to train on. */
  readonly train: Uint32Array;
}

/** The fractions of lines that are held out. */
export interface LineFractions {
  readonly valFraction: number;
  readonly testFraction: number;
}

/**
 * Splits a text by lines. A line is held out by its hash: all equal lines are in the same part, so
 * that no line is held out that is trained on, and a line stays in its part if others are added.
 */
export function splitLines(
  lines: Lines,
  { valFraction, testFraction, length }: LineFractions & { readonly length: number },
): LineSplit {
  const train: number[] = [];
  const spans: Record<keyof Split, Span[]> = { train: [], validation: [], test: [] };
  for (const [line, start] of lines.starts.entries()) {
    const x = lines.hashes[line]! / 2 ** 32;
    const part = x < valFraction ? "validation" : x < valFraction + testFraction ? "test" : "train";
    const span: Span = [
      Math.max(0, start - 1),
      Math.min(length, start + lines.lengths[line]! + 1),
    ];
    if (part === "train") train.push(line);
    if (span[1] - span[0] >= 2) spans[part].push(span);
  }
  return { split: spans, train: Uint32Array.from(train) };
}

/** Every line with the line breaks around it. */
export function spansOfLines({ starts, lengths }: Lines, length: number): Span[] {
  return Array.from(starts, (start, line): Span => [
    Math.max(0, start - 1),
    Math.min(length, start + lengths[line]! + 1),
  ]).filter(([start, end]) => end - start >= 2);
}
