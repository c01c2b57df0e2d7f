import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import {
  fractionDone,
  type IntervalOptions,
  isFinished,
  limitDefaults,
  type LimitOptions,
  resolveLimits,
} from "../../src/train/limits.ts";

type Options = LimitOptions & IntervalOptions;
const context = { charsPerStep: 10, stepsPerEpoch: 30, hasValidation: true };

Deno.test("resolveLimits() limits the characters and the patience of a run without limits", () => {
  for (
    const [stepsPerEpoch, chars] of [
      [20, 4e6], // short text: the minimum
      [10_000, 10e6], // ten epochs
      [1_000_000, 20e6], // long text: the maximum
    ] as const
  ) {
    const limits = resolveLimits({}, { charsPerStep: 100, stepsPerEpoch, hasValidation: true });
    assertEquals(limits.steps, chars / 100);
    assertEquals(limits.seconds, Infinity);
    assertEquals(limits.patience, limitDefaults.patience);
    assert(limits.isDefault);
  }
  assertEquals(resolveLimits({}, { ...context, hasValidation: false }).patience, Infinity);
});

Deno.test("resolveLimits() converts given limits to steps and seconds", () => {
  for (
    const [options, steps, seconds] of [
      [{ steps: 7 }, 7, Infinity],
      [{ epochs: 0.05 }, 2, Infinity],
      [{ minutes: 2 }, Infinity, 120],
      [{ steps: 100, epochs: 2, minutes: 0.5 }, 60, 30],
    ] as const
  ) {
    const limits = resolveLimits(options, context);
    assertEquals([limits.steps, limits.seconds], [steps, seconds]);
    assertEquals([limits.isDefault, limits.patience], [false, Infinity]);
  }
});

Deno.test("resolveLimits() picks a few dozen metrics at round steps, and some samples", () => {
  const long = { charsPerStep: 100, stepsPerEpoch: 1000, hasValidation: true };
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

Deno.test("isFinished() needs an ended run that is still at its limit", () => {
  const progress = { step: 10, elapsedSeconds: 0, validationsSinceBest: 0 };
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
