/** Overfitting: the validation loss rises while the training loss falls. */

import type { Progress } from "../checkpoint/checkpoint.ts";
import type { TrainingMetrics } from "./metrics.ts";

/** What {@linkcode isOverfitted} judges a run by. */
export type ValidationProgress = Pick<
  Progress,
  "validationLoss" | "bestValidationLoss" | "validatedStep" | "bestStep" | "validationsSinceBest"
>;

/** Validations in a row without a lower loss. */
const MIN_VALIDATIONS = 10;
/**
 * The lowest loss is exceeded by this fraction: more than what a falling learning rate, a cooldown
 * or the end of dropout have gained in any run (docs/experiments.md).
 */
const EXCESS = 0.05;
/** The lowest loss lies in the first part of the run, this fraction of its steps. */
const EARLY = 1 / 3;

/**
 * Whether a run is overfitted beyond recovery, so that a run with a time limit ends. A plateau, and
 * a loss that rises late, are not: either may improve.
 */
export function isOverfitted(
  { validationLoss, bestValidationLoss, validatedStep, bestStep, validationsSinceBest }:
    ValidationProgress,
): boolean {
  if (validationLoss === null || bestValidationLoss === null || bestStep === null) return false;
  return validationsSinceBest >= MIN_VALIDATIONS &&
    validationLoss > (1 + EXCESS) * bestValidationLoss &&
    bestStep <= EARLY * (validatedStep ?? 0);
}

/** Validations in a row without a lower loss, after which overfitting is reported. */
const REPORTED_VALIDATIONS = 3;
/** A loss that differs by this fraction is no noise: it is ten times the difference of two seeds. */
const REPORTED_CHANGE = 0.01;

/**
 * Whether the validation loss has risen while the training loss has fallen, each by more than noise.
 * A model that has learned all that there is in a text, as in random numbers, has both on a plateau.
 */
export function isGapGrowing(
  { validation, training }: {
    readonly validation: readonly [from: number, to: number];
    readonly training: readonly [from: number, to: number];
  },
): boolean {
  return validation[1] > (1 + REPORTED_CHANGE) * validation[0] &&
    training[1] < (1 - REPORTED_CHANGE) * training[0];
}

/** Overfitting as it is first seen. */
export interface Overfitting {
  /** The step of the lowest validation loss. */
  readonly bestStep: number;
  /** The lowest validation loss. */
  readonly bestLoss: number;
  /** The validation loss now. */
  readonly validationLoss: number;
  /** The smoothed training loss at the lowest validation loss, and now. */
  readonly trainingLosses: readonly [from: number, to: number];
}

/** Watches the metrics of a run for overfitting, and reports it once. */
export class OverfittingWatch {
  #best: { readonly step: number; readonly validation: number; readonly training: number } | null =
    null;
  #validationsSinceBest = 0;
  #isReported = false;

  /**
   * Adds metrics.
   *
   * @returns Overfitting, the first time that it is seen; else `null`.
   */
  add({ step, loss, validationLoss }: TrainingMetrics): Overfitting | null {
    if (validationLoss === null) return null;
    if (this.#best === null || validationLoss < this.#best.validation) {
      this.#best = { step, validation: validationLoss, training: loss };
      this.#validationsSinceBest = 0;
      return null;
    }
    const best = this.#best;
    const trainingLosses = [best.training, loss] as const;
    const isSeen = ++this.#validationsSinceBest >= REPORTED_VALIDATIONS &&
      isGapGrowing({ validation: [best.validation, validationLoss], training: trainingLosses });
    if (!isSeen || this.#isReported) return null;
    this.#isReported = true;
    return {
      bestStep: best.step,
      bestLoss: best.validation,
      validationLoss,
      trainingLosses,
    };
  }
}
