import type { ConfigInput } from "../../src/model/resolve_config.ts";
import type { NetworkSize } from "../network_size.ts";

/** Adagrad's rate: small enough that the loss falls steadily at every size. */
export const RATE = 0.005;
/** Standard deviation of the first weights. */
export const INIT = 0.05;

/** What all programs train, as unroll's configuration. */
export function configOf({ hidden, seqLength, batchSize }: NetworkSize): ConfigInput {
  return {
    hidden,
    seqLength: seqLength,
    batchSize: batchSize,
    lr: RATE,
    init: `normal:${INIT}`,
    gradClip: 5,
    valFraction: 0,
  };
}
