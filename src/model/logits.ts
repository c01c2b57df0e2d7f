import type { RealArray } from "./parameters.ts";

/** The first of the greatest logits. */
export function argmax(logits: RealArray): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) {
    if (logits[id]! > logits[best]!) best = id;
  }
  return best;
}

/**
 * ln of the probability of each id, by softmax, in double precision.
 *
 * @example
 * ```ts
 * import { logSoftmax } from "./logits.ts";
 *
 * console.log(logSoftmax(new Float32Array([1000, 1000])).map(Math.exp)); // [0.5, 0.5]
 * ```
 */
export function logSoftmax(logits: RealArray): Float64Array {
  const greatest = logits[argmax(logits)]!;
  let sum = 0;
  for (const y of logits) sum += Math.exp(y - greatest);
  const logs = new Float64Array(logits.length);
  const logSum = Math.log(sum);
  for (let id = 0; id < logs.length; id++) logs[id] = logits[id]! - greatest - logSum;
  return logs;
}
