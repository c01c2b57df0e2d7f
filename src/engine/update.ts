import { checkArguments, optionsSchema } from "../arguments.ts";
import { type Optimizer, optimizerNames, optimizers } from "../model/optimizers.ts";
import { oneOf, real, wholeNumber } from "../schemas.ts";
import * as v from "valibot";
import type { Hyperparam, Instance, UpdateRule } from "./kernels/instance.ts";
import { power } from "../math.ts";

/** An update of the parameters by their gradients. */
export interface Update {
  /** The optimizer. */
  readonly optimizer: Optimizer;
  /** The learning rate. */
  readonly lr: number;
  /** The bound of gradient clipping; 0 disables it. */
  readonly gradClip: number;
  /** Clip each element to ±gradClip, or the norm of the gradient to gradClip. Default: `value`. */
  readonly gradClipMode?: "value" | "norm";
  /** The momentum μ of `sgd`, in v ← μ·v + g. Default: 0. */
  readonly momentum?: number;
  /** Adam's β₁, the decay rate of the first moment. Default: 0.9. */
  readonly beta1?: number;
  /** The decay rate of the mean square: Adam's β₂, by default 0.999; RMSProp's, 0.9. */
  readonly beta2?: number;
  /** Weight decay: decoupled from the gradient with `adamw`, else an L2 penalty. Default: 0. */
  readonly weightDecay?: number;
  /** The number of the update, from 1, for Adam's bias correction. Default: 1. */
  readonly step?: number;
  /** The fraction of all updates so far that the weight average covers; 0: none. Default: 0. */
  readonly weightAverage?: number;
}

/** ε, which keeps a root, or a division by it, from 0: the value of every rule's publication. */
const EPSILON = 1e-8;

const fraction = real((x) => x >= 0 && x < 1, "a number from 0 up to, not including, 1");
const notNegative = real((x) => x >= 0, "a finite number, 0 or above");

const schema = optionsSchema({
  gradClipMode: oneOf(["value", "norm"]),
  momentum: fraction,
  beta1: fraction,
  beta2: fraction,
  weightDecay: notNegative,
  step: wholeNumber(1),
  weightAverage: real((x) => x >= 0 && x <= 1, "a number from 0 to 1"),
}, {
  optimizer: oneOf(optimizerNames),
  lr: v.number("must be a number"),
  gradClip: notNegative,
});

/**
 * Checks an update before anything of it is computed.
 *
 * @param checked An update that was checked before. One that differs from it in `lr` and `step` alone,
 * as those of a training do, is checked some ten times faster.
 * @throws {RangeError} If a value is out of range.
 * @throws {TypeError} If a value has a wrong type, or a key is unknown or missing.
 */
export function checkUpdate(update: Update, checked?: Update): Update {
  return checked !== undefined && repeatUpdate(update, checked) ||
    checkArguments(update, { schema, context: "Cannot update" });
}

/** A copy of an update that differs in a right `lr` and `step` alone; `null` for any other value. */
function repeatUpdate(update: Update, checked: Update): Update | null {
  // Anything else may have properties that a copy lacks.
  if (Object.getPrototypeOf(Object(update)) !== Object.prototype) return null;
  let copy: Update;
  try {
    copy = { ...update };
  } catch {
    return null;
  }
  const { lr, step } = copy;
  if (typeof lr !== "number" || Number.isNaN(lr)) return null;
  if (!Number.isSafeInteger(step) || step! < 1) return null;
  let keys = 0;
  for (const key in copy) {
    keys++;
    const name = key as keyof Update;
    if (name !== "lr" && name !== "step" && copy[name] !== checked[name]) return null;
  }
  return keys === Object.keys(checked).length ? copy : null;
}

/** Runs updates of the parameters in the memory of an instance that is planned for training. */
export class Updater {
  readonly #instance: Instance;
  readonly #hyperparams: Float64Array;
  /** One finite flag per cache line. */
  readonly #finiteFlags: Uint32Array;
  /** The sum of squares of each block of the gradients. */
  readonly #squareSums: Float64Array;
  readonly #flagStride: number;

  /** @param workers The most workers that share the memory. */
  constructor(instance: Instance, workers: number) {
    const { constants, layout, memory: { buffer } } = instance;
    const { CACHE_LINE, Hyperparam, NORM_BLOCK_BYTES } = constants;
    const hyperparams = Object.keys(Hyperparam).length;
    const blocks = Math.ceil(layout.parameterBytes / NORM_BLOCK_BYTES);
    this.#instance = instance;
    this.#hyperparams = new Float64Array(buffer, layout.hyperparams, hyperparams);
    this.#flagStride = CACHE_LINE / Uint32Array.BYTES_PER_ELEMENT;
    this.#finiteFlags = new Uint32Array(buffer, layout.finiteFlags, workers * this.#flagStride);
    this.#squareSums = new Float64Array(buffer, layout.norms, blocks);
  }

  /**
   * Clips the gradients and updates the parameters.
   *
   * @returns Whether all parameters are finite.
   */
  run(
    update: Update,
    { workers, gradientNorm = () => this.gradientNorm() }: {
      /** The number of workers that take part. */
      readonly workers: number;
      /** Computes the norm for clipping. Default: {@linkcode Updater.gradientNorm}. */
      readonly gradientNorm?: (() => number) | undefined;
    },
  ): boolean {
    const { kernels, constants } = this.#instance;
    const { optimizer, momentum = 0, weightAverage = 0, step = 1 } = update;
    const hyperparams = this.#hyperparamsOf(update, gradientNorm);
    for (const name of Object.keys(hyperparams) as Hyperparam[]) {
      this.#hyperparams[constants.Hyperparam[name]] = hyperparams[name];
    }
    const rule: UpdateRule = optimizer === "sgd" && momentum !== 0 ? "momentum" : optimizer;
    kernels.update(constants.UpdateRule[rule]);
    if (weightAverage > 0) kernels.updateWeightAverage(weightAverageRate(weightAverage, step));
    for (let worker = 0; worker < workers; worker++) {
      if (this.#finiteFlags[worker * this.#flagStride] !== 1) return false;
    }
    return true;
  }

  /** The Euclidean norm of all gradients as one vector. */
  gradientNorm(): number {
    this.#instance.kernels.squareSums();
    return this.normOfSquareSums();
  }

  /** The sum of squares of each block of the gradients; a rank computes those of its slice. */
  get squareSums(): Float64Array {
    return this.#squareSums;
  }

  /** The norm from the sums of squares of all blocks, in their order. */
  normOfSquareSums(): number {
    return Math.sqrt(this.#squareSums.reduce((sum, squares) => sum + squares, 0));
  }

  #hyperparamsOf(update: Update, gradientNorm: () => number): Record<Hyperparam, number> {
    const { optimizer, lr, gradClip, gradClipMode = "value", momentum = 0, step = 1 } = update;
    const { beta1 = 0.9, beta2 = optimizers[optimizer].defaults.beta2 ?? 0.999 } = update;
    const clips = gradClip !== 0;
    const byNorm = clips && gradClipMode === "norm";
    return {
      lr,
      gradLimit: clips && !byNorm ? gradClip : Infinity,
      gradScale: byNorm ? Math.min(1, gradClip / gradientNorm()) : 1,
      weightDecay: update.weightDecay ?? 0,
      beta1: optimizer === "sgd" ? momentum : beta1,
      beta2,
      epsilon: EPSILON,
      correctedLr: lr / (1 - power(beta1, step)),
      correction2: Math.sqrt(1 - power(beta2, step)),
    };
  }
}

/**
 * The weight of an update in the weight average, so that update t of n has a weight of about
 * (t/n)^(1/share − 1). The average then covers the same fraction of a short run and of a long one: the
 * power function profile of Karras et al., "Analyzing and Improving the Training Dynamics of
 * Diffusion Models", 2024.
 *
 * @param share The fraction that the average covers: above 0, at most 1.
 * @param step The number of the update, from 1.
 */
function weightAverageRate(share: number, step: number): number {
  return Math.min(1, 1 / (share * step));
}
