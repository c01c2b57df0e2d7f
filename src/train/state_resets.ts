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

/** Where the streams are; see {@linkcode streamsAtTexts}. */
export interface StreamPositions {
  /** Where each stream starts, in characters. */
  readonly starts: readonly number[];
  /** Characters of each stream before the batch. */
  readonly position: number;
  /** T. */
  readonly seqLength: number;
}

/**
 * The streams whose hidden state is reset before a batch because a text begins there. A batch is
 * computed as a whole, so of a text that begins within one, the reset is at the nearest start of a
 * batch: at most half of T characters away.
 *
 * @param texts The texts that a corpus is joined from, in order.
 *
 * @example
 * ```ts
 * import { streamsAtTexts } from "./state_resets.ts";
 *
 * const texts = [{ start: 0 }, { start: 19 }];
 * const streams = { starts: [0, 100], seqLength: 10 };
 * console.log(streamsAtTexts(texts, { ...streams, position: 10 })); // []
 * console.log(streamsAtTexts(texts, { ...streams, position: 20 })); // [ 0 ]
 * ```
 */
export function streamsAtTexts(
  texts: readonly { readonly start: number }[],
  { starts, position, seqLength }: StreamPositions,
): number[] {
  if (texts.length < 2) return [];
  return [...starts.keys()].filter((stream) => {
    const batch = starts[stream]! + position;
    const text = texts[lastAtOrBefore(texts, batch + seqLength / 2)]!;
    return text.start > batch - seqLength / 2 && text.start > starts[stream]!;
  });
}

/** The index of the last text that starts at or before a position, 0 or above. */
function lastAtOrBefore(texts: readonly { readonly start: number }[], position: number): number {
  let low = 0;
  let high = texts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (texts[middle]!.start <= position) low = middle;
    else high = middle - 1;
  }
  return low;
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
