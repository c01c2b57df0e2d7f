import * as v from "valibot";
import { InputError } from "../errors.ts";
import { Vocabulary } from "../text/vocabulary.ts";
import { type Config, configSchema } from "../model/config.ts";
import { parseJson, quote, validate } from "../json.ts";

/** How far a training run has come. */
export interface Progress {
  /** Updates of the parameters. */
  readonly step: number;
  /** Passes over the training part, with fractions. */
  readonly epoch: number;
  /** Characters trained on, counting each time. */
  readonly chars: number;
  /** How many characters of every stream were read since its start. */
  readonly position: number;
  /** Smoothed training loss in nats per character; `null` when it is not known. */
  readonly loss: number | null;
  /** Training loss of the last batch in nats per character; `null` when it is not known. */
  readonly batchLoss: number | null;
  /** The last loss on the validation part in nats per character; `null` when there is none. */
  readonly validationLoss: number | null;
  /** The lowest loss on the validation part; `null` when there is none. */
  readonly bestValidationLoss: number | null;
  /** The step of the last validation; `null` when there is none. */
  readonly validatedStep: number | null;
  /** The step of the last report at its interval; `null` when there is none. */
  readonly loggedStep: number | null;
  /** How many validations, in a row, were not better than the best before. */
  readonly validationsSinceBest: number;
  /** How many plateaus of the validation loss there were. */
  readonly lrReductions: number;
  /** Whether this is the end of a run that came to its limit. */
  readonly ended: boolean;
  /** Seconds that the training took. */
  readonly elapsedSeconds: number;
}

/** Which text a model was trained on. */
export interface CorpusIdentity {
  /** The file's path, or the name that the text was given. */
  readonly name: string;
  /** Length in characters. */
  readonly chars: number;
  /** Length in UTF-8, in bytes. */
  readonly bytes: number;
  /** SHA-256 of the text in UTF-8, in lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** What a checkpoint holds beside its tensors. */
export interface CheckpointMetadata {
  /** How the model was made. */
  readonly config: Config;
  /** The characters that the model knows. */
  readonly vocabulary: Vocabulary;
  /** How far the training has come. */
  readonly progress: Progress;
  /** The text that the model was trained on; `null` when it is not known. */
  readonly corpus: CorpusIdentity | null;
}

/** The version of the format; it is raised when files of the version before cannot be read. */
export const FORMAT = "unroll-checkpoint-2";

const number = (accepts: (n: number) => boolean, wanted: string) =>
  v.pipe(v.number(wanted), v.check(accepts, wanted));

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
  loggedStep: step,
  validationsSinceBest: count,
  lrReductions: count,
  ended: v.boolean("must be true or false"),
  elapsedSeconds: amount,
});

const corpusSchema = v.nullable(v.strictObject({
  name: v.string("must be a string"),
  chars: count,
  bytes: count,
  sha256: v.pipe(
    v.string("must be a string"),
    v.regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits in lower case"),
  ),
}));

const vocabularySchema = v.pipe(
  v.string("must be a string of all characters"),
  v.check((text) => text !== "" && text.isWellFormed(), "must be text of at least one character"),
  v.check(isAscending, "must be in the order of code points, and no character twice"),
  v.transform((text) => Vocabulary.fromText(text)),
);

/** Whether each code point is greater than the one before. */
function isAscending(text: string): boolean {
  let before = -1;
  for (let i = 0; i < text.length; i++) {
    const codePoint = text.codePointAt(i)!;
    if (codePoint <= before) return false;
    if (codePoint > 0xffff) i++;
    before = codePoint;
  }
  return true;
}

/** What training begins with, for a model that was not trained by this project. */
const noProgress: Progress = Object.freeze({
  step: 0,
  epoch: 0,
  chars: 0,
  position: 0,
  loss: null,
  batchLoss: null,
  validationLoss: null,
  bestValidationLoss: null,
  validatedStep: null,
  loggedStep: null,
  validationsSinceBest: 0,
  lrReductions: 0,
  ended: false,
  elapsedSeconds: 0,
});

/**
 * The metadata as strings: `format`, and JSON under `config`, `vocabulary` (a string of all
 * characters), `progress` and `corpus`.
 *
 * JSON has no NaN and no infinity: a loss that is one becomes `null`.
 */
export function formatMetadata(metadata: CheckpointMetadata): Record<string, string> {
  const { config, vocabulary, progress, corpus } = metadata;
  return {
    format: FORMAT,
    config: JSON.stringify(config),
    vocabulary: JSON.stringify(vocabulary.characters),
    progress: JSON.stringify(progress),
    corpus: JSON.stringify(corpus),
  };
}

/**
 * Checks that strings are the metadata of a checkpoint, of the version that this project reads.
 *
 * @param doing What is being done, for the error's first words.
 * @throws {InputError} when they are not.
 */
export function checkFormat(strings: Readonly<Record<string, string>>, doing: string): void {
  const { format } = strings;
  if (format === FORMAT) return;
  if (format === undefined) {
    throw new InputError(
      `${doing}: it has no "format" in its metadata; a checkpoint of unroll has "${FORMAT}"`,
    );
  }
  const version = (text: string) => Number(/^unroll-checkpoint-(\d{1,3})$/.exec(text)?.[1] ?? NaN);
  const known = version(FORMAT);
  const found = version(format);
  const [wrong, right] = found < known
    ? ["is of an earlier version", "train it again"]
    : found > known
    ? ["is of a later version", "use a later version"]
    : ["is unknown", "it must be a checkpoint of unroll"];
  throw new InputError(
    `${doing}: its format ${quote(format)} ${wrong}; this version reads "${FORMAT}"; ${right}`,
  );
}

/**
 * Reads metadata back. `config` and `vocabulary` are required. Without `progress` the model counts
 * as untrained, and without `corpus` its text is unknown. Other keys are ignored.
 *
 * @param doing What is being done, for an error's first words.
 * @throws {InputError} when a key is missing or its value is not what it must be.
 */
export function parseMetadata(
  strings: Readonly<Record<string, string>>,
  doing: string,
): CheckpointMetadata {
  const config = Object.freeze(parse("config", configSchema, strings, doing));
  return {
    config,
    vocabulary: parse("vocabulary", vocabularySchema, strings, doing),
    progress: strings.progress === undefined
      ? noProgress
      : parse("progress", progressSchema, strings, doing),
    corpus: strings.corpus === undefined ? null : parse("corpus", corpusSchema, strings, doing),
  };
}

function parse<T>(
  key: string,
  schema: v.GenericSchema<unknown, T>,
  strings: Readonly<Record<string, string>>,
  doing: string,
): T {
  const text = strings[key];
  if (text === undefined) {
    throw new InputError(`${doing}: it has no "${key}" in its metadata; a checkpoint has one`);
  }
  const subject = `${doing}: the metadata's "${key}"`;
  return validate(schema, parseJson(text, 1, subject), subject);
}
