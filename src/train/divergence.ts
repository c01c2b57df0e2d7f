import * as v from "valibot";
import { checkArguments, optionsSchema } from "../arguments.ts";
import { log } from "../math.ts";
import { type Config, configSchema } from "../model/config.ts";
import { flag, text, wholeNumber } from "../schemas.ts";

/** Details of a {@linkcode DivergenceError} that only the run around the trainer can give. */
export interface DivergenceDetails {
  /** The step of the last checkpoint passed to `onCheckpoint`; `null` if there is none. */
  readonly savedStep: number | null;
  /** Consecutive rollbacks that diverged again. */
  readonly rollbacks: number;
}

/** What a {@linkcode DivergenceError} reports. */
export interface DivergenceOptions {
  /** The step, counted from 1. */
  readonly step: number;
  /** What is wrong, for example `the loss is NaN`. */
  readonly reason: string;
  /** The configuration of the run. */
  readonly config: Config;
  /** Whether all numbers are finite, and the loss is worse than uniform guessing for long. */
  readonly isFinite?: boolean;
  /** Checkpoint and rollbacks of the run. Default: `null`. */
  readonly details?: DivergenceDetails | null;
}

const schema = optionsSchema({
  isFinite: flag,
  details: v.nullable(v.strictObject({
    savedStep: v.nullable(wholeNumber(0)),
    rollbacks: wholeNumber(0),
  })),
}, { step: wholeNumber(0), reason: text, config: configSchema });

/**
 * Training diverged: a loss, a gradient or a weight is not finite, or the loss has been worse than
 * uniform guessing for long.
 *
 * Models and checkpoints made before are not affected.
 */
export class DivergenceError extends Error {
  /** `DivergenceError`, as in logs. */
  override readonly name: string = "DivergenceError";
  /** The step, counted from 1, whose loss, gradient or update diverged. */
  readonly step: number;
  /** What is wrong, for example `the loss is NaN`. */
  readonly reason: string;
  /** The configuration of the run. */
  readonly config: Config;
  /** Whether all numbers are finite, and the loss is worse than uniform guessing for long. */
  readonly isFinite: boolean;
  /** Checkpoint and rollbacks of the run; `null` if a {@linkcode Trainer} was used without one. */
  readonly details: DivergenceDetails | null;

  /**
   * Creates the error, with a message of one line.
   *
   * @throws {TypeError} if a value has a wrong type, or is unknown or missing.
   * @throws {RangeError} if a value is out of range.
   */
  constructor(options: DivergenceOptions) {
    const { step, reason, config, isFinite = false, details = null } = checkArguments(options, {
      ...{ schema, context: "Cannot make an error" },
    });
    const facts = details === null ? [] : describe(details);
    const advice = remediesOf(config).map(describeRemedy).join(", ");
    super(
      [`Training diverged at step ${step}: ${reason}`, ...facts, `use ${advice}`].join("; "),
    );
    this.step = step;
    this.reason = reason;
    this.config = config;
    this.isFinite = isFinite;
    this.details = details;
  }
}

function describe({ savedStep, rollbacks }: DivergenceDetails): string[] {
  return [
    ...rollbacks === 0 ? [] : [`${rollbacks} rollbacks, each halving "lr", did not help`],
    savedStep === null ? "no checkpoint was saved" : `the last checkpoint is of step ${savedStep}`,
  ];
}

/** A change of a configuration against divergence. */
export interface Remedy {
  /** The key to change. */
  readonly key: "init" | "lr" | "gradClip" | "momentum";
  /** A value to try. */
  readonly value: number | string;
}

/** The gradient clipping of the presets. */
const USUAL_GRAD_CLIP = 5;
/** Velocities of more than ten times the gradient. */
const HIGH_MOMENTUM = 0.9;
/** Rates above which a run of an optimizer seldom learns; the usual ones are a tenth or less. */
const highRates: Readonly<Record<Config["optimizer"], number>> = {
  adagrad: 0.5,
  sgd: 10,
  rmsprop: 0.02,
  adam: 0.1,
  adamw: 0.1,
};
/** Rates with which most models learn. */
const safeRates: Readonly<Record<Config["optimizer"], number>> = {
  adagrad: 0.05,
  sgd: 0.5,
  rmsprop: 0.002,
  adam: 0.002,
  adamw: 0.002,
};

/** A standard deviation, or a bound, of initial weights that saturate the cells. */
const LARGE_WEIGHTS = 0.3;

/** What to change in a configuration whose training diverged, the most important first. */
export function remediesOf(
  { init, lr, gradClip, momentum, optimizer }: Pick<
    Config,
    "init" | "lr" | "gradClip" | "momentum" | "optimizer"
  >,
): Remedy[] {
  const lower = lr > highRates[optimizer] ? safeRates[optimizer] : Number((lr / 10).toPrecision(2));
  return [
    ...Number(init.split(":")[1] ?? 0) > LARGE_WEIGHTS
      ? [{ key: "init", value: "orthogonal" } as const]
      : [],
    { key: "lr", value: lower },
    ...gradClip === 0 || gradClip > USUAL_GRAD_CLIP
      ? [{ key: "gradClip", value: USUAL_GRAD_CLIP } as const]
      : [],
    ...momentum > HIGH_MOMENTUM ? [{ key: "momentum", value: HIGH_MOMENTUM } as const] : [],
  ];
}

function describeRemedy({ key, value }: Remedy): string {
  const isLower = key === "lr" || key === "momentum";
  return isLower ? `a lower "${key}", such as ${value}` : `"${key}" ${value}`;
}

/** A loss is worse than uniform guessing if it exceeds ln V by this fraction of it, */
const RELATIVE_MARGIN = 0.1;
/** and by so many nats: ln 2 is 0.69. */
const MIN_MARGIN = 0.1;
/** A smoothed loss that falls below this fraction of itself in half the time improves. */
const IMPROVED = 0.8;
/** Characters of steps that are worse than uniform and do not improve, before it is divergence. */
const LONG_CHARS = 500_000;
/** Steps at least, and at most: a few characters a step say little, many take long. */
const MIN_LONG_STEPS = 100;
const MAX_LONG_STEPS = 4000;
/** A step that is not bad outweighs so many bad ones. */
const RECOVERY = 2;

/** Steps in a row, or nearly so, whose loss is clearly worse than uniform guessing. */
export interface BadSteps {
  /** Their number. */
  readonly count: number;
  /** The smoothed loss at half of the number that is divergence; `null` before. */
  readonly loss: number | null;
}

/** What {@linkcode countBadSteps} judges a step by. */
export interface StepLoss {
  /** The loss of the batch, in nats per character. */
  readonly batchLoss: number;
  /** The smoothed training loss before it. */
  readonly smoothedLoss: number;
  /** V. */
  readonly vocabularySize: number;
  /** Characters of a batch, T·B. */
  readonly charsPerStep: number;
}

/**
 * Counts the steps whose loss is clearly worse than ln V, uniform guessing: if there are
 * {@linkcode maxBadSteps}, the weights are finite but of no use, and training hardly ever recovers.
 *
 * Neither a spike at the beginning nor a bad initialization that training improves count so far,
 * nor does a model that learns slowly: its loss stays near ln V.
 */
export function countBadSteps(
  { count, loss }: BadSteps,
  { batchLoss, smoothedLoss, vocabularySize, charsPerStep }: StepLoss,
): BadSteps {
  const uniform = log(vocabularySize);
  const max = maxBadSteps(charsPerStep);
  const half = Math.floor(max / 2);
  if (batchLoss <= uniform + Math.max(RELATIVE_MARGIN * uniform, MIN_MARGIN)) {
    const less = Math.max(0, count - RECOVERY);
    return { count: less, loss: less < half ? null : loss };
  }
  const more = count + 1;
  if (more < half) return { count: more, loss: null };
  const isImproved = more === max && smoothedLoss < IMPROVED * loss!;
  return more === half || isImproved ? { count: half, loss: smoothedLoss } : { count: more, loss };
}

/** The number of bad steps that is divergence. */
export function maxBadSteps(charsPerStep: number): number {
  return Math.max(MIN_LONG_STEPS, Math.min(MAX_LONG_STEPS, Math.ceil(LONG_CHARS / charsPerStep)));
}
