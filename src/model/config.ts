import * as v from "valibot";
import { InputError } from "../errors.ts";
import { validate } from "./json.ts";

/** How numbers are stored and multiplied; see {@linkcode Config.precision}. */
export type Precision = "f32" | "f32-strict" | "f64";

/** The update rule; see {@linkcode Config.optimizer}. */
export type Optimizer = "adagrad" | "sgd";

/**
 * Everything that decides what a training run computes, complete and checked.
 *
 * The keys are the names of the command line's options. A value of this type comes from
 * {@linkcode resolveConfig} or from a checkpoint, and is frozen.
 */
export interface Config {
  /** The recurrent cell. One tanh layer is the only one so far. */
  readonly cell: "rnn";
  /** H, hidden units: 1 to 16384. */
  readonly hidden: number;
  /** T, characters that back-propagation through time unrolls: 1 to 65536. */
  readonly seq: number;
  /** B, streams trained side by side, over which gradients are averaged: 1 to 65536. */
  readonly batch: number;
  /** Learning rate, above 0. */
  readonly lr: number;
  /** Update rule: Adagrad (ε = 1e-8 inside the root) or plain gradient descent. */
  readonly optimizer: Optimizer;
  /** Each element of the gradient is clipped to ±clip before the update; 0 leaves it as it is. */
  readonly clip: number;
  /** Standard deviation of the normal distribution that the weights are drawn from; biases start at 0. */
  readonly init: number;
  /**
   * `f32`: single precision, fused multiply-add where the processor has it; `f32-strict`: single
   * precision with the same bits on every machine; `f64`: double precision, the same bits too.
   */
  readonly precision: Precision;
  /** Seed of every random choice: a whole number from 0 to 2^53 − 1. */
  readonly seed: number;
  /** Share of the text, at its end, that is held out for validation: 0 up to, not including, 1. */
  readonly val: number;
}

/** What a caller may leave open: any key of {@linkcode Config}, over a preset if one is named. */
export interface ConfigInput extends Partial<Config> {
  /** A key of {@linkcode presets}; keys given beside it win over it. */
  readonly preset?: string;
}

const wholeNumber = (low: number, high: number) =>
  v.pipe(
    v.number(`must be a whole number from ${low} to ${high}`),
    v.check(
      (n) => Number.isSafeInteger(n) && n >= low && n <= high,
      `must be a whole number from ${low} to ${high}`,
    ),
  );

const real = (accepts: (x: number) => boolean, wanted: string) =>
  v.pipe(
    v.number(`must be ${wanted}`),
    v.check((x) => Number.isFinite(x) && accepts(x), `must be ${wanted}`),
  );

const oneOf = <const Names extends readonly string[]>(names: Names) =>
  v.picklist(names, `must be one of ${names.join(", ")}`);

/** The schema of a whole {@linkcode Config}; a checkpoint's is read through it too. */
export const configSchema: v.GenericSchema<unknown, Config> = v.strictObject({
  cell: oneOf(["rnn"]),
  hidden: wholeNumber(1, 16384),
  seq: wholeNumber(1, 65536),
  batch: wholeNumber(1, 65536),
  lr: real((x) => x > 0, "a finite number above 0"),
  optimizer: oneOf(["adagrad", "sgd"]),
  clip: real((x) => x >= 0, "a finite number, 0 or above (0: no clipping)"),
  init: real((x) => x >= 0, "a finite number, 0 or above"),
  precision: oneOf(["f32", "f32-strict", "f64"]),
  seed: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  val: real((x) => x >= 0 && x < 1, "a number from 0 up to, not including, 1"),
});

/** What {@linkcode resolveConfig} uses where nothing is said. */
export const defaults: Config = Object.freeze({
  cell: "rnn",
  hidden: 128,
  seq: 25,
  batch: 4,
  lr: 0.05,
  optimizer: "adagrad",
  clip: 5,
  init: 0.05,
  precision: "f32",
  seed: 1,
  val: 0.05,
});

/** Settings that are known by a name. */
export const presets: Readonly<Record<string, Partial<Config>>> = Object.freeze(
  {
    // Karpathy's min-char-rnn (2015), and the Adagrad notebook after it.
    "min-char-rnn": Object.freeze({
      hidden: 100,
      seq: 25,
      batch: 1,
      lr: 0.1,
      optimizer: "adagrad",
      clip: 5,
      init: 0.01,
    }),
  },
);

/**
 * Completes what the caller gave from the preset and the defaults, and checks it.
 *
 * @param input What is not left to the preset and the defaults.
 * @param chars Length of the text in characters: a short one gets fewer streams by default.
 * @throws {InputError} when a key is unknown, or a value is not what {@linkcode Config} says.
 *
 * @example
 * ```ts
 * import { resolveConfig } from "./config.ts";
 *
 * const config = resolveConfig({ preset: "min-char-rnn", hidden: 64 });
 * console.log(config.hidden, config.seq); // 64 25
 * ```
 */
export function resolveConfig(input: ConfigInput = {}, chars = Infinity): Config {
  const { preset, ...given } = input;
  const base = preset === undefined ? {} : presetOf(preset);
  const config = parseConfig({ ...defaults, ...base, ...given }, "Cannot train");
  if ((given.batch ?? base.batch) !== undefined) return config;
  return Object.freeze({ ...config, batch: suitableBatch(config, chars) });
}

/**
 * The settings of a preset.
 * @throws {InputError} when there is none of that name.
 */
export function presetOf(name: string): Partial<Config> {
  const found = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (found !== undefined) return found;
  throw new InputError(
    `Cannot use the preset "${name}": it must be one of ${Object.keys(presets).join(", ")}`,
  );
}

/**
 * The default number of streams, halved until a pass over a short text still takes this many
 * steps: updates, not characters, are then what training is short of.
 */
const LEAST_STEPS_PER_EPOCH = 50;

function suitableBatch({ batch, seq }: Config, chars: number): number {
  while (batch > 1 && chars < LEAST_STEPS_PER_EPOCH * seq * batch) batch = Math.ceil(batch / 2);
  return batch;
}

/**
 * Checks that `value` is a whole configuration, and freezes it.
 *
 * @param value Anything, for example parsed JSON.
 * @param doing What is being done, for the error's first words.
 * @throws {InputError} naming the first key that is wrong, its value, and what it must be.
 */
export function parseConfig(value: unknown, doing: string): Config {
  return Object.freeze(validate(configSchema, value, doing));
}
