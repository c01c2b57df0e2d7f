import type { Optimizer } from "../model/types.ts";
import type { Kernels } from "./kernels/instance.ts";

/** An update of the parameters by their gradients. */
export interface Update {
  /** The rule. */
  readonly optimizer: Optimizer;
  /** The rate. */
  readonly lr: number;
  /** The gradient is clipped to this; 0: not at all. */
  readonly gradClip: number;
  /** Whether each element is clipped to ±clip, or the norm of the whole to clip. Default: `value`. */
  readonly gradClipMode?: "value" | "norm";
  /** SGD's momentum μ, in v ← μ·v + g. Default: 0. */
  readonly momentum?: number;
  /** Adam's β₁, how much of the first moment is kept. Default: 0.9. */
  readonly beta1?: number;
  /** How much of the mean square is kept: Adam's β₂, by default 0.999; RMSProp's, 0.9. */
  readonly beta2?: number;
  /** L2 regularisation: this share of a weight is added to its gradient; AdamW shrinks the weight itself. Default: 0. */
  readonly weightDecay?: number;
  /** The number of this update, from 1, by which Adam corrects its moments' start from 0. Default: 1. */
  readonly step?: number;
  /**
   * Keeps a running average of the parameters over about the last of all updates so far, this share
   * of them, above 0, at most 1; 0: none. Default: 0.
   */
  readonly weightAverage?: number;
}

/** What keeps a root, or a division by it, from 0; in every rule's publication. */
const EPSILON = 1e-8;

/** How many numbers a rule remembers of each parameter. */
export function stateSlotsOf(
  { optimizer, momentum = 0 }: Pick<Update, "optimizer" | "momentum">,
): 0 | 1 | 2 {
  if (optimizer === "sgd") return momentum === 0 ? 0 : 1;
  return optimizer === "adam" || optimizer === "adamw" ? 2 : 1;
}

/**
 * Updates the parameters.
 *
 * @param kernels The module.
 * @param hyperparams Where the module reads the numbers of a rule: 16 of them.
 * @param norm The norm of the whole gradient; asked for only to clip by it.
 */
export function updateParameters(
  kernels: Kernels,
  hyperparams: Float64Array,
  update: Update,
  norm: () => number,
): void {
  const { optimizer, lr, gradClip, gradClipMode = "value", momentum = 0, beta1 = 0.9, step = 1 } =
    update;
  const { weightAverage = 0, beta2 = optimizer === "rmsprop" ? 0.9 : 0.999, weightDecay = 0 } =
    update;
  const limit = gradClip === 0 || gradClipMode === "norm" ? Infinity : gradClip;
  const scale = gradClip === 0 || gradClipMode === "value" ? 1 : Math.min(1, gradClip / norm());
  // In the order of assembly/optimizers.ts.
  hyperparams.set([
    lr,
    limit,
    scale,
    weightDecay,
    optimizer === "sgd" ? momentum : beta1,
    beta2,
    EPSILON,
    lr / (1 - beta1 ** step),
    Math.sqrt(1 - beta2 ** step),
  ]);
  if (optimizer === "sgd" && momentum !== 0) kernels.momentum();
  else kernels[optimizer]();
  if (weightAverage > 0) kernels.updateWeightAverage(weightAverageRate(weightAverage, step));
}

/**
 * How much an update counts in the average, so that the update t of n has a weight of about
 * (t/n)^(1/share − 1): the share, and not how many updates it is, stays the same in a short run and in
 * a long one (the power function profile of Karras et al., "Analyzing and improving the training
 * dynamics of diffusion models", 2024).
 */
export function weightAverageRate(share: number, step: number): number {
  return Math.min(1, 1 / (share * step));
}
