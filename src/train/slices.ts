import { setImmediate } from "node:timers";

/** How long work runs before signals and timers get their turn. */
export const SLICE_MS = 30;

/**
 * Lets signals, timers and the terminal have their turn. A `setTimeout` of 0 would take 2 ms each
 * time, 7 % of a slice; this takes microseconds.
 */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Does work that comes in pieces, a slice at a time.
 *
 * @param signal Ends it after the slice in hand.
 * @returns What the work returns; `undefined` when it was ended before.
 */
export async function inSlices<T>(
  work: Iterator<unknown, T>,
  signal?: AbortSignal,
): Promise<T | undefined> {
  while (!signal?.aborted) {
    const begin = performance.now();
    do {
      const result = work.next();
      if (result.done) return result.value;
    } while (performance.now() - begin < SLICE_MS);
    await eventLoopTurn();
  }
  return undefined;
}
