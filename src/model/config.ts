import * as v from "valibot";
import { InputError } from "../errors.ts";
import { INIT_SYNTAX, isInit } from "./initialization.ts";
import { validate } from "../json.ts";
import type { Cell } from "./parameters.ts";

/** How numbers are stored and multiplied; see {@linkcode Config.precision}. */
export type Precision = "f32" | "f32-strict" | "f64";

/** How the learning rate changes; see {@linkcode Config.lrSchedule}. */
export type LrSchedule = "constant" | "step" | "cosine" | "inverse-sqrt" | "plateau";

/**
 * Everything that decides what a training run computes, complete and checked.
 *
 * The keys are the names of the command line's options. A value of this type comes from
 * {@linkcode resolveConfig} or from a checkpoint, and is frozen.
 */
export interface Config {
  /** The recurrent cell: one tanh layer, GRU or LSTM. */
  readonly cell: Cell;
  /** L, layers, each reading the states of the one below: 1 to 16. */
  readonly layers: number;
  /** H, hidden units of each layer: 1 to 16384. */
  readonly hidden: number;
  /** T, characters that back-propagation through time unrolls: 1 to 65536. */
  readonly seqLength: number;
  /** B, streams trained side by side, over which gradients are averaged: 1 to 65536. */
  readonly batchSize: number;
  /** Share of what each layer passes to the next that is dropped while training: 0 to below 1. */
  readonly dropout: number;
  /**
   * Share of the run from which that is so: 0 to below 1. A run's length is what limits it, steps,
   * epochs or minutes.
   */
  readonly dropoutFrom: number;
  /** Share of the run until which that is so, above `dropoutFrom`, at most 1. */
  readonly dropoutUntil: number;
  /** Learning rate, above 0; where the schedule begins. */
  readonly lr: number;
  /**
   * `constant`; `step`: times `decay` every `lrDecayEvery` epochs from `lrDecayAfter` on; `cosine`: down
   * to 0 at the run's last step; `inverse-sqrt`: times √(warmup / step) after the warm-up; or
   * `plateau`: times `decay` when `plateau` validations in a row brought nothing better.
   */
  readonly lrSchedule: LrSchedule;
  /** What a step of the schedules `step` and `plateau` multiplies the rate by: above 0, at most 1. */
  readonly lrDecay: number;
  /** Epochs before the first such step, above 0. */
  readonly lrDecayAfter: number;
  /** Epochs from one such step to the next, above 0. */
  readonly lrDecayEvery: number;
  /** Validations in a row without a better one after which `plateau` lowers the rate: 1 or above. */
  readonly lrPatience: number;
  /** Steps over which the rate rises from 0 to `lr` first: 0 or above. */
  readonly warmup: number;
  /** Share of the run, at its end, over which the rate falls to 0, whatever the schedule: 0 to below 1. */
  readonly cooldown: number;
  /** Update rule: Adagrad (ε inside the root), plain gradient descent, RMSProp, Adam or AdamW. */
  readonly optimizer: Optimizer;
  /** Momentum of `sgd`: 0 to below 1. */
  readonly momentum: number;
  /** How much of the first moment Adam keeps: 0 to below 1. */
  readonly beta1: number;
  /** How much of the mean square Adam and RMSProp keep: 0 to below 1. */
  readonly beta2: number;
  /** Weight decay: added to the gradient as this share of the weight, but with `adamw`, where it shrinks the weight. */
  readonly weightDecay: number;
  /** What the gradient is clipped to before the update; 0 leaves it as it is. */
  readonly gradClip: number;
  /** Whether each element is clipped to ±clip, or the norm of the whole to clip. */
  readonly gradClipMode: "value" | "norm";
  /**
   * What validation, samples and checkpoints take for the model: the average of the weights over
   * about the last steps, this share of all so far; 0: the weights of the last step.
   */
  readonly weightAverage: number;
  /** How weights are drawn; `initialParameters` tells of each. */
  readonly init: string;
  /**
   * `f32`: single precision, fused multiply-add where the processor has it; `f32-strict`: single
   * precision with the same bits on every machine; `f64`: double precision, the same bits too.
   */
  readonly precision: Precision;
  /** Seed of every random choice: a whole number from 0 to 2^53 − 1. */
  readonly seed: number;
  /**
   * Share of the text that is held out for validation: 0 up to, not including, 1. By default 0.05, but
   * of a text of more than 20 million characters as much as makes a million.
   */
  readonly valFraction: number;
  /** Share of the text that is held out, behind that, for the test at the end; together below 1. */
  readonly testFraction: number;
  /**
   * Steps from one time that a stream's hidden state is set to zero to the next, one stream after the
   * other; 0: only where the streams start anew. A long text starts anew so seldom that the network
   * would forget how to begin.
   */
  readonly resetEvery: number;
  /** What is held out of: the `end` of the text, or the end of each of the `streams`. */
  readonly holdout: "end" | "streams";
}

/** The update rule; see {@linkcode Config.optimizer}. */
export type Optimizer = "adagrad" | "sgd" | "rmsprop" | "adam" | "adamw";

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

const share = real((x) => x >= 0 && x < 1, "a number from 0 up to, not including, 1");
const epochs = real((x) => x > 0, "a finite number above 0");

/**
 * The schema of a whole {@linkcode Config}, which a checkpoint's configuration must satisfy too.
 */
export const configSchema: v.GenericSchema<unknown, Config> = v.strictObject({
  cell: oneOf(["rnn", "gru", "lstm"]),
  layers: wholeNumber(1, 16),
  hidden: wholeNumber(1, 16384),
  seqLength: wholeNumber(1, 65536),
  batchSize: wholeNumber(1, 65536),
  dropout: share,
  dropoutFrom: share,
  dropoutUntil: real((x) => x > 0 && x <= 1, "a number above 0, at most 1"),
  lr: real((x) => x > 0, "a finite number above 0"),
  lrSchedule: oneOf(["constant", "step", "cosine", "inverse-sqrt", "plateau"]),
  lrDecay: real((x) => x > 0 && x <= 1, "a number above 0, at most 1"),
  lrDecayAfter: epochs,
  lrDecayEvery: epochs,
  lrPatience: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  warmup: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  cooldown: share,
  optimizer: oneOf(["adagrad", "sgd", "rmsprop", "adam", "adamw"]),
  momentum: share,
  beta1: share,
  beta2: share,
  weightDecay: real((x) => x >= 0, "a finite number, 0 or above"),
  gradClip: real((x) => x >= 0, "a finite number, 0 or above (0: no clipping)"),
  gradClipMode: oneOf(["value", "norm"]),
  weightAverage: real((x) => x >= 0 && x <= 1, "a number from 0 to 1 (0: no average)"),
  init: v.pipe(v.string(`must be ${INIT_SYNTAX}`), v.check(isInit, `must be ${INIT_SYNTAX}`)),
  precision: oneOf(["f32", "f32-strict", "f64"]),
  seed: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  valFraction: share,
  testFraction: share,
  resetEvery: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  holdout: oneOf(["end", "streams"]),
});

/** What {@linkcode resolveConfig} uses where nothing is said. */
export const baseConfig: Config = Object.freeze({
  cell: "rnn",
  layers: 1,
  hidden: 128,
  seqLength: 25,
  batchSize: 4,
  dropout: 0,
  dropoutFrom: 0,
  dropoutUntil: 1,
  lr: 0.05,
  lrSchedule: "constant",
  lrDecay: 0.97,
  lrDecayAfter: 10,
  lrDecayEvery: 1,
  lrPatience: 2,
  warmup: 0,
  cooldown: 0,
  optimizer: "adagrad",
  momentum: 0,
  beta1: 0.9,
  beta2: 0.999,
  weightDecay: 0,
  gradClip: 5,
  gradClipMode: "value",
  weightAverage: 0,
  init: "normal:0.05",
  precision: "f32",
  seed: 1,
  valFraction: 0.05,
  testFraction: 0,
  resetEvery: 0,
  holdout: "end",
});

/** Where another optimizer than the default has other defaults. */
export const optimizerDefaults: Readonly<Record<Optimizer, Partial<Config>>> = Object.freeze({
  adagrad: {},
  sgd: { lr: 0.1 },
  rmsprop: { lr: 0.002, beta2: 0.9 },
  adam: { lr: 0.002 },
  adamw: { lr: 0.002, weightDecay: 0.01 },
});

/** Where another schedule has: PyTorch's and Keras' plateaus cut by more than a step of char-rnn's. */
const scheduleDefaults: Readonly<Partial<Record<LrSchedule, Partial<Config>>>> = Object.freeze({
  plateau: { lrDecay: 0.5 },
});

/** Settings that are known by a name. */
export const presets: Readonly<Record<string, Partial<Config>>> = Object.freeze(
  {
    // Karpathy's min-char-rnn (2015), and the Adagrad notebook after it.
    "min-char-rnn": Object.freeze({
      cell: "rnn",
      layers: 1,
      hidden: 100,
      seqLength: 25,
      batchSize: 1,
      optimizer: "adagrad",
      lr: 0.1,
      gradClip: 5,
      init: "normal:0.01",
    }),
    // Karpathy's char-rnn (2015), train.lua's options; its example is an LSTM of 2 layers of 128.
    "char-rnn": Object.freeze({
      cell: "lstm",
      layers: 2,
      hidden: 128,
      seqLength: 50,
      batchSize: 50,
      dropout: 0,
      optimizer: "rmsprop",
      lr: 0.002,
      beta2: 0.95,
      lrSchedule: "step",
      lrDecay: 0.97,
      lrDecayAfter: 10,
      lrDecayEvery: 1,
      gradClip: 5,
      init: "uniform:0.08",
      valFraction: 0.05,
      holdout: "streams",
    }),
    // Johnson's torch-rnn (2016), train.lua's options.
    "torch-rnn": Object.freeze({
      cell: "lstm",
      layers: 2,
      hidden: 128,
      seqLength: 50,
      batchSize: 50,
      dropout: 0,
      optimizer: "adam",
      lr: 0.002,
      lrSchedule: "step",
      lrDecay: 0.5,
      lrDecayAfter: 5,
      lrDecayEvery: 5,
      gradClip: 5,
      init: "xavier",
      valFraction: 0.1,
    }),
  },
);

/** Options that mean something with some choices only, and with which. */
const conditions: readonly (readonly [keyof Config, (config: Config) => boolean, string])[] = [
  [
    "dropout",
    ({ layers, dropout }) => layers > 1 || dropout === 0,
    "layers 2 or more, between which it drops",
  ],
  ["dropoutFrom", ({ dropout }) => dropout > 0, "dropout above 0, which begins there"],
  ["dropoutUntil", ({ dropout }) => dropout > 0, "dropout above 0, which ends there"],
  [
    "lrSchedule",
    ({ lrSchedule, warmup }) => lrSchedule !== "inverse-sqrt" || warmup > 0,
    "warmup 1 or more, from which it falls",
  ],
  ["momentum", ({ optimizer }) => optimizer === "sgd", "optimizer sgd"],
  ["beta1", ({ optimizer }) => optimizer.startsWith("adam"), "optimizer adam or adamw"],
  [
    "beta2",
    ({ optimizer }) => optimizer.startsWith("adam") || optimizer === "rmsprop",
    "optimizer rmsprop, adam or adamw",
  ],
  [
    "lrDecay",
    ({ lrSchedule }) => lrSchedule === "step" || lrSchedule === "plateau",
    "schedule step or plateau",
  ],
  ["lrPatience", ({ lrSchedule }) => lrSchedule === "plateau", "schedule plateau"],
  ["lrDecayAfter", ({ lrSchedule }) => lrSchedule === "step", "schedule step"],
  ["lrDecayEvery", ({ lrSchedule }) => lrSchedule === "step", "schedule step"],
];

/** Options of {@linkcode resolveConfig}. */
export interface ResolveConfigOptions {
  /** Length of the text in characters. Default: unknown, as if it were unlimited. */
  readonly chars?: number;
}

/**
 * Completes what the caller gave from the preset and the defaults, and checks it.
 *
 * @param input What is not left to the preset and the defaults.
 * @param options The length of the text: by default a short one gets fewer streams, and of a long
 * one a smaller fraction is held out.
 * @throws {InputError} when a key is unknown, or a value is not what {@linkcode Config} says.
 *
 * @example
 * ```ts
 * import { resolveConfig } from "./config.ts";
 *
 * const config = resolveConfig({ preset: "min-char-rnn", hidden: 64 });
 * console.log(config.hidden, config.seqLength); // 64 25
 * ```
 */
export function resolveConfig(
  input: ConfigInput = {},
  { chars = Infinity }: ResolveConfigOptions = {},
): Config {
  const { preset, ...given } = input;
  const base = preset === undefined ? {} : presetOf(preset);
  const { optimizer, lrSchedule } = { ...baseConfig, ...base, ...given };
  const own = { ...of(optimizerDefaults, optimizer), ...of(scheduleDefaults, lrSchedule) };
  const config = parseConfig({ ...baseConfig, ...own, ...base, ...given }, "Cannot train");
  checkConditions(config, given, "Cannot train");
  const { batchSize, valFraction } = { ...base, ...given };
  return Object.freeze({
    ...config,
    batchSize: batchSize ?? defaultBatchSize(config.batchSize, config.seqLength, chars),
    valFraction: valFraction ?? defaultValFraction(config.valFraction, chars),
  });
}

/** What an object has under a key that may be anything. */
function of<T extends object>(values: Readonly<Record<string, T>>, key: string): Partial<T> {
  return Object.hasOwn(values, key) ? values[key]! : {};
}

/**
 * Checks that nothing was given that the rest of the configuration leaves without meaning.
 *
 * @param given What was given, as opposed to left to a preset and the defaults.
 * @throws {InputError} saying what it goes with.
 */
export function checkConditions(config: Config, given: Partial<Config>, doing: string): void {
  if (config.valFraction + config.testFraction >= 1) {
    throw new InputError(
      `${doing}: "valFraction" ${config.valFraction} and "testFraction" ${config.testFraction} leave nothing to train on; together ` +
        `they must be below 1`,
    );
  }
  if (config.dropoutFrom >= config.dropoutUntil) {
    throw new InputError(
      `${doing}: "dropoutFrom" ${config.dropoutFrom} and "dropoutUntil" ${config.dropoutUntil} leave ` +
        `nothing of the run to drop in; the first must be below the second`,
    );
  }
  for (const [key, holds, wanted] of conditions) {
    // What makes no difference may be said.
    if (given[key] === undefined || given[key] === baseConfig[key] || holds(config)) continue;
    throw new InputError(
      `${doing}: "${key}" ${given[key]} has no meaning here; it goes with ${wanted}`,
    );
  }
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

/** Updates, not characters, are what the training of a short text is short of. */
const LEAST_STEPS_PER_EPOCH = 50;

/** A number of streams, halved until a pass over a short text still takes so many steps. */
export function defaultBatchSize(batchSize: number, seqLength: number, chars: number): number {
  while (batchSize > 1 && chars < LEAST_STEPS_PER_EPOCH * seqLength * batchSize) {
    batchSize = Math.ceil(batchSize / 2);
  }
  return batchSize;
}

/** The mean of a million losses is known to about 0.002 nats; more would be lost for training. */
const MOST_VALIDATED = 1_000_000;

/** The share of a text to validate on, so that a long one is not validated for longer than trained. */
function defaultValFraction(valFraction: number, chars: number): number {
  const isCapped = chars * valFraction > MOST_VALIDATED && chars < Infinity;
  return isCapped ? MOST_VALIDATED / chars : valFraction;
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
