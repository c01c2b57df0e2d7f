import { checkOptions as checkSchema, optionsSchema } from "../arguments.ts";
import { InputError, withContext } from "../errors.ts";
import { quote } from "../json.ts";
import { flag, text, unchecked } from "../schemas.ts";
import type { Config } from "../model/config.ts";
import type { Model } from "../model/model.ts";
import { encodeText, type Vocabulary } from "../text/vocabulary.ts";

/** The prompt and the length of a generated text. */
export interface TextOptions {
  /**
   * The text to continue, of any length. It is not part of the result. It is read from a zero hidden
   * state, which training hardly ever sees, so the first word or line after a prompt of a few
   * characters may be malformed; from about 20 characters on the start makes no difference.
   *
   * Default: none. The text begins like a later one of the model's lines: after a burn-in of at
   * least 200 characters that are thrown away, after the next blank line or, if none comes, a line
   * break, the end of a sentence or a space. The burn-in is drawn by the seed, in greedy decoding and beam search by seed 1.
   */
  readonly prompt?: string;
  /** Number of characters to generate: a whole number, 0 or above. Default: 500. */
  readonly length?: number;
}

/**
 * How a text is sampled; see {@linkcode sample}. The filters apply in this order: temperature,
 * top-k, top-p.
 */
export interface SampleOptions extends TextOptions {
  /**
   * What the logits are divided by before softmax. Below 1 the text is more predictable, above 1
   * more varied. Above 0. Default: 1.
   */
  readonly temperature?: number;
  /**
   * Sample from the k most probable characters only: a whole number, 1 or above. Default: all
   * characters.
   */
  readonly topK?: number;
  /**
   * Nucleus sampling: sample from the smallest set of characters whose probabilities sum to at
   * least p. Above 0, at most 1. Default: 1, all characters.
   */
  readonly topP?: number;
  /**
   * Greedy decoding: always take the most probable character. It excludes the filters and the seed,
   * which would have no effect. Default: false.
   */
  readonly greedy?: boolean;
  /** Seed of the random numbers: a whole number from 0 to 2^53 − 1. Default: 1. */
  readonly seed?: number;
  /**
   * A text after whose first occurrence generation ends; it is part of the result. An occurrence
   * that begins in the prompt does not count. Default: generation ends by length only.
   */
  readonly stop?: string;
}

/** How several texts are sampled; see {@linkcode sampleMany}. */
export interface SampleManyOptions extends SampleOptions {
  /** Number of texts: a whole number, 1 or above. Default: 1. */
  readonly count?: number;
}

/** Options of a beam search; see {@linkcode beamSearch}. */
export interface BeamOptions extends TextOptions {
  /** Beam width: a whole number from 1 to 1024. Default: 10. */
  readonly beam?: number;
}

/** All options of this folder's functions together, as a command line may combine them. */
export type GenerateOptions = SampleManyOptions & BeamOptions;

/** Defaults of the options that have one; without `topK` and `topP` all characters are kept. */
export const generateDefaults = {
  length: 500,
  temperature: 1,
  seed: 1,
  count: 1,
  beam: 10,
} as const satisfies GenerateOptions;

/** The widest beam, which bounds memory: the engine computes one stream per hypothesis. */
export const MAX_BEAM = 1024;

type NumberName = "length" | "temperature" | "topK" | "topP" | "seed" | "count" | "beam";

/** What values a number may have. */
interface Range {
  readonly includes: (x: number) => boolean;
  /** The range in words. */
  readonly expected: string;
  /** What to use instead of 0. */
  readonly insteadOfZero?: string;
}

function integers(min: number, max = Infinity): Range {
  return {
    includes: (x) => Number.isSafeInteger(x) && x >= min && x <= max,
    expected: `a whole number${max === Infinity ? `, ${min} or above` : ` from ${min} to ${max}`}`,
  };
}

const insteadOfZero = 'to always take the most probable character, use "greedy"';

const ranges: Readonly<Record<NumberName, Range>> = {
  length: integers(0),
  temperature: {
    includes: (x) => Number.isFinite(x) && x > 0,
    expected: "a finite number above 0",
    insteadOfZero,
  },
  topK: { ...integers(1), insteadOfZero: "to sample from all characters, leave it out" },
  topP: {
    includes: (x) => x > 0 && x <= 1,
    expected: "a number above 0, at most 1",
    insteadOfZero,
  },
  seed: integers(0, Number.MAX_SAFE_INTEGER),
  count: integers(1),
  beam: integers(1, MAX_BEAM),
};

/** Which options cannot be combined, and why. */
const conflicts: readonly {
  readonly name: "beam" | "greedy";
  readonly others: readonly (keyof GenerateOptions)[];
  readonly reason: string;
}[] = [
  {
    name: "beam",
    others: ["temperature", "topK", "topP", "greedy", "seed"],
    reason: "a beam search does not sample",
  },
  { name: "beam", others: ["count"], reason: "a beam search finds one text" },
  { name: "beam", others: ["stop"], reason: "a beam search compares texts of equal length" },
  {
    name: "greedy",
    others: ["temperature", "topK", "topP", "seed"],
    reason: "the most probable character does not depend on it",
  },
  { name: "greedy", others: ["count"], reason: "all texts would be the same" },
];

/**
 * Checks options of sampling and beam search together, apart from the prompt and the stop text.
 *
 * @throws {InputError} if one is out of its range, or two cannot be combined. Its `option` is the
 * wrong one.
 */
export function checkOptions(options: GenerateOptions): void {
  for (const name of Object.keys(ranges) as NumberName[]) {
    const value = options[name];
    const { includes, expected, insteadOfZero } = ranges[name];
    if (value === undefined || typeof value === "number" && includes(value)) continue;
    const hint = value === 0 && insteadOfZero !== undefined ? `; ${insteadOfZero}` : "";
    throw new InputError(
      `Cannot sample: "${name}" must be ${expected}, not ${quote(value)}${hint}`,
      {
        option: name,
      },
    );
  }
  for (const { name, others, reason } of conflicts) {
    const other = isInEffect(options, name)
      ? others.find((other) => isInEffect(options, other))
      : undefined;
    if (other === undefined) continue;
    throw new InputError(
      `Cannot sample with both "${name}" and "${other}": ${reason}; leave one of them out`,
      { option: other },
    );
  }
}

// checkOptions() checks the ranges, and hints at what to use instead of 0.
const textKeys = { prompt: text, length: unchecked };
const sampleKeys = {
  ...textKeys,
  temperature: unchecked,
  topK: unchecked,
  topP: unchecked,
  greedy: flag,
  seed: unchecked,
  stop: text,
};
const schemas = {
  sample: optionsSchema(sampleKeys),
  sampleMany: optionsSchema({ ...sampleKeys, count: unchecked }),
  beamSearch: optionsSchema({ ...textKeys, beam: unchecked }),
};

/**
 * Checks the options of a function of this folder: their names, their types and their ranges.
 *
 * @param options What was passed.
 * @param callee The function.
 * @returns A copy.
 * @throws {InputError} if a name is unknown, and as {@linkcode checkOptions} does.
 */
export function checkOptionsOf<T extends GenerateOptions>(
  options: T,
  callee: keyof typeof schemas,
): T {
  const copy = checkSchema(options, { schema: schemas[callee], context: "Cannot sample" });
  checkOptions(copy);
  return copy;
}

/** Whether an option is given and changes something: `greedy: false` and `count: 1` do not. */
function isInEffect(options: GenerateOptions, name: keyof GenerateOptions): boolean {
  const value = options[name];
  return value !== undefined && value !== false && !(name === "count" && value === 1);
}

/** Whether each example of a model was a line, so that it writes whole lines. */
export function isOfLines({ holdout }: Pick<Config, "holdout">): boolean {
  return holdout === "lines";
}

/** The id of the character that ends lines, if the vocabulary has one. */
export function lineBreakId(vocabulary: Vocabulary): number | undefined {
  return vocabulary.idOf(0x0a) ?? vocabulary.idOf(0x0d);
}

/**
 * Encodes the prompt as ids, at least one.
 *
 * @throws {InputError} if it is empty or has a character that is not in the vocabulary.
 */
export function encodePrompt(
  prompt: string | undefined,
  { vocabulary, config }: Pick<Model, "vocabulary" | "config">,
): Uint32Array {
  if (prompt === undefined) return Uint32Array.of(lineBreakId(vocabulary) ?? 0);
  const ids = encodeOption("prompt", prompt, vocabulary);
  // A line is read from the line break before it.
  return isOfLines(config) ? Uint32Array.of(lineBreakId(vocabulary)!, ...ids) : ids;
}

/**
 * Checks that generation can reach the stop text.
 *
 * @throws {InputError} if it is empty or has a character that is not in the vocabulary.
 */
export function checkStop(stop: string, vocabulary: Vocabulary): void {
  encodeOption("stop", stop, vocabulary);
}

function encodeOption(option: "prompt" | "stop", text: string, vocabulary: Vocabulary) {
  return withContext(`Cannot sample with this "${option}"`, () => {
    if (text === "") throw new InputError("it is empty; it must have at least one character");
    return encodeText(text, vocabulary);
  }, { option });
}
