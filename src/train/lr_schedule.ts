import { InputError } from "../errors.ts";
import type { Config } from "../model/config.ts";
import { cosPi, power } from "../math.ts";

/** What learning-rate schedules depend on besides the step. */
export interface LrContext {
  /** Steps of an epoch, for the schedule `step`. */
  readonly stepsPerEpoch: number;
  /** The last step of the run, for the schedule `cosine`. */
  readonly lastStep: number;
  /** Plateaus of the validation loss so far, for the schedule `plateau`. */
  readonly lrReductions: number;
}

/**
 * The learning rate of a step, without cooldown.
 *
 * With t the step, W the warm-up and d the decay, the rate is lr times
 *
 * - t / (W + 1) during the warm-up, t ≤ W (Goyal et al., "Accurate, large minibatch SGD", 2017);
 * - `step`: d^(⌊(e − `lrDecayAfter`) / `lrDecayEvery`⌋ + 1) from epoch e = `lrDecayAfter` on, as in
 *   char-rnn's train.lua;
 * - `cosine`: (1 + cos(π·(t − 1 − W) / (last − W))) / 2 (Loshchilov and Hutter, "SGDR", 2017,
 *   without restarts), which would be 0 at the step after the last;
 * - `inverse-sqrt`: √(W / t) (Vaswani et al., "Attention is all you need", 2017), which needs no
 *   last step;
 * - `plateau`: d^(number of plateaus), as PyTorch's ReduceLROnPlateau with a threshold of 0.
 *
 * @param step The number of the step, from 1.
 *
 * @example
 * ```ts
 * import { resolveConfig } from "../model/resolve_config.ts";
 * import { learningRateAt } from "./lr_schedule.ts";
 *
 * const config = resolveConfig({ lr: 0.01, lrSchedule: "cosine" });
 * const context = { stepsPerEpoch: 10, lastStep: 100, lrReductions: 0 };
 * console.log([1, 51].map((step) => learningRateAt(config, step, context))); // [ 0.01, 0.005 ]
 * ```
 */
export function learningRateAt(
  config: Config,
  step: number,
  { stepsPerEpoch, lastStep, lrReductions }: LrContext,
): number {
  const { lr, lrSchedule, warmup, lrDecay, lrDecayAfter, lrDecayEvery } = config;
  if (step <= warmup) return lr * step / (warmup + 1);
  switch (lrSchedule) {
    case "constant":
      return lr;
    case "step": {
      const epochs = Math.floor((step - 1) / stepsPerEpoch);
      if (epochs < lrDecayAfter) return lr;
      return lr * power(lrDecay, Math.floor((epochs - lrDecayAfter) / lrDecayEvery) + 1);
    }
    case "cosine": {
      const done = (step - 1 - warmup) / Math.max(1, lastStep - warmup);
      return lr * (1 + cosPi(Math.min(1, done))) / 2;
    }
    case "inverse-sqrt":
      return lr * Math.sqrt(warmup / step);
    case "plateau":
      return lr * power(lrDecay, lrReductions);
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

/**
 * Checks that a run has what its learning-rate schedule depends on.
 *
 * @throws {InputError} if the schedule is `cosine` and there is no last step, or `plateau` and
 * there is no validation.
 */
export function checkLrSchedule(
  { lrSchedule }: Pick<Config, "lrSchedule">,
  { lastStep, hasValidation }: { readonly lastStep: number; readonly hasValidation: boolean },
): void {
  if (lrSchedule === "plateau" && !hasValidation) {
    throw new InputError(
      `Cannot train with "lrSchedule" plateau: it depends on validations, and no part of the text ` +
        `is held out; use a "valFraction" above 0 and a text that is long enough`,
      { option: "lrSchedule" },
    );
  }
  if (lrSchedule === "cosine" && !Number.isFinite(lastStep)) {
    throw new InputError(
      `Cannot train with "lrSchedule" cosine: it reaches 0 at the last step, and steps are not ` +
        `limited; set "steps" or "epochs"`,
      { option: "lrSchedule" },
    );
  }
}
