import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { resolveLimits } from "../../src/train/limits.ts";

Deno.test("without a limit the length suits the text, and says that it is the default", () => {
  // Characters a step, steps an epoch, and the characters that the default trains on.
  for (
    const [charsPerStep, stepsPerEpoch, chars] of [
      [100, 20, 4e6], // a short text: at least so much
      [100, 10_000, 10e6], // ten epochs
      [100, 1_000_000, 20e6], // a long one: at most so much
    ] as const
  ) {
    const schedule = resolveLimits({}, charsPerStep, stepsPerEpoch, true);
    assertEquals(schedule.steps, chars / charsPerStep);
    assertEquals(schedule.seconds, Infinity);
    assert(schedule.byDefault);
  }
});

Deno.test("limits are taken as given, in steps and seconds", () => {
  const limits = (given: Parameters<typeof resolveLimits>[0]) => {
    const { steps, seconds, byDefault } = resolveLimits(given, 10, 30, true);
    assert(!byDefault);
    return [steps, seconds];
  };
  assertEquals(limits({ steps: 7 }), [7, Infinity]);
  assertEquals(limits({ epochs: 0.05 }), [2, Infinity]);
  assertEquals(limits({ minutes: 2 }), [Infinity, 120]);
  assertEquals(limits({ steps: 100, epochs: 2, minutes: 0.5 }), [60, 30]);
});

Deno.test("a run has a few dozen reports, at round steps, and some samples", () => {
  for (const steps of [1, 3, 60, 1000, 12345, 10 ** 6]) {
    const { logEvery, sampleEvery } = resolveLimits({ steps }, 100, 1000, true);
    assert(/^[125]0*$/.test(String(logEvery)), `every ${logEvery}`);
    assert(logEvery === 1 || steps / logEvery <= 50 || logEvery * 100 >= 250_000);
    assertEquals(sampleEvery, 5 * logEvery);
  }
  const given = resolveLimits({ steps: 9, logEvery: 4, sampleEvery: 0 }, 100, 1000, true);
  assertEquals([given.logEvery, given.sampleEvery], [4, 0]);
});

Deno.test("limits and intervals out of range are refused by name", () => {
  for (
    const [name, key, values] of [
      ["steps", "steps", [-1, 0.5, NaN, Infinity]],
      ["epochs", "epochs", [-1, 0, NaN, Infinity]],
      ["minutes", "minutes", [-1, 0, NaN, Infinity]],
      ["patience", "patience", [0, -1, 1.5, NaN]],
      ["log-every", "logEvery", [0, -1, 1.5, NaN]],
      ["sample-every", "sampleEvery", [-1, 1.5, NaN]],
    ] as const
  ) {
    for (const value of values) {
      assertThrows(
        () => resolveLimits({ [key]: value }, 10, 10, true),
        InputError,
        `"${name}" must be a`,
      );
    }
  }
});

Deno.test("patience needs validations", () => {
  assertEquals(resolveLimits({ patience: 3 }, 10, 10, true).patience, 3);
  assertThrows(() => resolveLimits({ patience: 3 }, 10, 10, false), InputError, "--val-fraction");
});
