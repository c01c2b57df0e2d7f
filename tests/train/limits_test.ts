import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { resolveConfig } from "../../src/model/resolve_config.ts";
import {
  fractionDone,
  type IntervalOptions,
  isFinished,
  isLimitReached,
  leftForTraining,
  type LimitContext,
  limitDefaults,
  type LimitOptions,
  resolveLimits,
} from "../../src/train/limits.ts";

type Options = LimitOptions & IntervalOptions;
const config = resolveConfig({ cell: "gru", layers: 1, hidden: 128 });
const model = { config, vocabularySize: 65 };
const context = { charsPerStep: 10, stepsPerEpoch: 300, hasValidation: true, ...model };

Deno.test("resolveLimits() limits the characters and the patience of a run without limits", () => {
  for (
    const [stepsPerEpoch, chars] of [
      [20, 6e5], // short text: the minimum
      [10_000, 8e6], // eight epochs
      [1_000_000, 12e6], // long text: the maximum
    ] as const
  ) {
    const limits = resolveLimits({}, { ...context, charsPerStep: 100, stepsPerEpoch });
    assertEquals(limits.steps, chars / 100);
    assertEquals(limits.seconds, Infinity);
    assertEquals(limits.patience, limitDefaults.patience);
    assert(limits.isDefault);
  }
  assertEquals(resolveLimits({}, { ...context, hasValidation: false }).patience, Infinity);
});

Deno.test("resolveLimits() lets a rate fall to 0 by default, whatever validations say", () => {
  for (
    const falling of [{ lrSchedule: "linear" }, { lrSchedule: "cosine" }, {
      cooldown: 0.2,
    }] as const
  ) {
    const falls = { ...context, config: { ...config, ...falling } };
    const { patience, stopsOverfitting } = resolveLimits({}, falls);
    assertEquals([patience, stopsOverfitting], [Infinity, true]);
    assertEquals(resolveLimits({ patience: 2 }, falls).patience, 2);
    assertEquals(resolveLimits({ patience: 2 }, falls).stopsOverfitting, false);
  }
  assertEquals(resolveLimits({}, context).stopsOverfitting, false);
});

Deno.test("resolveLimits() follows the alphabet, and the length of a short text", () => {
  const steps = (changes: Partial<LimitContext>) =>
    resolveLimits({}, { ...context, stepsPerEpoch: 50_000, ...changes }).steps;
  // Ordinary alphabets are alike.
  for (const vocabularySize of [1, 2, 60, 120]) assertEquals(steps({ vocabularySize }), 4e5);
  const chars = [500, 3000, 30_000, 1_000_000].map((size) => 10 * steps({ vocabularySize: size }));
  assertEquals(chars, chars.toSorted((a, b) => b - a));
  assert(chars[0] === 4e6 && chars[2]! < 1e6 && chars[3]! >= 10, `${chars}`);
  // A model that takes long anyway may take as long with a large alphabet.
  const wide = { ...model.config, hidden: 4096 };
  assert(steps({ config: wide, vocabularySize: 500 }) > 0.9 * 4e5);
  // 3 characters are a batch of one character; 500 characters are nine of fifty.
  assertEquals(steps({ charsPerStep: 1, stepsPerEpoch: 1 }), 10_000);
  assertEquals(steps({ charsPerStep: 50, stepsPerEpoch: 9 }), 12_000);
});

Deno.test("resolveLimits() has as many metrics of a slow model within a time limit", () => {
  const charsPerLog = (changes: Partial<LimitContext>, minutes = 1) => {
    const { logEvery } = resolveLimits({ minutes }, { ...context, charsPerStep: 200, ...changes });
    return 200 * logEvery;
  };
  const wide = { ...model.config, hidden: 1024 };
  // Of a fast one a second is as many characters as of any run without a time limit.
  assertEquals(charsPerLog({}, 10), 400_000);
  assert(charsPerLog({ config: wide }) <= 10_000);
  assert(charsPerLog({ vocabularySize: 4000 }) <= 40_000);
  assert(charsPerLog({ config: wide }, 600) > charsPerLog({ config: wide }));
});

Deno.test("resolveLimits() converts given limits to steps and seconds", () => {
  for (
    const [options, steps, seconds] of [
      [{ steps: 7 }, 7, Infinity],
      [{ epochs: 0.005 }, 2, Infinity],
      [{ minutes: 2 }, Infinity, 120],
      [{ steps: 1000, epochs: 2, minutes: 0.5 }, 600, 30],
    ] as const
  ) {
    const limits = resolveLimits(options, context);
    assertEquals([limits.steps, limits.seconds], [steps, seconds]);
    assertEquals([limits.isDefault, limits.patience], [false, Infinity]);
  }
});

Deno.test("resolveLimits() picks a few dozen metrics at round steps, and some samples", () => {
  const long = { ...context, charsPerStep: 100, stepsPerEpoch: 1000 };
  for (const steps of [1, 3, 60, 1000, 12345, 10 ** 6]) {
    const { logEvery, sampleEvery } = resolveLimits({ steps }, long);
    assert(/^[125]0*$/.test(String(logEvery)), `every ${logEvery}`);
    assert(logEvery === 1 || steps / logEvery <= 50 || logEvery * 100 >= 250_000);
    assertEquals(sampleEvery, null);
  }
  const given = resolveLimits({ steps: 9, logEvery: 4, sampleEvery: 0 }, long);
  assertEquals([given.logEvery, given.sampleEvery], [4, 0]);
});

Deno.test("resolveLimits() rejects values out of range and names the property", () => {
  const invalid: Record<keyof Options, readonly number[]> = {
    steps: [-1, 0.5, NaN, Infinity],
    epochs: [-1, 0, NaN, Infinity],
    minutes: [-1, 0, NaN, Infinity],
    patience: [0, -1, 1.5, NaN],
    logEvery: [0, -1, 1.5, NaN],
    sampleEvery: [-1, 1.5, NaN],
    checkpointEvery: [0, -1, 1.5, NaN],
  };
  for (const [option, values] of Object.entries(invalid)) {
    for (const value of values) {
      const resolve = () => resolveLimits({ [option]: value }, context);
      const error = assertThrows(resolve, InputError, `"${option}" must be a`);
      assertEquals(error.option, option);
    }
  }
});

Deno.test("resolveLimits() rejects patience without a validation part", () => {
  assertEquals(resolveLimits({ patience: 3 }, context).patience, 3);
  const resolve = () => resolveLimits({ patience: 3 }, { ...context, hasValidation: false });
  assertEquals(assertThrows(resolve, InputError, "valFraction").option, "patience");
});

Deno.test("fractionDone() goes by the limit that is reached first", () => {
  const limits = resolveLimits({ steps: 100, minutes: 1 }, context);
  const done = (step: number, elapsedSeconds: number) =>
    fractionDone(limits, { step, elapsedSeconds });
  assertEquals([done(0, 0), done(25, 6), done(25, 30), done(200, 0)], [0, 0.25, 0.5, 1]);
  assertEquals(
    fractionDone(resolveLimits({ steps: 0 }, context), { step: 0, elapsedSeconds: 0 }),
    1,
  );
});

Deno.test("leftForTraining() leaves time for a validation, and half of all at least", () => {
  assertEquals([0, 10, 60, Infinity].map((time) => leftForTraining(100, time)), [100, 90, 50, 50]);
});

Deno.test("isLimitReached() ends a run with a time limit and no patience when it is overfitted", () => {
  const overfitted = {
    ...{ step: 90, elapsedSeconds: 1, validationsSinceBest: 12 },
    ...{ validationLoss: 2, bestValidationLoss: 1.5, validatedStep: 90, bestStep: 20 },
  };
  const isOver = (options: Options) => isLimitReached(resolveLimits(options, context), overfitted);
  assertEquals([{ minutes: 10 }, { minutes: 10, patience: 20 }, { steps: 100 }].map(isOver), [
    true,
    false,
    false,
  ]);
});

Deno.test("isFinished() needs an ended run that is still at its limit", () => {
  const progress = {
    ...{ step: 10, elapsedSeconds: 0, validationsSinceBest: 0 },
    ...{ validationLoss: null, bestValidationLoss: null, validatedStep: null, bestStep: null },
  };
  for (
    const [steps, ended, expected] of [[10, true, true], [10, false, false], [
      11,
      true,
      false,
    ]] as const
  ) {
    assertEquals(isFinished(resolveLimits({ steps }, context), { ...progress, ended }), expected);
  }
});
