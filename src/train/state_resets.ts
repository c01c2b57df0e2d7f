import type { Config } from "../model/config.ts";
import type { RealArray } from "../model/parameters.ts";

/**
 * The streams whose hidden state is reset before a step: each stream every `resetEvery` steps,
 * staggered so that the resets are spread evenly over the steps.
 *
 * @param step The number of steps taken before, 0 or above.
 * @returns Stream numbers, 0 to below B; empty when `resetEvery` is 0.
 *
 * @example
 * ```ts
 * import { streamsToReset } from "./state_resets.ts";
 *
 * const config = { batchSize: 4, resetEvery: 2 };
 * console.log(streamsToReset(0, config), streamsToReset(1, config)); // [ 0, 1 ] [ 2, 3 ]
 * ```
 */
export function streamsToReset(
  step: number,
  { batchSize, resetEvery }: Pick<Config, "batchSize" | "resetEvery">,
): number[] {
  if (resetEvery === 0) return [];
  return Array.from({ length: batchSize }, (_, stream) => stream).filter((stream) =>
    (step + Math.floor(stream * resetEvery / batchSize)) % resetEvery === 0
  );
}

/**
 * Sets the hidden states of streams to zero, and their cell states.
 *
 * @param state The hidden state, [L, B, H]; for the LSTM followed by the cell state, [L, B, H].
 * @param streams Stream numbers, 0 to below B.
 */
export function resetStreams(
  state: RealArray,
  streams: readonly number[],
  { batchSize, hidden }: Pick<Config, "batchSize" | "hidden">,
): void {
  for (let layer = 0; layer < state.length; layer += batchSize * hidden) {
    for (const stream of streams) {
      state.fill(0, layer + stream * hidden, layer + (stream + 1) * hidden);
    }
  }
}
