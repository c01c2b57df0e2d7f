/** Completing and checking a configuration. */

import * as v from "valibot";
import { checkOptions, copyOptions, optionsSchema } from "../arguments.ts";
import { InputError, withContext } from "../errors.ts";
import { validate } from "../json.ts";
import { type Config, parseConfig, partialConfigSchema } from "./config.ts";
import { optimizers } from "./optimizers.ts";
import { baseConfig, getPreset, scheduleDefaults } from "./presets.ts";

/** A partial configuration: any keys of {@linkcode Config}, and a preset for the others. */
export interface ConfigInput extends Partial<Config> {
  /** Name of one of the `presets`: `min-char-rnn`, `char-rnn` or `torch-rnn`. */
  readonly preset?: string;
}

/** Options of {@linkcode resolveConfig}. */
export interface ResolveConfigOptions {
  /**
   * Length of the text in characters. By default, a short text gets a smaller batch size, and a
   * long one a smaller validation fraction. Default: unlimited.
   */
  readonly chars?: number;
}

const schema = optionsSchema({
  chars: v.pipe(
    v.number("must be a number"),
    v.check((n) => n >= 0, "must be a number, 0 or above"),
  ),
});

/**
 * Completes a configuration from its preset and the base configuration, and checks it.
 *
 * @param input The keys to set. They override the preset, which overrides the defaults of the
 * optimizer and the schedule, which override `baseConfig`.
 * @param options The length of the text.
 * @returns The complete configuration, frozen.
 * @throws {InputError} if a key is unknown, a value is not what {@linkcode Config} requires, or a
 * value has no effect with the others.
 *
 * @example
 * ```ts
 * import { resolveConfig } from "../mod.ts";
 *
 * const config = resolveConfig({ preset: "min-char-rnn", hidden: 64 });
 * console.log(config.hidden, config.seqLength); // 64 25
 * ```
 */
export function resolveConfig(
  input: ConfigInput = {},
  options: ResolveConfigOptions = {},
): Config {
  const { chars = Infinity } = checkOptions(options, { schema, context: "Cannot train" });
  return withContext("Cannot train", () => {
    const { preset, ...given } = checkConfigInput(input);
    const base = preset === undefined ? {} : getPreset(preset);
    const { optimizer, lrSchedule } = { ...baseConfig, ...base, ...given };
    const config = parseConfig({
      ...baseConfig,
      ...get(optimizers, optimizer).defaults,
      ...get(scheduleDefaults, lrSchedule),
      ...base,
      ...given,
    });
    checkConsistency(config, given);
    const { batchSize, valFraction } = { ...base, ...given };
    return Object.freeze({
      ...config,
      batchSize: batchSize ?? defaultBatchSize(config.batchSize, { ...config, chars }),
      valFraction: valFraction ?? defaultValFraction(config.valFraction, chars),
    });
  });
}

/**
 * Checks the keys of a configuration one by one.
 *
 * @returns A copy without the keys that are `undefined`.
 * @throws {InputError} without a context, if a key is unknown or its value is invalid.
 */
export function checkConfigInput(input: ConfigInput): ConfigInput {
  const { preset, ...given } = copyOptions(input);
  const checked = validate(partialConfigSchema, given) as Partial<Config>;
  return preset === undefined ? checked : { ...checked, preset };
}

/** The value of a key that is not yet checked; nothing for an unknown key. */
function get<T extends object>(values: Readonly<Record<string, T>>, key: string): Partial<T> {
  return typeof key === "string" && Object.hasOwn(values, key) ? values[key]! : {};
}

/** A key that has an effect only with certain values of others. */
interface Dependency {
  readonly key: keyof Config;
  readonly hasEffect: (config: Config) => boolean;
  /** What it requires, for an error. */
  readonly requires: string;
}

const dependencies: readonly Dependency[] = [
  {
    key: "dropout",
    hasEffect: ({ layers, dropout }) => layers > 1 || dropout === 0,
    requires: '"layers" 2 or more, as it drops between layers',
  },
  {
    key: "dropoutFrom",
    hasEffect: ({ dropout }) => dropout > 0,
    requires: '"dropout" above 0',
  },
  {
    key: "dropoutUntil",
    hasEffect: ({ dropout }) => dropout > 0,
    requires: '"dropout" above 0',
  },
  {
    key: "momentum",
    hasEffect: ({ optimizer }) => optimizer === "sgd",
    requires: '"optimizer" sgd',
  },
  {
    key: "beta1",
    hasEffect: ({ optimizer }) => optimizer.startsWith("adam"),
    requires: '"optimizer" adam or adamw',
  },
  {
    key: "beta2",
    hasEffect: ({ optimizer }) => optimizer.startsWith("adam") || optimizer === "rmsprop",
    requires: '"optimizer" rmsprop, adam or adamw',
  },
  {
    key: "lrDecay",
    hasEffect: ({ lrSchedule }) => lrSchedule === "step" || lrSchedule === "plateau",
    requires: '"lrSchedule" step or plateau',
  },
  {
    key: "lrPatience",
    hasEffect: ({ lrSchedule }) => lrSchedule === "plateau",
    requires: '"lrSchedule" plateau',
  },
  {
    key: "lrDecayAfter",
    hasEffect: ({ lrSchedule }) => lrSchedule === "step",
    requires: '"lrSchedule" step',
  },
  {
    key: "lrDecayEvery",
    hasEffect: ({ lrSchedule }) => lrSchedule === "step",
    requires: '"lrSchedule" step',
  },
];

/**
 * Checks that the keys of a configuration fit together, and that none was set without effect.
 *
 * @param config The complete configuration.
 * @param given The keys that were set explicitly.
 * @throws {InputError} naming the key, and what it requires.
 */
export function checkConsistency(config: Config, given: Partial<Config>): void {
  const { valFraction, testFraction, dropoutFrom, dropoutUntil } = config;
  if (valFraction + testFraction >= 1) {
    throw new InputError(
      `"valFraction" ${valFraction} and "testFraction" ${testFraction} leave nothing to train ` +
        "on; together they must be below 1",
      { option: given.testFraction === undefined ? "valFraction" : "testFraction" },
    );
  }
  if (dropoutFrom >= dropoutUntil) {
    throw new InputError(
      `"dropoutFrom" ${dropoutFrom} and "dropoutUntil" ${dropoutUntil} leave no part of the run ` +
        "for dropout; the first must be below the second",
      { option: given.dropoutFrom === undefined ? "dropoutUntil" : "dropoutFrom" },
    );
  }
  const { lrSchedule, warmup } = config;
  if (lrSchedule === "inverse-sqrt" && warmup === 0) {
    throw new InputError(
      `"lrSchedule" inverse-sqrt requires "warmup" 1 or more, as the learning rate falls from its end`,
      { option: given.lrSchedule === undefined ? "warmup" : "lrSchedule" },
    );
  }
  for (const { key, hasEffect, requires } of dependencies) {
    // Setting a key to its base value is harmless.
    if (given[key] === undefined || given[key] === baseConfig[key] || hasEffect(config)) continue;
    throw new InputError(`"${key}" ${given[key]} has no effect here; it requires ${requires}`, {
      option: key,
    });
  }
}

/** On a short text, more updates per epoch gain more than a larger batch. */
const MIN_STEPS_PER_EPOCH = 50;

/**
 * Halves a batch size until an epoch of a short text has at least 50 steps.
 *
 * @param batchSize The batch size for a long text.
 * @param options The sequence length, and the length of the text in characters.
 */
export function defaultBatchSize(
  batchSize: number,
  { seqLength, chars }: { readonly seqLength: number; readonly chars: number },
): number {
  while (batchSize > 1 && chars < MIN_STEPS_PER_EPOCH * seqLength * batchSize) {
    batchSize = Math.ceil(batchSize / 2);
  }
  return batchSize;
}

/**
 * A million losses give the validation loss to about 0.002 nats. More would take characters away
 * from training, and time to validate.
 */
export const MAX_VALIDATION_CHARS = 1_000_000;

function defaultValFraction(valFraction: number, chars: number): number {
  const isCapped = chars * valFraction > MAX_VALIDATION_CHARS && chars < Infinity;
  return isCapped ? MAX_VALIDATION_CHARS / chars : valFraction;
}
