/** The base configuration, the defaults of each schedule, and the presets. */

import { InputError } from "../errors.ts";
import { quote } from "../json.ts";
import type { Config, LrSchedule } from "./config.ts";

/** The configuration that `resolveConfig` completes others from. */
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
  confidencePenalty: 0,
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

/**
 * Defaults that depend on the learning-rate schedule. PyTorch and Keras reduce the rate on a
 * plateau by more than char-rnn does at each step of its schedule.
 */
export const scheduleDefaults: Readonly<Partial<Record<LrSchedule, Partial<Config>>>> = Object
  .freeze({
    plateau: { lrDecay: 0.5 },
  });

/** Named sets of hyperparameters. */
export const presets: Readonly<Record<string, Partial<Config>>> = Object.freeze(
  {
    // Karpathy's min-char-rnn (2015), and the Adagrad notebook that follows it.
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

/**
 * Returns the hyperparameters of a preset.
 *
 * @throws {InputError} if there is no preset of this name.
 *
 * @example
 * ```ts
 * import { getPreset } from "./presets.ts";
 *
 * console.log(getPreset("torch-rnn").optimizer); // adam
 * ```
 */
export function getPreset(name: string): Partial<Config> {
  const preset = typeof name === "string" && Object.hasOwn(presets, name)
    ? presets[name]
    : undefined;
  if (preset !== undefined) return preset;
  throw new InputError(
    `"preset" must be one of ${Object.keys(presets).join(", ")}, not ${quote(name)}`,
    { option: "preset" },
  );
}
