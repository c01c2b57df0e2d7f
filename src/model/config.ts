/** The configuration of a training run: its keys, and the schema that checks them. */

import * as v from "valibot";
import { validate } from "../json.ts";
import { oneOf, positive, real, wholeNumber } from "../schemas.ts";
import { INIT_SYNTAX, isInit } from "./initialization.ts";
import { type Cell, cellNames } from "./cells.ts";
import { type Optimizer, optimizerNames } from "./optimizers.ts";
import { type Precision, precisions } from "./parameters.ts";

/** The learning-rate schedule. */
export type LrSchedule = "constant" | "step" | "linear" | "cosine" | "inverse-sqrt" | "plateau";

/**
 * The configuration of a training run: everything that determines the trained weights, complete and
 * checked.
 *
 * `resolveConfig` and `autoConfig` return such a value, and a checkpoint holds one. It is frozen.
 */
export interface Config {
  /** Recurrent cell: `rnn` (tanh), `gru` or `lstm`. */
  readonly cell: Cell;
  /** Number of recurrent layers, L: 1 to 16. */
  readonly layers: number;
  /** Hidden units of each layer, H: 1 to 16384. */
  readonly hidden: number;
  /** Steps that back-propagation through time unrolls, T: 1 to 65536. */
  readonly seqLength: number;
  /** Streams of text that are trained side by side, B: 1 to 65536. */
  readonly batchSize: number;
  /** Fraction of each layer's outputs that training drops before the next layer: 0 to below 1. */
  readonly dropout: number;
  /** Fraction of the run after which dropout begins: 0 to below 1. */
  readonly dropoutFrom: number;
  /** Fraction of the run after which dropout ends: above `dropoutFrom`, at most 1. */
  readonly dropoutUntil: number;
  /** Learning rate that the schedule starts from: above 0. */
  readonly lr: number;
  /**
   * Learning-rate schedule: `constant`; `step`, times `lrDecay` every `lrDecayEvery` epochs after
   * `lrDecayAfter` epochs; `linear` or `cosine`, down to 0 at the end of the run; `inverse-sqrt`,
   * times √(warmup / step) after the warm-up; or `plateau`, times `lrDecay` after `lrPatience`
   * validations without improvement.
   */
  readonly lrSchedule: LrSchedule;
  /**
   * Factor of each learning-rate decay of the schedules `step` and `plateau`: above 0, at most 1.
   */
  readonly lrDecay: number;
  /** Epochs before the first learning-rate decay of the schedule `step`: above 0. */
  readonly lrDecayAfter: number;
  /** Epochs between learning-rate decays of the schedule `step`: above 0. */
  readonly lrDecayEvery: number;
  /** Validations without improvement before the schedule `plateau` lowers the rate: 1 or above. */
  readonly lrPatience: number;
  /** Steps over which the learning rate rises linearly from 0 to `lr`: 0 or above. */
  readonly warmup: number;
  /** Fraction of the run, at its end, over which the learning rate falls to 0: 0 to below 1. */
  readonly cooldown: number;
  /** Update rule: `adagrad`, `sgd`, `rmsprop`, `adam` or `adamw`. */
  readonly optimizer: Optimizer;
  /** Momentum of `sgd`: 0 to below 1. */
  readonly momentum: number;
  /** Decay rate of the first moment of `adam` and `adamw`: 0 to below 1. */
  readonly beta1: number;
  /** Decay rate of the squared gradients of `adam`, `adamw` and `rmsprop`: 0 to below 1. */
  readonly beta2: number;
  /**
   * Confidence penalty, β, 0 or above: training minimizes the loss minus β times the entropy of the
   * predictions, so that they become less certain. Losses are reported without it.
   */
  readonly confidencePenalty: number;
  /** Weight decay, 0 or above: decoupled from the gradient with `adamw`, else an L2 penalty. */
  readonly weightDecay: number;
  /** Bound of gradient clipping, 0 or above; 0 disables clipping. */
  readonly gradClip: number;
  /**
   * What gradient clipping bounds: each element (`value`), or the norm of the gradient (`norm`).
   */
  readonly gradClipMode: "value" | "norm";
  /**
   * Fraction of the steps so far over which the weights are averaged for validation, samples and
   * checkpoints: 0 to 1; 0 uses the weights of the last step.
   */
  readonly weightAverage: number;
  /**
   * How weights are initialized: `normal:S`, `uniform:S` (S a number), `xavier`, `orthogonal`,
   * `identity` or `pytorch`.
   */
  readonly init: string;
  /**
   * Precision: `f32`, single precision with fused multiply-add; `f32-strict`, single precision that
   * every machine and runtime computes; or `f64`, double precision. A training that asks for `f32`
   * where multiply-add is not fused has `f32-strict`.
   */
  readonly precision: Precision;
  /** Seed of all random choices: a whole number from 0 to 2^53 − 1. */
  readonly seed: number;
  /** Fraction of the text that is held out for validation: 0 to below 1. */
  readonly valFraction: number;
  /** Fraction of the text that is held out for the test after training: 0 to below 1. */
  readonly testFraction: number;
  /**
   * Steps after which each stream's hidden state is reset to zero, so that the model learns to
   * start cold; 0 never resets.
   */
  readonly resetEvery: number;
  /**
   * Where text is held out: at the `end` of the text, or at the end of each of the B `streams`; or
   * `lines`: each line is an example, read from a zero hidden state, and some lines are held out.
   */
  readonly holdout: "end" | "streams" | "lines";
}

const fraction = real((x) => x >= 0 && x < 1, "a number from 0 up to, not including, 1");

const schema = v.strictObject({
  cell: oneOf(cellNames),
  layers: wholeNumber(1, 16),
  hidden: wholeNumber(1, 16384),
  seqLength: wholeNumber(1, 65536),
  batchSize: wholeNumber(1, 65536),
  dropout: fraction,
  dropoutFrom: fraction,
  dropoutUntil: real((x) => x > 0 && x <= 1, "a number above 0, at most 1"),
  lr: positive,
  lrSchedule: oneOf(["constant", "step", "linear", "cosine", "inverse-sqrt", "plateau"]),
  lrDecay: real((x) => x > 0 && x <= 1, "a number above 0, at most 1"),
  lrDecayAfter: positive,
  lrDecayEvery: positive,
  lrPatience: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  warmup: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  cooldown: fraction,
  optimizer: oneOf(optimizerNames),
  momentum: fraction,
  beta1: fraction,
  beta2: fraction,
  confidencePenalty: real((x) => x >= 0, "a finite number, 0 or above"),
  weightDecay: real((x) => x >= 0, "a finite number, 0 or above"),
  gradClip: real((x) => x >= 0, "a finite number, 0 or above (0: no clipping)"),
  gradClipMode: oneOf(["value", "norm"]),
  weightAverage: real((x) => x >= 0 && x <= 1, "a number from 0 to 1 (0: no average)"),
  init: v.pipe(v.string(`must be ${INIT_SYNTAX}`), v.check(isInit, `must be ${INIT_SYNTAX}`)),
  precision: oneOf(precisions),
  seed: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  valFraction: fraction,
  testFraction: fraction,
  resetEvery: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  holdout: oneOf(["end", "streams", "lines"]),
});

/** The schema of a complete {@linkcode Config}. */
export const configSchema: v.GenericSchema<unknown, Config> = schema;

/** The schema of any keys of a {@linkcode Config}. */
export const partialConfigSchema: v.GenericSchema<unknown, Partial<Config>> = v.partial(
  schema,
) as v.GenericSchema<unknown, Partial<Config>>;

/**
 * Checks that a value is a complete configuration, and freezes it.
 *
 * @param value Anything, for example parsed JSON.
 * @throws {InputError} naming the first key that is wrong, its value, and what it must be.
 */
export function parseConfig(value: unknown): Config {
  return Object.freeze(validate(configSchema, value));
}
