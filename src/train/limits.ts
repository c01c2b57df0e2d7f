import { InputError } from "../errors.ts";
import type { Progress } from "../checkpoint/checkpoint.ts";

/** When training ends: at whichever comes first. */
export interface LimitOptions {
  /** Updates of the parameters: a whole number, 0 or above; 0 leaves the model as initialised. */
  readonly steps?: number;
  /** Passes over the training part, above 0; fractions are fine. */
  readonly epochs?: number;
  /** Wall-clock time, above 0. */
  readonly minutes?: number;
  /** Validations in a row without a better one: a whole number above 0. */
  readonly patience?: number;
}

/** How often something is told or kept while training. */
export interface IntervalOptions {
  /** Steps from one report to the next: a whole number above 0. */
  readonly logEvery?: number;
  /** Steps from one sample to the next: a whole number, 0 for none. */
  readonly sampleEvery?: number;
  /** Steps from one checkpoint to the next: a whole number above 0. Without: every minute. */
  readonly checkpointEvery?: number;
}

/** Limits and intervals, complete. */
export interface TrainingLimits {
  /** The step after which training ends; Infinity when only the time is limited. */
  readonly steps: number;
  /** The seconds after which training ends; Infinity when only the steps are limited. */
  readonly seconds: number;
  /** How many validations in a row without a better one end it; Infinity when none do. */
  readonly patience: number;
  /** Whether no limit was given, and the default took its place. */
  readonly byDefault: boolean;
  /** Steps from one report to the next. */
  readonly logEvery: number;
  /** Steps from one sample to the next; 0 for none. */
  readonly sampleEvery: number;
  /** Steps from one checkpoint to the next; `null` where time decides. */
  readonly checkpointEvery: number | null;
}

/**
 * Without a limit a text is read ten times, but at least so much is trained that a short text is
 * learnt, and at most what takes a few minutes.
 */
const DEFAULT_EPOCHS = 10;
const LEAST_DEFAULT_CHARS = 4e6;
const MOST_DEFAULT_CHARS = 20e6;
/** And it ends when validation has stood still for so long. */
const DEFAULT_PATIENCE = 5;
/** Characters from one report to the next, unless the whole run is short. */
const CHARS_PER_REPORT = 250_000;
const REPORTS_PER_RUN = 50;
const REPORTS_PER_SAMPLE = 5;

/**
 * Completes limits and intervals.
 *
 * @param given What the caller wants.
 * @param charsPerStep T·B.
 * @param stepsPerEpoch Steps from one start of the text to the next.
 * @param validates Whether a part of the text is held out for validation.
 * @throws {InputError} when a value is out of its range, or there is nothing to be patient about.
 */
export function resolveLimits(
  given: LimitOptions & IntervalOptions,
  charsPerStep: number,
  stepsPerEpoch: number,
  validates: boolean,
): TrainingLimits {
  checkWhole("steps", given.steps, 0);
  checkPositive("epochs", given.epochs);
  checkPositive("minutes", given.minutes);
  checkWhole("patience", given.patience, 1);
  if (given.patience !== undefined && !validates) {
    throw new InputError(
      `Cannot train with "patience" ${given.patience} and no validation part: it counts validations; ` +
        `hold one out with --val-fraction, of a text that is long enough`,
    );
  }
  checkWhole("log-every", given.logEvery, 1);
  checkWhole("sample-every", given.sampleEvery, 0);
  checkWhole("checkpoint-every", given.checkpointEvery, 1);

  const { steps, byDefault } = stepsOf(given, charsPerStep, stepsPerEpoch);
  const reports = Math.min(CHARS_PER_REPORT / charsPerStep, steps / REPORTS_PER_RUN);
  const logEvery = given.logEvery ?? roundNumber(reports);
  return {
    steps,
    seconds: (given.minutes ?? Infinity) * 60,
    patience: given.patience ?? (byDefault && validates ? DEFAULT_PATIENCE : Infinity),
    byDefault,
    logEvery,
    sampleEvery: given.sampleEvery ?? REPORTS_PER_SAMPLE * logEvery,
    checkpointEvery: given.checkpointEvery ?? null,
  };
}

/** The step after which training ends; Infinity when only the time is limited. */
function stepsOf(
  given: LimitOptions,
  charsPerStep: number,
  stepsPerEpoch: number,
): Pick<TrainingLimits, "steps" | "byDefault"> {
  const byDefault = given.steps === undefined && given.epochs === undefined &&
    given.minutes === undefined;
  const charsPerEpoch = stepsPerEpoch * charsPerStep;
  const wanted = Math.max(DEFAULT_EPOCHS * charsPerEpoch, LEAST_DEFAULT_CHARS);
  const defaultSteps = Math.ceil(Math.min(wanted, MOST_DEFAULT_CHARS) / charsPerStep);
  const steps = byDefault ? defaultSteps : Math.min(
    given.steps ?? Infinity,
    given.epochs === undefined ? Infinity : Math.ceil(given.epochs * stepsPerEpoch),
  );
  return { steps, byDefault };
}

/** How far a run is, in what limits it. */
export type Reached = Pick<Progress, "step" | "elapsedSeconds" | "validationsSinceBest">;

/** Whether a run that is so far is at its end. */
export function isLimitReached(
  { steps, seconds, patience }: TrainingLimits,
  { step, elapsedSeconds, validationsSinceBest }: Reached,
): boolean {
  return step >= steps || elapsedSeconds >= seconds || validationsSinceBest >= patience;
}

/** The share of a run that is done, from 0 to 1, by the limit that will be reached first. */
export function fractionDone(
  { steps, seconds }: TrainingLimits,
  { step, elapsedSeconds }: Pick<Reached, "step" | "elapsedSeconds">,
): number {
  const bySteps = steps === 0 ? 1 : step / steps;
  return Math.min(1, Math.max(bySteps, elapsedSeconds / seconds));
}

/** Whether a checkpoint is the end of a run, and by this schedule it stays one. */
export function isFinished(
  limits: TrainingLimits,
  progress: Reached & Pick<Progress, "ended">,
): boolean {
  return progress.ended && isLimitReached(limits, progress);
}

/** The least of 1, 2, 5, 10, 20, 50, … that is not below `x`. */
function roundNumber(x: number): number {
  if (x <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(x));
  const digit = [1, 2, 5, 10].find((digit) => digit * power >= x)!;
  return digit * power;
}

function checkWhole(name: string, value: number | undefined, least: number): void {
  if (value !== undefined && (!Number.isSafeInteger(value) || value < least)) {
    throw new InputError(
      `Cannot train: "${name}" must be a whole number, ${least} or above, not ${value}`,
    );
  }
}

function checkPositive(name: string, value: number | undefined): void {
  if (value !== undefined && (!Number.isFinite(value) || value <= 0)) {
    throw new InputError(`Cannot train: "${name}" must be a finite number above 0, not ${value}`);
  }
}
