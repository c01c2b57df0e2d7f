/** A stretch of a text: from `start` up to, not including, `end`, in characters. */
export type Span = readonly [start: number, end: number];

/** Which parts of a text train a model and validate it. */
export interface Split {
  /** The part to train on; the whole text when there is no validation part. */
  readonly train: Span;
  /** The part held out, at the end; `null` when the text is too short for one, or none is wanted. */
  readonly validation: Span | null;
}

/**
 * Holds out the last ⌊length · val⌋ characters of a text for validation.
 *
 * They are used only if there are at least two, one to read and one to predict, and if the training
 * part keeps as many as it needs: training a short text comes before validating.
 *
 * @param length Characters in the text.
 * @param val Share to hold out: 0 up to, not including, 1.
 * @param needed Characters that the training part must keep.
 *
 * @example
 * ```ts
 * import { splitCorpus } from "./split.ts";
 *
 * console.log(splitCorpus(1000, 0.05, 27)); // { train: [0, 950], validation: [950, 1000] }
 * console.log(splitCorpus(1000, 0.05, 960)); // { train: [0, 1000], validation: null }
 * ```
 */
export function splitCorpus(
  length: number,
  val: number,
  needed: number,
): Split {
  const held = Math.floor(length * val);
  const kept = length - held;
  return held >= 2 && kept >= needed
    ? { train: [0, kept], validation: [kept, length] }
    : { train: [0, length], validation: null };
}
