/** Estimates of what training costs, by which models and durations are picked. */
import { cells } from "../model/cells.ts";
import type { Config } from "../model/config.ts";

/** Length and alphabet of a text, for example of a {@linkcode Corpus}. */
export interface TextSize {
  /** Characters. */
  readonly length: number;
  /** The distinct characters. */
  readonly vocabulary: {
    /** V, their number. */
    readonly size: number;
  };
}

/** Estimated floating-point operations per second: two cores of a server of 2022. */
export const FLOP_PER_SECOND = 65e9;
/** The vocabulary size of most texts: letters, digits and punctuation. Smaller ones save little. */
const USUAL_VOCABULARY = 80;
/** A vocabulary that is larger counts in the choice of model and duration. */
export const LARGE_VOCABULARY = 128;
/** Time that a large alphabet may take in a run without limits. */
const LARGE_ALPHABET_SECONDS = 240;
/**
 * Operations that softmax and memory traffic of a logit of a large alphabet take the time of: with
 * 30,000 characters and 64 hidden units, half of the time.
 */
const FLOP_PER_LOGIT = 400;
/**
 * Time to validate a character beside that to train on one: of forward pass, backward pass and weight
 * gradients, which take about as long, it is the first.
 */
export const VALIDATION_COST = 1 / 3;

/**
 * Estimates the floating-point operations of training on one character: a multiplication and an
 * addition for each weight, once forward and twice backward. The input is one-hot, so its weights
 * cost nothing.
 */
export function flopPerChar(
  { cell, layers, hidden }: Pick<Config, "cell" | "layers" | "hidden">,
  vocabularySize: number,
): number {
  const recurrent = cells[cell].gates * hidden * hidden * (2 * layers - 1);
  const logits = Math.max(USUAL_VOCABULARY, vocabularySize);
  const softmax = FLOP_PER_LOGIT * Math.max(0, logits - LARGE_VOCABULARY);
  return 6 * (recurrent + hidden * logits) + softmax;
}

/**
 * The number of characters that a default run trains on, when an ordinary alphabet would have
 * `chars`: with a large one, as many as there are in four minutes, unless an ordinary alphabet
 * would take longer too.
 */
export function affordableChars(
  chars: number,
  config: Pick<Config, "cell" | "layers" | "hidden">,
  vocabularySize: number,
): number {
  if (vocabularySize <= LARGE_VOCABULARY) return chars;
  const cost = flopPerChar(config, vocabularySize);
  const budget = Math.max(
    LARGE_ALPHABET_SECONDS * FLOP_PER_SECOND,
    chars * flopPerChar(config, LARGE_VOCABULARY),
  );
  return Math.min(chars, budget / cost);
}
