/** A stretch of a text: from `start` up to, not including, `end`, in characters. */
export type Span = readonly [start: number, end: number];

/** Which parts of a text train a model, validate it and test it; each in the order of the text. */
export interface Split {
  /** What is trained on: one stretch, or one of each piece; all of the text if nothing is held out. */
  readonly train: readonly Span[];
  /** What is held out to choose by; empty when the text is too short for it, or none is wanted. */
  readonly validation: readonly Span[];
  /** What is held out until the end; empty likewise. */
  readonly test: readonly Span[];
}

/** What is held out, and of what. */
export interface HeldOut {
  /** Share to validate on: 0 up to, not including, 1. */
  readonly valFraction: number;
  /** Share to test on, after that: together below 1. Default: 0. */
  readonly testFraction?: number;
  /** Into how many equal pieces the text is cut, each with parts of its own. Default: 1. */
  readonly pieces?: number;
}

/**
 * Cuts each piece of a text into a part to train on, the first, one to validate on and one to test
 * on, the last. What is left over when the text is cut into pieces belongs to no part.
 *
 * A part that is held out has at least two characters of each piece, one to read and one to predict,
 * and leaves as many to train on as are needed: training a short text comes before validating, and
 * that before testing.
 *
 * @param length Characters in the text.
 * @param needed Characters that the training part must keep.
 *
 * @example
 * ```ts
 * import { splitCorpus } from "./split.ts";
 *
 * const { train, validation } = splitCorpus(1000, { valFraction: 0.05 }, 27);
 * console.log(train, validation); // [[0, 950]] [[950, 1000]]
 * const { test } = splitCorpus(1000, { valFraction: 0.05, testFraction: 0.1, pieces: 2 }, 27);
 * console.log(test); // [[450, 500], [950, 1000]]
 * ```
 */
export function splitCorpus(
  length: number,
  { valFraction, testFraction = 0, pieces = 1 }: HeldOut,
  needed: number,
): Split {
  const piece = Math.floor(length / pieces);
  const hold = (share: number, left: number) => {
    const held = Math.floor(piece * share);
    return held >= 2 && (left - held) * pieces >= needed ? held : 0;
  };
  const validated = hold(valFraction, piece);
  const tested = hold(testFraction, piece - validated);
  const part = (from: number, to: number): Span[] =>
    from === to ? [] : Array.from({ length: pieces }, (_, i) => [i * piece + from, i * piece + to]);
  return {
    train: part(0, piece - validated - tested),
    validation: part(piece - validated - tested, piece - tested),
    test: part(piece - tested, piece),
  };
}

/** Characters of some stretches together. */
export function charsOf(spans: readonly Span[]): number {
  return spans.reduce((sum, [start, end]) => sum + end - start, 0);
}
