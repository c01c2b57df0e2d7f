import { InputError } from "../errors.ts";
import type { Vocabulary } from "../text/vocabulary.ts";

/** What every generated text begins from, and how long it gets. */
export interface TextOptions {
  /**
   * The text to continue, of any length. Default: a line feed if the model knows one, else its first
   * character; that one is not part of the result.
   */
  readonly prompt?: string;
  /** How many characters to generate: a whole number, 0 or above. Default: 500. */
  readonly length?: number;
}

/** How a text is drawn; see {@linkcode sample}. The filters apply in the order of their listing. */
export interface SampleOptions extends TextOptions {
  /**
   * What the logits are divided by: below 1 the likely becomes likelier, above 1 all become more
   * alike. Above 0. Default: 1.
   */
  readonly temperature?: number;
  /**
   * Draw from the K most probable characters only: a whole number, 1 or above. Default: from all.
   */
  readonly topK?: number;
  /**
   * Draw only from the fewest characters, the most probable ones, whose probabilities come to P in
   * sum, of those that top-k left: above 0, at most 1. Default: from all.
   */
  readonly topP?: number;
  /**
   * Always take the most probable character, instead of drawing one. Default: false. None of the
   * filters, and no seed, can be given beside it: they would change nothing.
   */
  readonly greedy?: boolean;
  /** Seed of the draws: a whole number from 0 to 2^53 − 1. Default: 1. */
  readonly seed?: number;
  /** A text that ends the generated one, whose last part it is then. Default: only length ends it. */
  readonly stop?: string;
}

/** How several texts are drawn at once; see {@linkcode sampleMany}. */
export interface SampleManyOptions extends SampleOptions {
  /** How many texts: a whole number from 1 to 255. Default: 1. */
  readonly count?: number;
}

/** How the most probable text is looked for; see {@linkcode beamSearch}. */
export interface BeamOptions extends TextOptions {
  /** How many beginnings are followed at a time: a whole number from 1 to 1024. Default: 10. */
  readonly beam?: number;
}

type Given = SampleManyOptions & BeamOptions;

/** Text i has the generator's stream 1 + i, and there are 256; training uses stream 0. */
const MOST_TEXTS = 255;
const MOST_BEAMS = 1024;

const whole = (low: number, high = Infinity) => (n: number) =>
  Number.isSafeInteger(n) && n >= low && n <= high;

/** What each number must be; the names are the command line's. */
const ranges: readonly {
  readonly key: "length" | "temperature" | "topK" | "topP" | "count" | "beam";
  readonly accepts: (n: number) => boolean;
  readonly wanted: string;
  /** What would do what 0 was meant to do. */
  readonly zero?: string;
}[] = [
  { key: "length", accepts: whole(0), wanted: "a whole number, 0 or above" },
  {
    key: "temperature",
    accepts: (x) => Number.isFinite(x) && x > 0,
    wanted: "a finite number above 0",
    zero: "for the most probable characters, use greedy",
  },
  {
    key: "topK",
    accepts: whole(1),
    wanted: "a whole number, 1 or above",
    zero: "to draw from all characters, leave it out",
  },
  {
    key: "topP",
    accepts: (x) => x > 0 && x <= 1,
    wanted: "a number above 0, at most 1",
    zero: "for the most probable characters, use greedy",
  },
  { key: "count", accepts: whole(1, MOST_TEXTS), wanted: `a whole number from 1 to ${MOST_TEXTS}` },
  { key: "beam", accepts: whole(1, MOST_BEAMS), wanted: `a whole number from 1 to ${MOST_BEAMS}` },
];

/** Which options cannot be given beside another, and why. */
const conflicts: readonly {
  readonly key: "beam" | "greedy";
  readonly others: readonly (keyof Given)[];
  readonly why: string;
}[] = [
  {
    key: "beam",
    others: ["temperature", "topK", "topP", "greedy", "seed"],
    why: "a beam search draws nothing: it looks for the one text that is most probable",
  },
  { key: "beam", others: ["count"], why: "a beam search finds one text" },
  { key: "beam", others: ["stop"], why: "a beam search compares texts of the same length" },
  {
    key: "greedy",
    others: ["temperature", "topK", "topP", "seed"],
    why: "the most probable character is the same with any",
  },
  { key: "greedy", others: ["count"], why: "all texts would be the same" },
];

/**
 * Checks options of any kind together, apart from those that are texts.
 *
 * @throws {InputError} when one is out of its range, or two cannot be given together.
 */
export function checkOptions(given: Given): void {
  for (const { key, accepts, wanted, zero } of ranges) {
    const value = given[key];
    if (value === undefined || accepts(value)) continue;
    const hint = value === 0 && zero !== undefined ? `; ${zero}` : "";
    throw new InputError(`Cannot sample: "${nameOf(key)}" must be ${wanted}, not ${value}${hint}`);
  }
  // One text, and not to be greedy, are what holds anyway.
  const says = (key: keyof Given) =>
    given[key] !== undefined && given[key] !== false && !(key === "count" && given.count === 1);
  for (const { key, others, why } of conflicts) {
    const other = says(key) ? others.find(says) : undefined;
    if (other === undefined) continue;
    throw new InputError(
      `Cannot sample with both "${key}" and "${nameOf(other)}": ${why}; leave one of them out`,
    );
  }
}

/** The ids that a text begins from. */
export function promptIds(prompt: string | undefined, vocabulary: Vocabulary): Uint32Array {
  if (prompt === undefined) return Uint32Array.of(vocabulary.idOf(0x0a) ?? 0);
  if (prompt === "") {
    throw new InputError(`Cannot sample: the prime text is empty; it must have a character`);
  }
  return vocabulary.encode(prompt, "Cannot sample from the prime text");
}

/** @throws {InputError} when a text can never come to its end by this one. */
export function checkStop(stop: string, vocabulary: Vocabulary): void {
  if (stop === "") {
    throw new InputError(
      `Cannot sample: the stop text is empty; it must have a character, or be left out`,
    );
  }
  vocabulary.encode(stop, "Cannot sample up to the stop text");
}

/** How an option is called in an error. */
function nameOf(key: keyof Given): string {
  return key === "topK" ? "top-k" : key === "topP" ? "top-p" : key;
}
