import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { type ConfigInput, resolveConfig } from "../../src/model/resolve_config.ts";
import { checkLrSchedule, cooldownFactor, learningRateAt } from "../../src/train/lr_schedule.ts";

const LAST_STEP = 100;
const context = { stepsPerEpoch: 10, lrReductions: 0 };

/** Checks the learning rates of steps, relative to that of the configuration. */
function assertRates(input: ConfigInput, expected: Readonly<Record<number, number>>): void {
  const config = resolveConfig({ lr: 0.5, ...input });
  for (const [step, factor] of Object.entries(expected)) {
    const fractionDone = (Number(step) - 1) / LAST_STEP;
    const lr = learningRateAt(config, Number(step), { ...context, fractionDone });
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
  assertRates({ lrSchedule: "linear" }, { 1: 1, 26: 0.75, 51: 0.5, 91: 0.1, 101: 0 });
  assertRates({ lrSchedule: "linear", warmup: 19 }, { 1: 1 / 20, 11: 0.9 * 11 / 20, 51: 0.5 });
  assertRates({ lrSchedule: "cosine" }, { 1: 1, 51: 0.5, 101: 0 });
  assertRates({ lrSchedule: "cosine", warmup: 19 }, { 1: 1 / 20, 51: 0.5, 101: 0 });
  assertRates({ lrSchedule: "inverse-sqrt", warmup: 9 }, { 9: 9 / 10, 36: 0.5, 81: 1 / 3 });
});

Deno.test("learningRateAt() decays at each plateau", () => {
  const config = resolveConfig({ lrSchedule: "plateau", lr: 1, lrDecay: 0.5 });
  const rates = [0, 1, 3].map((lrReductions) =>
    learningRateAt(config, 7, { ...context, fractionDone: 0, lrReductions })
  );
  assertEquals(rates, [1, 0.5, 0.125]);
});

Deno.test("cooldownFactor() falls to 0 over the last fraction of the run", () => {
  assertEquals([0, 0.5, 0.75, 1].map((done) => cooldownFactor({ cooldown: 0.5 }, done)), [
    ...[1, 1, 0.5, 0],
  ]);
  assertEquals(cooldownFactor({ cooldown: 0 }, 1), 1);
});

Deno.test("checkLrSchedule() rejects plateau without validation", () => {
  const plateau = { lrSchedule: "plateau" } as const;
  const error = assertThrows(() => checkLrSchedule(plateau, { hasValidation: false }), InputError);
  assertEquals(error.option, "lrSchedule");
  checkLrSchedule(plateau, { hasValidation: true });
  checkLrSchedule({ lrSchedule: "linear" }, { hasValidation: false });
});
