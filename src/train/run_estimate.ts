/** The model size that suits a text and a time, and the length of the run that follows. */
import type { Config } from "../model/config.ts";
import { baseConfig } from "../model/presets.ts";
import { type ConfigInput, defaultBatchSize } from "../model/resolve_config.ts";
import {
  FLOP_PER_SECOND,
  flopPerChar,
  LARGE_VOCABULARY,
  type TextSize,
  VALIDATION_COST,
} from "./cost.ts";
import { defaultChars, leftForTraining, type LimitOptions } from "./limits.ts";

/** A model size, and what a run must have for it to be picked. */
export interface ModelSize {
  readonly layers: number;
  readonly hidden: number;
  readonly batchSize: number;
  /** Characters that the text must have: a shorter one is overfitted by so many parameters. */
  readonly minChars: number;
  /** Characters that the run must train on: in fewer, a smaller model learns more. */
  readonly minTrainedChars: number;
  /** Epochs that the time must allow: in fewer, a smaller model, which reads more, learns more. */
  readonly minEpochs?: number;
}

/** A text from so many characters on gains by any wide model, and is overfitted later. */
export const LONG_TEXT_CHARS = 500_000;
/** A text from so many characters on gains by a wide model that reads it often. */
export const MEDIUM_TEXT_CHARS = 250_000;
/** Epochs from which such a text is overfitted rather than underfitted. */
export const REPEATED_EPOCHS = 5;

/**
 * From the largest to the smallest; docs/experiments.md has the measurements. Two narrow layers learn
 * more in the same time than a wide one.
 */
export const modelSizes: readonly ModelSize[] = [
  { layers: 2, hidden: 256, batchSize: 12, minChars: LONG_TEXT_CHARS, minTrainedChars: 8_500_000 },
  {
    ...{ layers: 2, hidden: 192, batchSize: 12, minEpochs: REPEATED_EPOCHS },
    ...{ minChars: MEDIUM_TEXT_CHARS, minTrainedChars: 4_000_000 },
  },
  { layers: 2, hidden: 160, batchSize: 12, minChars: LONG_TEXT_CHARS, minTrainedChars: 7_000_000 },
  { layers: 2, hidden: 128, batchSize: 12, minChars: 30_000, minTrainedChars: 600_000 },
  { layers: 2, hidden: 96, batchSize: 8, minChars: 10_000, minTrainedChars: 0 },
  { layers: 2, hidden: 64, batchSize: 4, minChars: 0, minTrainedChars: 0 },
];

/** Sequence length of a text that is long enough. */
export const SEQ_LENGTH = 50;
/** Assumed duration of a run without a time limit, unless the text is read sooner. */
export const USUAL_MINUTES = 3;
/**
 * Characters that a large alphabet must leave time for, unless an ordinary one does not either: a
 * smaller model then learns more.
 */
export const MIN_CHARS_OF_LARGE_ALPHABET = 1_000_000;

/** The limits that determine the length of a run. */
type RunLength = Pick<LimitOptions, "steps" | "epochs" | "minutes">;

/** A run before it starts: its text, the model size that suits it, and its length. */
export interface RunEstimate {
  /** Length of the text in characters. */
  readonly chars: number;
  /** V. */
  readonly vocabularySize: number;
  /** The time limit that was given. */
  readonly minutes: number | undefined;
  /** The model size that suits text and time. */
  readonly size: ModelSize;
  /** Epochs of the run. */
  readonly epochs: number;
  /** Steps of the run. */
  readonly steps: number;
}

export function estimateRun(
  { length: chars, vocabulary }: TextSize,
  { input, limits }: { readonly input: ConfigInput; readonly limits: RunLength },
): RunEstimate {
  const text = { chars, vocabularySize: vocabulary.size };
  const { minutes } = limits;
  const size = modelSizes.find((size) => suits(size, { ...text, minutes })) ?? modelSizes.at(-1)!;
  const { batchSize, seqLength } = { ...pickBatches(input, { chars, size }), ...input };
  const charsPerStep = batchSize * seqLength;
  const trained = estimateChars({ ...text, size, charsPerStep }, { input, limits });
  return { ...text, minutes, size, epochs: trained / chars, steps: trained / charsPerStep };
}

/** Characters that a run trains on, by the limit that is reached first. */
function estimateChars(
  { chars, vocabularySize, size, charsPerStep }:
    & Pick<RunEstimate, "chars" | "vocabularySize" | "size">
    & { readonly charsPerStep: number },
  { input, limits: { steps, epochs, minutes } }: {
    readonly input: ConfigInput;
    readonly limits: RunLength;
  },
): number {
  const { layers = size.layers, hidden = size.hidden, cell = "gru" } = input;
  if (steps === undefined && epochs === undefined && minutes === undefined) {
    return defaultChars(chars, { config: { cell, layers, hidden }, vocabularySize });
  }
  return Math.min(
    (epochs ?? Infinity) * chars,
    (steps ?? Infinity) * charsPerStep,
    minutes === undefined
      ? Infinity
      : withoutValidation(trainedChars({ layers, hidden }, { minutes, vocabularySize }), {
        ...{ chars, vocabularySize },
        valFraction: input.valFraction ?? baseConfig.valFraction,
      }),
  );
}

/**
 * The characters of a time limit that are left for training: with a large alphabet, the validation at
 * its end may take as long.
 */
function withoutValidation(
  trained: number,
  { chars, vocabularySize, valFraction }:
    & Pick<RunEstimate, "chars" | "vocabularySize">
    & Pick<Config, "valFraction">,
): number {
  if (vocabularySize <= LARGE_VOCABULARY) return trained;
  return leftForTraining(trained, VALIDATION_COST * valFraction * chars);
}

/** A text and a time, for which a model size is picked. */
interface Occasion {
  readonly chars: number;
  readonly vocabularySize: number;
  readonly minutes: number;
}

/** Whether text and time are enough for a model size, or the text for that of a run without limits. */
function suits(
  size: ModelSize,
  { chars, vocabularySize, minutes }: Pick<RunEstimate, "chars" | "vocabularySize" | "minutes">,
): boolean {
  const { layers, hidden, minChars, minTrainedChars, minEpochs = 0 } = size;
  const occasion = { chars, vocabularySize, minutes: minutes ?? USUAL_MINUTES };
  const inTime = trainedChars(size, occasion);
  const trained = minutes !== undefined ? inTime : Math.min(
    inTime,
    defaultChars(chars, { config: { cell: "gru", layers, hidden }, vocabularySize }),
  );
  return chars >= minChars && trained >= minTrainedChars &&
    trained >= minEpochs * chars && isAffordable(size, occasion);
}

/** Whether the alphabet is not what keeps a model size from training on enough characters. */
export function isAffordable(size: ModelSize, occasion: Occasion): boolean {
  const usual = trainedChars(size, { ...occasion, vocabularySize: 0 });
  return trainedChars(size, occasion) >= Math.min(usual, MIN_CHARS_OF_LARGE_ALPHABET);
}

/** The number of characters on which a GRU of this size can be trained in a time. */
export function trainedChars(
  { layers, hidden }: Pick<ModelSize, "layers" | "hidden">,
  { minutes, vocabularySize }: Pick<Occasion, "minutes" | "vocabularySize">,
): number {
  // Ordinary alphabets are taken to be alike, so that one character more changes no model.
  const size = vocabularySize <= LARGE_VOCABULARY ? 0 : vocabularySize;
  return minutes * 60 * FLOP_PER_SECOND / flopPerChar({ cell: "gru", layers, hidden }, size);
}

/** Streams and sequence length; both are smaller for a short text, so that an epoch has some steps. */
export function pickBatches(
  input: ConfigInput,
  { chars, size }: Pick<RunEstimate, "chars" | "size">,
): { readonly batchSize: number; readonly seqLength: number } {
  const seqLength = input.seqLength ?? Math.max(1, Math.min(SEQ_LENGTH, Math.floor(chars / 8)));
  return { batchSize: defaultBatchSize(size.batchSize, { seqLength, chars }), seqLength };
}
