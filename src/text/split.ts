import * as v from "valibot";

/** A range of a text: from `start` up to, not including, `end`, in characters. */
export type Span = readonly [start: number, end: number];

const position = v.number("must be a number");

/** The schema of spans; whether they lie within a text is checked where it is known. */
export const spansSchema: v.GenericSchema<readonly Span[]> = v.array(
  v.strictTuple([position, position], "must be a pair of positions"),
  "must be an array of pairs of positions",
);

/** The training, validation and test parts of a text, each in the order of the text. */
export interface Split {
  /** The training part: one span, or one of each piece; the whole text if nothing is held out. */
  readonly train: readonly Span[];
  /** The validation part; empty when the fraction is 0, or the text too short. */
  readonly validation: readonly Span[];
  /** The test part; empty when the fraction is 0, or the text too short. */
  readonly test: readonly Span[];
}

/** Options of {@linkcode splitCorpus}. */
export interface SplitOptions {
  /** Fraction of the text for validation: 0 to below 1. */
  readonly valFraction: number;
  /** Fraction of the text for the test: 0 to below 1; together below 1. Default: 0. */
  readonly testFraction?: number;
  /** Number of equal pieces of the text, each with parts of its own. Default: 1. */
  readonly pieces?: number;
  /** Characters that the training part must keep. Default: 0. */
  readonly minTrainChars?: number;
}

/**
 * Splits each piece of a text into a training part, a validation part and a test part, in this
 * order. Characters left over when the text is cut into pieces belong to no part.
 *
 * A part that is held out has at least two characters of each piece: one to read, and one to
 * predict. It is left out when the training part would become too short: training comes before
 * validation, and validation before the test.
 *
 * @param length Characters of the text.
 * @param options What is held out.
 *
 * @example
 * ```ts
 * import { splitCorpus } from "./split.ts";
 *
 * const { train, validation } = splitCorpus(1000, { valFraction: 0.05 });
 * console.log(train, validation); // [[0, 950]] [[950, 1000]]
 * const { test } = splitCorpus(1000, { valFraction: 0.05, testFraction: 0.1, pieces: 2 });
 * console.log(test); // [[450, 500], [950, 1000]]
 * ```
 */
export function splitCorpus(
  length: number,
  { valFraction, testFraction = 0, pieces = 1, minTrainChars = 0 }: SplitOptions,
): Split {
  const piece = Math.floor(length / pieces);
  const holdOut = (fraction: number, available: number) => {
    const chars = Math.floor(piece * fraction);
    return chars >= 2 && (available - chars) * pieces >= minTrainChars ? chars : 0;
  };
  const validation = holdOut(valFraction, piece);
  const test = holdOut(testFraction, piece - validation);
  const part = (from: number, to: number): Span[] =>
    from === to ? [] : Array.from({ length: pieces }, (_, i) => [i * piece + from, i * piece + to]);
  return {
    train: part(0, piece - validation - test),
    validation: part(piece - validation - test, piece - test),
    test: part(piece - test, piece),
  };
}

/**
 * Splits spans where a text begins, so that each lies in one text. What has no two characters is
 * left out, as nothing in it can be predicted.
 *
 * @example
 * ```ts
 * import { splitAtTexts } from "./split.ts";
 *
 * const texts = [{ start: 0 }, { start: 7 }, { start: 20 }];
 * console.log(splitAtTexts([[5, 15]], texts)); // [[5, 7], [7, 15]]
 * ```
 */
export function splitAtTexts(
  spans: readonly Span[],
  texts: readonly { readonly start: number }[],
): readonly Span[] {
  if (texts.length < 2) return spans;
  return spans.flatMap(([start, end]) => {
    const inside = texts.filter(({ start: at }) => at > start && at < end).map(({ start }) =>
      start
    );
    const from = [start, ...inside];
    const parts = from.map((at, i): Span => [at, from[i + 1] ?? end]);
    return parts.filter(([start, end]) => end - start >= 2);
  });
}

/** Counts the characters of spans. */
export function countChars(spans: readonly Span[]): number {
  return spans.reduce((sum, [start, end]) => sum + end - start, 0);
}

/** Counts the characters of spans that are predicted: all but the first of each. */
export function countPredicted(spans: readonly Span[]): number {
  return countChars(spans) - spans.length;
}
