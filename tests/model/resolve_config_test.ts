import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { type Config, parseConfig } from "../../src/model/config.ts";
import { baseConfig, presets } from "../../src/model/presets.ts";
import {
  type ConfigInput,
  defaultBatchSize,
  resolveConfig,
} from "../../src/model/resolve_config.ts";

Deno.test("resolveConfig() returns the base configuration, frozen", () => {
  const config = resolveConfig();
  assertEquals(config, baseConfig);
  assert(Object.isFrozen(config));
  assertEquals(resolveConfig({}, { chars: 20e6 }), baseConfig);
});

Deno.test("resolveConfig() prefers the input to preset, optimizer, schedule and base", () => {
  const pick = (input: ConfigInput) => {
    const { lr, beta2, lrDecay, weightDecay } = resolveConfig(input);
    return { lr, beta2, lrDecay, weightDecay };
  };
  const base = { lr: 0.05, beta2: 0.999, lrDecay: 0.97, weightDecay: 0 };
  assertEquals(pick({ optimizer: "rmsprop" }), { ...base, lr: 0.002, beta2: 0.9 });
  assertEquals(pick({ optimizer: "adamw" }), { ...base, lr: 0.002, weightDecay: 0.01 });
  assertEquals(pick({ lrSchedule: "plateau" }), { ...base, lrDecay: 0.5 });
  assertEquals(pick({ preset: "char-rnn" }), { ...base, lr: 0.002, beta2: 0.95 });
  assertEquals(pick({ preset: "char-rnn", beta2: 0.8 }), { ...base, lr: 0.002, beta2: 0.8 });
  const other = { preset: "char-rnn", optimizer: "adam", lrSchedule: "plateau" } as const;
  assertEquals(pick(other), { ...base, lr: 0.002, beta2: 0.95 });
});

Deno.test("resolveConfig() accepts every preset", () => {
  for (const [preset, values] of Object.entries(presets)) {
    assertEquals(resolveConfig({ preset }), { ...resolveConfig({ preset }), ...values });
  }
});

Deno.test("resolveConfig() reduces the batch size of a short text, unless it is given", () => {
  const batchSize = (chars: number, input: ConfigInput = {}) =>
    resolveConfig(input, { chars }).batchSize;
  // 50 steps of 25 characters of 4 streams.
  assertEquals([5000, 4999, 2499, 1].map((chars) => batchSize(chars)), [4, 2, 1, 1]);
  assertEquals(batchSize(1, { batchSize: 7 }), 7);
  assertEquals(batchSize(1, { preset: "torch-rnn" }), 50);
  assertEquals(defaultBatchSize(12, { seqLength: 10, chars: 3000 }), 6);
});

Deno.test("resolveConfig() holds out at most a million characters, unless a fraction is given", () => {
  const valFraction = (chars: number, input: ConfigInput = {}) =>
    resolveConfig(input, { chars }).valFraction;
  assertEquals(valFraction(20e6), 0.05);
  assertEquals(valFraction(100e6), 0.01);
  assertEquals(valFraction(100e6, { valFraction: 0.05 }), 0.05);
  assertEquals(valFraction(100e6, { preset: "torch-rnn" }), 0.1);
});

/** The error for an input that does not have its type. */
function errorOf(input: Record<string, unknown>): InputError {
  return assertThrows(() => resolveConfig(input as ConfigInput), InputError);
}

Deno.test("resolveConfig() rejects values out of range, and names the option", () => {
  const wrong: Readonly<Record<keyof Config | "preset" | "unknown", readonly unknown[]>> = {
    preset: ["lstm", "", "__proto__", "toString"],
    unknown: [1],
    cell: ["rgu", null],
    layers: [0, 17, 1.5],
    hidden: [0, 16385, "128"],
    seqLength: [0, 65537],
    batchSize: [0, 65537],
    dropout: [1, -0.1],
    dropoutFrom: [1],
    dropoutUntil: [0, 1.1],
    lr: [0, Infinity, NaN],
    lrSchedule: ["exponential"],
    lrDecay: [0, 1.1],
    lrDecayAfter: [0],
    lrDecayEvery: [0],
    lrPatience: [0],
    warmup: [-1, 0.5],
    cooldown: [1],
    optimizer: ["adagard", "constructor"],
    momentum: [1],
    beta1: [1],
    beta2: [1],
    confidencePenalty: [-0.1, Infinity],
    weightDecay: [-1],
    gradClip: [-1],
    gradClipMode: ["element"],
    weightAverage: [1.1],
    init: ["-1", "normal", "normal:x", "normal:-1", "normal:Infinity", "uniform:"],
    precision: ["f16"],
    seed: [0.5, 2 ** 53],
    valFraction: [1],
    testFraction: [1],
    resetEvery: [-1],
    holdout: ["start"],
  };
  for (const [option, values] of Object.entries(wrong)) {
    for (const value of values) {
      const error = errorOf({ [option]: value });
      assertEquals(error.option, option);
      assertMatch(error.message, new RegExp(`^Cannot train: "${option}" (must be|is not a known)`));
    }
  }
});

Deno.test("resolveConfig() rejects values without effect, and names what they require", () => {
  const cases: readonly (readonly [keyof Config, ConfigInput, RegExp])[] = [
    ["dropout", { dropout: 0.5 }, /requires "layers" 2 or more/],
    ["dropoutFrom", { dropoutFrom: 0.5 }, /requires "dropout" above 0$/],
    ["dropoutUntil", { dropoutUntil: 0.5 }, /requires "dropout" above 0$/],
    ["lrSchedule", { lrSchedule: "inverse-sqrt" }, /requires "warmup" 1 or more/],
    ["momentum", { momentum: 0.9 }, /requires "optimizer" sgd$/],
    ["beta1", { optimizer: "sgd", beta1: 0.5 }, /requires "optimizer" adam or adamw$/],
    ["beta2", { optimizer: "sgd", beta2: 0.5 }, /requires "optimizer" rmsprop, adam or adamw$/],
    ["lrDecay", { lrDecay: 0.5 }, /requires "lrSchedule" step or plateau$/],
    ["lrPatience", { lrPatience: 3 }, /requires "lrSchedule" plateau$/],
    ["lrDecayAfter", { lrDecayAfter: 3 }, /requires "lrSchedule" step$/],
    ["lrDecayEvery", { lrSchedule: "plateau", lrDecayEvery: 3 }, /requires "lrSchedule" step$/],
  ];
  for (const [option, input, message] of cases) {
    const error = errorOf({ ...input });
    assertEquals(error.option, option);
    assertMatch(error.message, message);
    // The base value has no effect either, but is harmless.
    if (option !== "lrSchedule") resolveConfig({ ...input, [option]: baseConfig[option] });
  }
});

Deno.test("resolveConfig() rejects fractions that do not fit together", () => {
  const split = errorOf({ valFraction: 0.5, testFraction: 0.5 });
  assertEquals(split.option, "testFraction");
  assertMatch(split.message, /"valFraction" 0.5 and "testFraction" 0.5 .* below 1$/);
  assertEquals(errorOf({ preset: "torch-rnn", testFraction: 0.95 }).option, "testFraction");
  const dropout = errorOf({ layers: 2, dropout: 0.5, dropoutFrom: 0.9, dropoutUntil: 0.9 });
  assertEquals(dropout.option, "dropoutFrom");
  assertMatch(dropout.message, /the first must be below the second$/);
});

Deno.test("parseConfig() accepts only complete configurations", () => {
  assertEquals(parseConfig({ ...baseConfig }), baseConfig);
  for (const key of Object.keys(baseConfig)) {
    const { [key as keyof Config]: _, ...others } = baseConfig;
    assertEquals(assertThrows(() => parseConfig(others), InputError).option, key);
  }
  for (const wrong of [null, 1, "config", []]) {
    assertThrows(() => parseConfig(wrong), InputError);
  }
});
