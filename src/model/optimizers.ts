/**
 * The optimizers: what the configuration, checkpoints and the engine need of each. The update rules
 * are kernels, in assembly/optimizers.ts.
 */

/** The update rule. */
export type Optimizer = "adagrad" | "sgd" | "rmsprop" | "adam" | "adamw";

/** One array of optimizer state, in the form of the parameters. */
export interface StateSlot {
  /** The prefix of its tensors in a checkpoint, named as in PyTorch. */
  readonly name: string;
  /** Whether it holds sums or means of squares, which are never negative. */
  readonly nonNegative: boolean;
}

/** What is particular to an optimizer. */
export interface OptimizerSpec {
  /** Its state slots, in the order of the kernels' moments. */
  readonly stateSlots: readonly StateSlot[];
  /** Its default hyperparameters, where they differ from the base configuration. */
  readonly defaults: {
    readonly lr?: number;
    readonly beta2?: number;
    readonly weightDecay?: number;
  };
}

const adamSlots: readonly StateSlot[] = [
  { name: "adam.exp_avg", nonNegative: false },
  { name: "adam.exp_avg_sq", nonNegative: true },
];

/** Every optimizer, by its name. */
export const optimizers: Readonly<Record<Optimizer, OptimizerSpec>> = Object.freeze({
  adagrad: {
    stateSlots: [{ name: "adagrad.sum", nonNegative: true }],
    defaults: {},
  },
  sgd: {
    stateSlots: [{ name: "sgd.momentum_buffer", nonNegative: false }],
    defaults: { lr: 0.1 },
  },
  rmsprop: {
    stateSlots: [{ name: "rmsprop.square_avg", nonNegative: true }],
    defaults: { lr: 0.002, beta2: 0.9 },
  },
  adam: { stateSlots: adamSlots, defaults: { lr: 0.002 } },
  adamw: { stateSlots: adamSlots, defaults: { lr: 0.002, weightDecay: 0.01 } },
});

/** The names of all optimizers. */
export const optimizerNames: readonly Optimizer[] = Object.keys(optimizers) as Optimizer[];

/** The state slots that training needs: those of the optimizer, of `sgd` only with momentum. */
export function stateSlotsOf(
  { optimizer, momentum = 0 }: { readonly optimizer: Optimizer; readonly momentum?: number },
): readonly StateSlot[] {
  return optimizer === "sgd" && momentum === 0 ? [] : optimizers[optimizer].stateSlots;
}
