/** Sharing one thread between long computations, signals and timers. */

/** How long a computation runs between two turns of the event loop, in milliseconds. */
export const SLICE_MS = 30;

/** Longest time between two rests of the event loop, and so the longest that a signal waits. */
const REST_MS = 200;

let restedAt = performance.now();

/** Calls a function in the next turn of the event loop; a page has no `setImmediate`. */
const callSoon: (callback: () => void) => void = globalThis.setImmediate ?? callAfterMessage();

/** Messages arrive at once, unlike timers, which browsers delay by 4 ms when they are nested. */
function callAfterMessage(): (callback: () => void) => void {
  const { port1, port2 } = new MessageChannel();
  const callbacks: (() => void)[] = [];
  port1.onmessage = () => callbacks.shift()?.();
  return (callback) => {
    callbacks.push(callback);
    port2.postMessage(null);
  };
}

/**
 * Lets the event loop handle signals, timers and output.
 *
 * `setImmediate` takes microseconds, but as long as it keeps the event loop busy, Deno polls for
 * signals only every sixty turns or so: they were measured to arrive a second late. The loop polls
 * for them whenever it rests, as in a `setTimeout` of 0. That takes 2 ms, so it is done every
 * {@linkcode REST_MS} only and costs 1 %.
 *
 * @example
 * ```ts
 * import { yieldToEventLoop } from "./event_loop.ts";
 *
 * let fired = false;
 * setTimeout(() => fired = true, 0);
 * while (!fired) await yieldToEventLoop();
 * ```
 */
export async function yieldToEventLoop(): Promise<void> {
  if (performance.now() - restedAt < REST_MS) {
    await new Promise<void>((resolve) => callSoon(resolve));
  } else {
    await new Promise((resolve) => setTimeout(resolve, 0));
    restedAt = performance.now();
  }
}

/**
 * Runs an iterator to its end, and yields to the event loop every {@linkcode SLICE_MS}.
 *
 * @param work Each call of its `next` should take a few milliseconds at most.
 * @param signal Stops the work after the current slice; an aborted one, before the first.
 * @param onSlice Called after each slice with what the iterator yielded last.
 * @returns The iterator's return value; `undefined` if the signal stopped it.
 *
 * @example
 * ```ts
 * import { runInSlices } from "./event_loop.ts";
 *
 * function* sum(n: number): Generator<void, number> {
 *   let total = 0;
 *   for (let i = 1; i <= n; i++, yield) total += i;
 *   return total;
 * }
 * console.log(await runInSlices(sum(100))); // 5050
 * ```
 */
export async function runInSlices<Item, T>(
  work: Iterator<Item, T>,
  signal?: AbortSignal,
  onSlice?: (item: Item) => void,
): Promise<T | undefined> {
  while (!signal?.aborted) {
    const begin = performance.now();
    let item: Item;
    do {
      const result = work.next();
      if (result.done) return result.value;
      item = result.value;
    } while (performance.now() - begin < SLICE_MS);
    onSlice?.(item);
    await yieldToEventLoop();
  }
  return undefined;
}

/**
 * Runs an iterator to its end at once, without yielding to the event loop.
 *
 * @returns The iterator's return value.
 */
export function runToEnd<T>(work: Iterator<unknown, T>): T {
  while (true) {
    const result = work.next();
    if (result.done) return result.value;
  }
}
