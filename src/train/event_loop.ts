import { setImmediate } from "node:timers";

/** How long work runs before signals and timers get their turn. */
export const SLICE_MS = 30;

/** From one pause to the next: what a signal waits at most before it is noticed, but for a long step. */
const PAUSE_MS = 200;

let pausedAt = performance.now();

/**
 * Lets signals, timers and the terminal have their turn.
 *
 * `setImmediate` takes microseconds and serves what the program itself set off. But as long as it
 * keeps the event loop busy, the loop looks for signals only every sixty turns or so, which were
 * measured to come a second late. They are found when the loop rests, as in a `setTimeout` of 0:
 * that takes 2 ms, and is done so seldom that it costs 1 %.
 */
export async function yieldToEventLoop(): Promise<void> {
  if (performance.now() - pausedAt < PAUSE_MS) {
    await new Promise((resolve) => setImmediate(resolve));
  } else {
    await new Promise((resolve) => setTimeout(resolve, 0));
    pausedAt = performance.now();
  }
}

/**
 * Does work that comes in pieces, a slice at a time.
 *
 * @param signal Ends it after the slice in hand.
 * @returns What the work returns; `undefined` when it was ended before.
 */
export async function runInSlices<T>(
  work: Iterator<unknown, T>,
  signal?: AbortSignal,
): Promise<T | undefined> {
  while (!signal?.aborted) {
    const begin = performance.now();
    do {
      const result = work.next();
      if (result.done) return result.value;
    } while (performance.now() - begin < SLICE_MS);
    await yieldToEventLoop();
  }
  return undefined;
}
