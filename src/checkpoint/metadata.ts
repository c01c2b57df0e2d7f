/** The metadata of a checkpoint: untrusted strings with JSON, and their schemas. */

import * as v from "valibot";
import { InputError, withContext } from "../errors.ts";
import { parseJson, quote, validate } from "../json.ts";
import { type Config, configSchema } from "../model/config.ts";
import type { CorpusIdentity } from "../text/corpus_identity.ts";
import { UNKNOWN, Vocabulary } from "../text/vocabulary.ts";

/** The progress of a training run. */
export interface Progress {
  /** Updates of the parameters so far. */
  readonly step: number;
  /** Passes over the training part so far, with fractions. */
  readonly epoch: number;
  /** Characters trained on so far, counting repetitions. */
  readonly chars: number;
  /** Characters of each stream that the current pass has read. */
  readonly position: number;
  /** Smoothed training loss in nats per character; `null` when unknown. */
  readonly loss: number | null;
  /** Training loss of the last batch in nats per character; `null` when unknown. */
  readonly batchLoss: number | null;
  /** Latest validation loss in nats per character; `null` before the first validation. */
  readonly validationLoss: number | null;
  /** Lowest validation loss in nats per character; `null` before the first validation. */
  readonly bestValidationLoss: number | null;
  /** Step of the latest validation; `null` before the first. */
  readonly validatedStep: number | null;
  /** Step of the lowest validation loss; `null` before the first. */
  readonly bestStep: number | null;
  /** Step of the latest metrics that were logged at their interval; `null` before the first. */
  readonly loggedStep: number | null;
  /** Validations in a row without a new lowest loss. */
  readonly validationsSinceBest: number;
  /** How often the schedule `plateau` has lowered the learning rate. */
  readonly lrReductions: number;
  /** Count of steps in a row that were worse than uniform guessing; many are divergence. */
  readonly badSteps: number;
  /** Smoothed training loss at half of the steps that are divergence; `null` before. */
  readonly badLoss: number | null;
  /** Whether the run has reached its limit. */
  readonly ended: boolean;
  /** Seconds of training, without the time between stop and resume. */
  readonly elapsedSeconds: number;
}

/** The contents of a checkpoint apart from its tensors. */
export interface CheckpointMetadata {
  /** The configuration that the model was trained with. */
  readonly config: Config;
  /** The characters of the model. */
  readonly vocabulary: Vocabulary;
  /** The progress of the training. */
  readonly progress: Progress;
  /** The text that the model was trained on; `null` when unknown. */
  readonly corpus: CorpusIdentity | null;
}

/** The version of the checkpoint format, raised when older files can no longer be read. */
export const FORMAT = "unroll-checkpoint-2";

const number = (accepts: (n: number) => boolean, expected: string) =>
  v.pipe(v.number(expected), v.check(accepts, expected));

const count = number(
  (n) => Number.isSafeInteger(n) && n >= 0,
  "must be a whole number, 0 or above",
);
const amount = number((n) => Number.isFinite(n) && n >= 0, "must be a finite number, 0 or above");
const loss = v.nullable(amount);
const step = v.nullable(count);

const progressSchema = v.strictObject({
  step: count,
  epoch: amount,
  chars: count,
  position: count,
  loss,
  batchLoss: loss,
  validationLoss: loss,
  bestValidationLoss: loss,
  validatedStep: step,
  bestStep: step,
  loggedStep: step,
  validationsSinceBest: count,
  lrReductions: count,
  badSteps: count,
  badLoss: loss,
  ended: v.boolean("must be true or false"),
  elapsedSeconds: amount,
});

// A loss that is not finite is written as null.
const anyLoss = v.nullable(v.custom<number>((x) => typeof x === "number", "must be a number"));

const givenProgressSchema = v.strictObject({
  ...progressSchema.entries,
  loss: anyLoss,
  batchLoss: anyLoss,
  validationLoss: anyLoss,
  bestValidationLoss: anyLoss,
});

/**
 * Checks the progress of a checkpoint that a program made.
 *
 * @throws {InputError} naming the first key that is wrong.
 */
export function checkProgress(progress: Progress): void {
  validate(givenProgressSchema, progress);
}

const corpusSchema = v.nullable(v.strictObject({
  path: v.string("must be a string"),
  chars: count,
  bytes: count,
  texts: v.exactOptional(count),
  sha256: v.pipe(
    v.string("must be a string"),
    v.regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits in lower case"),
  ),
}));

const vocabularySchema = v.pipe(
  v.string("must be a string of all characters"),
  v.check((text) => text !== "" && text.isWellFormed(), "must be text of at least one character"),
  v.check(isAscending, "must be in the order of code points, without duplicates"),
  v.transform((text) => Vocabulary.fromText(text)),
);

/** Whether each code point is greater than the one before. */
function isAscending(text: string): boolean {
  let previous = -1;
  for (let i = 0; i < text.length; i++) {
    const codePoint = text.codePointAt(i)!;
    if (codePoint <= previous) return false;
    if (codePoint > 0xffff) i++;
    previous = codePoint;
  }
  return true;
}

/** What says that a vocabulary has an unknown symbol. */
export const UNKNOWN_SYMBOL = JSON.stringify(String.fromCodePoint(UNKNOWN));

/** The vocabulary with its unknown symbol, if the metadata says that it has one. */
function parseVocabulary(strings: Readonly<Record<string, string>>): Vocabulary {
  const vocabulary = parseValue("vocabulary", { schema: vocabularySchema, strings });
  if (strings.unknown === undefined) return vocabulary;
  if (strings.unknown !== UNKNOWN_SYMBOL || !vocabulary.has(UNKNOWN)) {
    throw new InputError(
      `the metadata's "unknown" must be ${UNKNOWN_SYMBOL}, a character of its vocabulary, not ` +
        quote(strings.unknown),
    );
  }
  return Vocabulary.fromText(vocabulary.characters, { unknown: true });
}

/** The progress of a model that another program trained. */
const initialProgress: Progress = Object.freeze({
  step: 0,
  epoch: 0,
  chars: 0,
  position: 0,
  loss: null,
  batchLoss: null,
  validationLoss: null,
  bestValidationLoss: null,
  validatedStep: null,
  bestStep: null,
  loggedStep: null,
  validationsSinceBest: 0,
  lrReductions: 0,
  badSteps: 0,
  badLoss: null,
  ended: false,
  elapsedSeconds: 0,
});

/**
 * Formats metadata as strings: `format`, and JSON under `config`, `vocabulary` (a string of all
 * characters), `unknown` (the unknown symbol, if there is one), `progress` and `corpus`.
 *
 * JSON has no NaN and no infinity: such a loss becomes `null`.
 */
export function formatMetadata(metadata: CheckpointMetadata): Record<string, string> {
  const { config, vocabulary, progress, corpus } = metadata;
  return {
    format: FORMAT,
    config: JSON.stringify(config),
    vocabulary: JSON.stringify(vocabulary.characters),
    ...vocabulary.unknown === undefined ? {} : { unknown: UNKNOWN_SYMBOL },
    progress: JSON.stringify(progress),
    corpus: JSON.stringify(corpus),
  };
}

/** Half of what a header may have whatever its tensors are; their entries take the other half. */
const MAX_METADATA_BYTES = 2 ** 16;

/**
 * Checks, before there is anything to save, that the metadata of a run will fit into a header.
 *
 * @throws {InputError} if they will not.
 */
export function checkMetadataSize(metadata: Omit<CheckpointMetadata, "progress">): void {
  // The vocabulary may take any length, as its weights take more.
  const { vocabulary: _, ...strings } = formatMetadata({ ...metadata, progress: initialProgress });
  const bytes = new TextEncoder().encode(JSON.stringify(strings)).length;
  if (bytes <= MAX_METADATA_BYTES) return;
  throw new InputError(
    `Cannot train: the metadata of a checkpoint would take ${bytes} bytes, and may take ` +
      `${MAX_METADATA_BYTES}; use a shorter name for the text`,
  );
}

/**
 * Checks that the format version is the one that this code reads.
 *
 * @throws {InputError} if it is missing, or another one.
 */
export function checkFormat({ format }: Readonly<Record<string, string>>): void {
  if (format === FORMAT) return;
  if (format === undefined) {
    throw new InputError(
      `it has no "format" in its metadata; a checkpoint of unroll has "${FORMAT}"`,
    );
  }
  const supported = versionOf(FORMAT);
  const found = versionOf(format);
  const [wrong, right] = format === "pt"
    ? ["is that of weights alone", "import them as a checkpoint"]
    : found < supported
    ? ["is of an earlier version", "train it again"]
    : found > supported
    ? ["is of a later version", "use a later version of unroll"]
    : ["is unknown", "it must be a checkpoint of unroll"];
  throw new InputError(
    `its format ${quote(format)} ${wrong}; this version reads "${FORMAT}"; ${right}`,
  );
}

/** The number of a format version; NaN for another string. */
function versionOf(format: string): number {
  return Number(/^unroll-checkpoint-(\d{1,3})$/.exec(format)?.[1] ?? NaN);
}

/**
 * Parses metadata. `config` and `vocabulary` are required. Without `progress` the model counts as
 * untrained, and without `corpus` its text is unknown. Other keys are ignored.
 *
 * @throws {InputError} if a key is missing, or its value is invalid.
 */
export function parseMetadata(strings: Readonly<Record<string, string>>): CheckpointMetadata {
  return {
    config: Object.freeze(parseValue("config", { schema: configSchema, strings })),
    vocabulary: parseVocabulary(strings),
    progress: strings.progress === undefined
      ? initialProgress
      : parseValue("progress", { schema: progressSchema, strings }),
    corpus: strings.corpus === undefined
      ? null
      : parseValue("corpus", { schema: corpusSchema, strings }),
  };
}

/** Where a value is parsed from, and what it must be. */
interface Source<T> {
  readonly schema: v.GenericSchema<unknown, T>;
  readonly strings: Readonly<Record<string, string>>;
}

function parseValue<T>(key: string, { schema, strings }: Source<T>): T {
  const text = strings[key];
  if (text === undefined) {
    throw new InputError(`it has no "${key}" in its metadata; a checkpoint has one`);
  }
  const subject = `the metadata's "${key}"`;
  const value = parseJson(text, { maxDepth: 1, subject });
  // What is wrong is a property of the file, not an option of the call.
  return withContext(subject, () => validate(schema, value), { option: undefined });
}
