import type { Progress } from "../checkpoint/checkpoint.ts";
import { InputError } from "../errors.ts";
import { quote } from "../json.ts";
import type { Config } from "../model/config.ts";
import { affordableChars, FLOP_PER_SECOND, flopPerChar } from "./cost.ts";
import { fallsToZero } from "./lr_schedule.ts";
import { isOverfitted, type ValidationProgress } from "./overfitting.ts";

/** Limits of a run, which ends at the one that is reached first. */
export interface LimitOptions {
  /** Updates of the parameters: a whole number, 0 or above; 0 keeps the initial weights. */
  readonly steps?: number;
  /** Passes over the training part: above 0, fractions included. */
  readonly epochs?: number;
  /** Wall-clock time: above 0. */
  readonly minutes?: number;
  /**
   * Consecutive validations without a lower loss (early stopping): a whole number above 0. Default:
   * unlimited, but without `steps` and `epochs` a run that is overfitted beyond recovery ends; 5
   * without any limit if the learning rate does not fall to 0 at the end of the run.
   */
  readonly patience?: number;
}

/** How often metrics, samples and checkpoints are made. */
export interface IntervalOptions {
  /** Steps between metrics: a whole number above 0. */
  readonly logEvery?: number;
  /**
   * Steps between samples: a whole number; 0: no samples. Default: by time, about one every quarter
   * of a minute, fewer in a long run, and one at the end.
   */
  readonly sampleEvery?: number;
  /** Steps between checkpoints: a whole number above 0. Default: about one checkpoint a minute. */
  readonly checkpointEvery?: number;
}

/** Complete limits and intervals of a run. */
export interface TrainingLimits {
  /** The last step; Infinity if steps are not limited. */
  readonly steps: number;
  /** Seconds after which the run ends; Infinity if time is not limited. */
  readonly seconds: number;
  /** Consecutive validations without a lower loss that end the run; Infinity if unlimited. */
  readonly patience: number;
  /**
   * Whether overfitting beyond recovery ends the run: with a time limit or without any limit, and
   * without `patience`, for a text that the model has learned long before the end.
   */
  readonly stopsOverfitting: boolean;
  /** Whether no limit was given, so that {@linkcode limitDefaults} apply. */
  readonly isDefault: boolean;
  /** Steps between metrics. */
  readonly logEvery: number;
  /** Steps between samples; 0: no samples; `null`: by time. */
  readonly sampleEvery: number | null;
  /** Steps between checkpoints; `null`: by time. */
  readonly checkpointEvery: number | null;
}

/** How {@linkcode resolveLimits} limits a run without limits, and picks intervals. */
export interface LimitDefaults {
  /** Epochs of the run, unless `minChars` or `maxChars` allow more or less. */
  readonly epochs: number;
  /** Characters trained on at least, so that the model also learns a short text. */
  readonly minChars: number;
  /** Characters trained on at most: five minutes of training, if the alphabet is an ordinary one. */
  readonly maxChars: number;
  /** Epochs at most where `minChars` decides: a text of a few characters is learned long before. */
  readonly maxEpochs: number;
  /**
   * Consecutive validations without a lower loss, unless the learning rate falls to 0 at the end: the
   * loss then falls most in the last part of the run.
   */
  readonly patience: number;
  /** Characters between metrics of a long run. */
  readonly charsPerLog: number;
  /** Metrics of a shorter run. */
  readonly logsPerRun: number;
}

/** The defaults of limits and intervals. */
export const limitDefaults: LimitDefaults = Object.freeze({
  epochs: 8,
  minChars: 6e5,
  maxChars: 12e6,
  maxEpochs: 10_000,
  patience: 5,
  charsPerLog: 250_000,
  logsPerRun: 50,
});

/** What limits refer to. */
export interface LimitContext {
  /** Characters of a batch, T·B. */
  readonly charsPerStep: number;
  /** Batches of an epoch. */
  readonly stepsPerEpoch: number;
  /** Whether a part of the text is held out for validation. */
  readonly hasValidation: boolean;
  /** The model. */
  readonly config: Pick<Config, "cell" | "layers" | "hidden" | "lrSchedule" | "cooldown">;
  /** V. */
  readonly vocabularySize: number;
}

/**
 * Completes the limits and intervals of a run.
 *
 * @param input What the caller decides; the rest is chosen by {@linkcode limitDefaults}.
 * @throws {InputError} if a value is out of range, or `patience` is given without a validation
 * part.
 *
 * @example
 * ```ts
 * import { resolveConfig } from "../model/resolve_config.ts";
 * import { resolveLimits } from "./limits.ts";
 *
 * const config = resolveConfig({ cell: "gru", hidden: 128 });
 * const steps = { charsPerStep: 800, stepsPerEpoch: 175 };
 * const context = { ...steps, hasValidation: true, config, vocabularySize: 65 };
 * const limits = resolveLimits({ epochs: 20 }, context);
 * console.log(limits.steps, limits.logEvery); // 3500 100
 * ```
 */
export function resolveLimits(
  input: LimitOptions & IntervalOptions,
  context: LimitContext,
): TrainingLimits {
  checkLimits(input, context.hasValidation);
  const isDefault = input.steps === undefined && input.epochs === undefined &&
    input.minutes === undefined;
  const steps = isDefault ? defaultSteps(context) : Math.min(
    input.steps ?? Infinity,
    Math.ceil((input.epochs ?? Infinity) * context.stepsPerEpoch),
  );
  const seconds = (input.minutes ?? Infinity) * 60;
  const { patience, logsPerRun } = limitDefaults;
  const hasPatience = isDefault && context.hasValidation && !fallsToZero(context.config);
  const logEvery = input.logEvery ??
    roundUp(Math.min(charsPerLog(seconds, context) / context.charsPerStep, steps / logsPerRun));
  return {
    steps,
    seconds,
    patience: input.patience ?? (hasPatience ? patience : Infinity),
    stopsOverfitting: input.patience === undefined && !hasPatience &&
      (isDefault || input.minutes !== undefined),
    isDefault,
    logEvery,
    sampleEvery: input.sampleEvery ?? null,
    checkpointEvery: input.checkpointEvery ?? null,
  };
}

/** Characters between metrics: of a large model a time limit leaves few. */
function charsPerLog(seconds: number, { config, vocabularySize }: LimitContext): number {
  const { charsPerLog, logsPerRun } = limitDefaults;
  const chars = seconds * FLOP_PER_SECOND / flopPerChar(config, vocabularySize);
  return Math.min(charsPerLog, chars / logsPerRun);
}

function checkLimits(input: LimitOptions & IntervalOptions, hasValidation: boolean): void {
  checkLength(input);
  checkWholeNumber("patience", input.patience, 1);
  checkWholeNumber("logEvery", input.logEvery, 1);
  checkWholeNumber("sampleEvery", input.sampleEvery, 0);
  checkWholeNumber("checkpointEvery", input.checkpointEvery, 1);
  if (input.patience !== undefined && !hasValidation) {
    throw new InputError(
      `Cannot train with "patience" ${input.patience}: it counts validations, and no part of the ` +
        `text is held out; use a "valFraction" above 0 and a text that is long enough`,
      { option: "patience" },
    );
  }
}

function defaultSteps({ charsPerStep, stepsPerEpoch, ...model }: LimitContext): number {
  return Math.ceil(defaultChars(stepsPerEpoch * charsPerStep, model) / charsPerStep);
}

/** Characters that a run without limits trains on. */
export function defaultChars(
  charsPerEpoch: number,
  { config, vocabularySize }: {
    readonly config: Pick<Config, "cell" | "layers" | "hidden">;
    readonly vocabularySize: number;
  },
): number {
  const { epochs, minChars, maxChars, maxEpochs } = limitDefaults;
  const least = Math.min(minChars, maxEpochs * charsPerEpoch);
  const chars = Math.min(Math.max(epochs * charsPerEpoch, least), maxChars);
  return affordableChars(chars, config, vocabularySize);
}

/** How much of its limits a run has used. */
export type LimitProgress = Pick<Progress, "step" | "elapsedSeconds"> & ValidationProgress;

/** Whether a run has reached one of its limits. */
export function isLimitReached(
  { steps, seconds, patience, stopsOverfitting }: TrainingLimits,
  { step, elapsedSeconds, ...validation }: LimitProgress,
): boolean {
  return step >= steps || elapsedSeconds >= seconds ||
    validation.validationsSinceBest >= patience || stopsOverfitting && isOverfitted(validation);
}

/**
 * What a time limit leaves for training, so that the run ends in time with its last validation: at
 * least half of it. Both are seconds, or characters that are trained on in them.
 */
export function leftForTraining(limit: number, validation: number): number {
  return Math.max(limit / 2, limit - validation);
}

/** The fraction of a run that is done, from 0 to 1, by the limit that is reached first. */
export function fractionDone(
  { steps, seconds }: TrainingLimits,
  { step, elapsedSeconds }: Pick<LimitProgress, "step" | "elapsedSeconds">,
): number {
  const bySteps = steps === 0 ? 1 : step / steps;
  return Math.min(1, Math.max(bySteps, elapsedSeconds / seconds));
}

/** Whether a checkpoint is the end of its run, and still is with these limits. */
export function isFinished(
  limits: TrainingLimits,
  progress: LimitProgress & Pick<Progress, "ended">,
): boolean {
  return progress.ended && isLimitReached(limits, progress);
}

/** The smallest of 1, 2, 5, 10, 20, 50, … that is not below `x`. */
function roundUp(x: number): number {
  if (x <= 1) return 1;
  // The exponent as text, since runtimes differ in the last bits of logarithms.
  const power = Number(`1e${x.toExponential().split("e")[1]}`);
  return [1, 2, 5, 10].find((digit) => digit * power >= x)! * power;
}

/**
 * Checks the limits of how long a run is.
 *
 * @throws {InputError} if one is no number, or out of range.
 */
export function checkLength(
  { steps, epochs, minutes }: Pick<LimitOptions, "steps" | "epochs" | "minutes">,
): void {
  checkWholeNumber("steps", steps, 0);
  checkPositive("epochs", epochs);
  checkPositive("minutes", minutes);
}

function checkWholeNumber(option: string, value: number | undefined, min: number): void {
  if (value === undefined || Number.isSafeInteger(value) && value >= min) return;
  throw new InputError(
    `Cannot train: "${option}" must be a whole number, ${min} or above, not ${quote(value)}`,
    { option },
  );
}

function checkPositive(option: string, value: number | undefined): void {
  if (value === undefined || Number.isFinite(value) && value > 0) return;
  throw new InputError(
    `Cannot train: "${option}" must be a finite number above 0, not ${quote(value)}`,
    { option },
  );
}
