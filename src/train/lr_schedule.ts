import { InputError } from "../errors.ts";
import type { Config } from "../model/config.ts";

/**
 * The learning rate of one step.
 *
 * @param step The number of the step, from 1.
 * @param stepsPerEpoch Steps of one pass over the text.
 * @param lastStep The run's last step, towards which `cosine` falls.
 * @param lrReductions How often validation came to a standstill so far.
 */
export function learningRateAt(
  config: Config,
  step: number,
  stepsPerEpoch: number,
  lastStep: number,
  lrReductions: number,
): number {
  const { lr, lrSchedule, warmup, lrDecay, lrDecayAfter, lrDecayEvery } = config;
  if (step <= warmup) return lr * step / (warmup + 1);
  if (lrSchedule === "step") {
    const epochs = Math.floor((step - 1) / stepsPerEpoch);
    if (epochs < lrDecayAfter) return lr;
    return lr * lrDecay ** (Math.floor((epochs - lrDecayAfter) / lrDecayEvery) + 1);
  }
  if (lrSchedule === "cosine") {
    // Loshchilov and Hutter, 2017, without restarts: the step after the last would have the rate 0.
    const done = (step - 1 - warmup) / Math.max(1, lastStep - warmup);
    return lr * (1 + Math.cos(Math.PI * Math.min(1, done))) / 2;
  }
  // Vaswani et al., "Attention is all you need", 2017: it needs to know no last step.
  if (lrSchedule === "inverse-sqrt") return lr * Math.sqrt(warmup / step);
  // As PyTorch's ReduceLROnPlateau, but that anything better is better.
  if (lrSchedule === "plateau") return lr * lrDecay ** lrReductions;
  return lr;
}

/**
 * What is left of the rate when this share of the run is done: in its last part, the configured share
 * of it, the rate falls to 0 in a straight line, whatever the schedule (Zhai et al., "Scaling vision
 * transformers", 2022, after a rate that falls as the root of the steps).
 */
export function cooldownFactor({ cooldown }: Pick<Config, "cooldown">, done: number): number {
  return cooldown === 0 ? 1 : Math.min(1, (1 - done) / cooldown);
}

/**
 * Checks that a run has what its schedule goes by.
 * @throws {InputError} when the rate falls towards a last step that nobody knows, or by validations
 * that nobody makes.
 */
export function checkSchedule(config: Config, lastStep: number, validates: boolean): void {
  if (config.lrSchedule === "plateau" && !validates) {
    throw new InputError(
      `Cannot train with the schedule plateau and no validation part: it goes by validations; hold ` +
        `one out with --val-fraction, of a text that is long enough`,
    );
  }
  if (config.lrSchedule === "cosine" && !Number.isFinite(lastStep)) {
    throw new InputError(
      `Cannot train with the schedule cosine and no last step: it falls to 0 there; limit the run ` +
        `by steps or epochs`,
    );
  }
}
