import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { type ConfigInput, resolveConfig } from "../../src/model/resolve_config.ts";
import { checkLrSchedule, cooldownFactor, learningRateAt } from "../../src/train/lr_schedule.ts";

const context = { stepsPerEpoch: 10, lastStep: 100, lrReductions: 0 };

/** Checks the learning rates of steps, relative to that of the configuration. */
function assertRates(input: ConfigInput, expected: Readonly<Record<number, number>>): void {
  const config = resolveConfig({ lr: 0.5, ...input });
  for (const [step, factor] of Object.entries(expected)) {
    const lr = learningRateAt(config, Number(step), context);
    assert(Math.abs(lr - 0.5 * factor) < 1e-12, `${config.lrSchedule}, step ${step}: ${lr}`);
  }
}

Deno.test("learningRateAt() rises linearly during the warm-up", () => {
  assertRates({ warmup: 4 }, { 1: 1 / 5, 2: 2 / 5, 4: 4 / 5, 5: 1, 100: 1 });
});

Deno.test("learningRateAt() follows each schedule", () => {
  assertRates({ lrSchedule: "constant" }, { 1: 1, 1000: 1 });
  const step = { lrSchedule: "step", lrDecay: 0.5, lrDecayAfter: 2, lrDecayEvery: 3 } as const;
  assertRates(step, { 1: 1, 20: 1, 21: 0.5, 50: 0.5, 51: 0.25, 81: 0.125 });
  assertRates({ lrSchedule: "cosine" }, { 1: 1, 51: 0.5, 101: 0, 500: 0 });
  assertRates({ lrSchedule: "cosine", warmup: 20 }, { 21: 1, 61: 0.5, 101: 0 });
  assertRates({ lrSchedule: "inverse-sqrt", warmup: 9 }, { 9: 9 / 10, 36: 0.5, 81: 1 / 3 });
});

Deno.test("learningRateAt() decays at each plateau", () => {
  const config = resolveConfig({ lrSchedule: "plateau", lr: 1, lrDecay: 0.5 });
  const rates = [0, 1, 3].map((lrReductions) =>
    learningRateAt(config, 7, { ...context, lrReductions })
  );
  assertEquals(rates, [1, 0.5, 0.125]);
});

Deno.test("cooldownFactor() falls to 0 over the last fraction of the run", () => {
  assertEquals([0, 0.5, 0.75, 1].map((done) => cooldownFactor({ cooldown: 0.5 }, done)), [
    ...[1, 1, 0.5, 0],
  ]);
  assertEquals(cooldownFactor({ cooldown: 0 }, 1), 1);
});

Deno.test("checkLrSchedule() rejects a schedule without what it depends on", () => {
  for (
    const [lrSchedule, run] of [
      ["plateau", { lastStep: 100, hasValidation: false }],
      ["cosine", { lastStep: Infinity, hasValidation: true }],
    ] as const
  ) {
    const error = assertThrows(() => checkLrSchedule({ lrSchedule }, run), InputError, lrSchedule);
    assertEquals(error.option, "lrSchedule");
    checkLrSchedule({ lrSchedule }, { lastStep: 100, hasValidation: true });
  }
});
