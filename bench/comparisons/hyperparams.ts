/** The hyperparameters that all programs share. */
import type { ConfigInput } from "../../src/model/resolve_config.ts";
import type { WorkloadSize } from "../workload.ts";

/** Adagrad's learning rate: so small that the loss falls steadily at every size. */
export const LR = 0.005;
/** Standard deviation of the initial weights. */
export const INIT = 0.05;

/** unroll's configuration for the training that protocol.ts describes. */
export function configOf({ hidden, seqLength, batchSize }: WorkloadSize): ConfigInput {
  return {
    hidden,
    seqLength,
    batchSize,
    lr: LR,
    init: `normal:${INIT}`,
    gradClip: 5,
    valFraction: 0,
  };
}
