import { InputError } from "../errors.ts";
import type { Config } from "../model/config.ts";
import { cosPi, power } from "../math.ts";

/** What learning-rate schedules depend on besides the step. */
export interface LrContext {
  /** Steps of an epoch, for the schedule `step`. */
  readonly stepsPerEpoch: number;
  /** The fraction of the run that is done, 0 to 1, for the schedules `linear` and `cosine`. */
  readonly fractionDone: number;
  /** Plateaus of the validation loss so far, for the schedule `plateau`. */
  readonly lrReductions: number;
}

/**
 * The learning rate of a step, without cooldown.
 *
 * With t the step, W the warm-up, d the decay and p the fraction of the run that is done, the rate
 * is lr times t / (W + 1) during the warm-up, t ≤ W (Goyal et al., "Accurate, large minibatch SGD",
 * 2017), times
 *
 * - `constant`: 1;
 * - `step`: d^(⌊(e − `lrDecayAfter`) / `lrDecayEvery`⌋ + 1) from epoch e = `lrDecayAfter` on, as in
 *   char-rnn's train.lua;
 * - `linear`: 1 − p (Defazio et al., "Optimal linear decay learning rate schedules and further
 *   refinements", 2023);
 * - `cosine`: (1 + cos(π·p)) / 2 (Loshchilov and Hutter, "SGDR", 2017, without restarts);
 * - `inverse-sqrt`: √(W / t) after the warm-up (Vaswani et al., "Attention is all you need", 2017),
 *   which needs no end of the run;
 * - `plateau`: d^(number of plateaus), as PyTorch's ReduceLROnPlateau with a threshold of 0.
 *
 * @param step The number of the step, from 1.
 *
 * @example
 * ```ts
 * import { resolveConfig } from "../model/resolve_config.ts";
 * import { learningRateAt } from "./lr_schedule.ts";
 *
 * const config = resolveConfig({ lr: 0.01, lrSchedule: "linear" });
 * const context = { stepsPerEpoch: 10, fractionDone: 0.75, lrReductions: 0 };
 * console.log(learningRateAt(config, 76, context)); // 0.0025
 * ```
 */
export function learningRateAt(
  config: Config,
  step: number,
  context: LrContext,
): number {
  const { lr, warmup } = config;
  const rate = lr * scheduleFactor(config, step, context);
  return step <= warmup ? rate * step / (warmup + 1) : rate;
}

function scheduleFactor(
  { lrSchedule, warmup, lrDecay, lrDecayAfter, lrDecayEvery }: Config,
  step: number,
  { stepsPerEpoch, fractionDone, lrReductions }: LrContext,
): number {
  switch (lrSchedule) {
    case "constant":
      return 1;
    case "step": {
      const epochs = Math.floor((step - 1) / stepsPerEpoch);
      if (epochs < lrDecayAfter) return 1;
      return power(lrDecay, Math.floor((epochs - lrDecayAfter) / lrDecayEvery) + 1);
    }
    case "linear":
      return 1 - fractionDone;
    case "cosine":
      return (1 + cosPi(fractionDone)) / 2;
    case "inverse-sqrt":
      return Math.sqrt(Math.min(1, warmup / step));
    case "plateau":
      return power(lrDecay, lrReductions);
  }
}

/**
 * The factor of the learning rate during the cooldown: over the last part of the run, the fraction
 * `cooldown` of it, it falls linearly from 1 to 0, whatever the schedule (Zhai et al., "Scaling
 * vision transformers", 2022, who do so after an inverse-square-root schedule).
 *
 * @param done Fraction of the run that is done, 0 to 1.
 */
export function cooldownFactor({ cooldown }: Pick<Config, "cooldown">, done: number): number {
  return cooldown === 0 ? 1 : Math.min(1, (1 - done) / cooldown);
}

/** Whether the learning rate falls to 0 at the end of a run, so that the run should reach it. */
export function fallsToZero(
  { lrSchedule, cooldown }: Pick<Config, "lrSchedule" | "cooldown">,
): boolean {
  return lrSchedule === "linear" || lrSchedule === "cosine" || cooldown > 0;
}

/**
 * Checks that a run has what its learning-rate schedule depends on.
 *
 * @throws {InputError} if the schedule is `plateau` and there is no validation.
 */
export function checkLrSchedule(
  { lrSchedule }: Pick<Config, "lrSchedule">,
  { hasValidation }: { readonly hasValidation: boolean },
): void {
  if (lrSchedule === "plateau" && !hasValidation) {
    throw new InputError(
      `Cannot train with "lrSchedule" plateau: it depends on validations, and no part of the text ` +
        `is held out; use a "valFraction" above 0 and a text that is long enough`,
      { option: "lrSchedule" },
    );
  }
}
