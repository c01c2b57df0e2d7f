import type { RealArray } from "./parameters.ts";

/** Returns the id of the greatest logit; of equal ones, the first. */
export function argmax(logits: RealArray): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) {
    if (logits[id]! > logits[best]!) best = id;
  }
  return best;
}

/**
 * Computes the natural logarithm of the softmax of logits, [V], in double precision.
 *
 * The greatest logit is subtracted first, so that no exponential overflows.
 *
 * @example
 * ```ts
 * import { logSoftmax } from "./logits.ts";
 *
 * console.log(logSoftmax(new Float32Array([1000, 1000])).map(Math.exp)); // [0.5, 0.5]
 * ```
 */
export function logSoftmax(logits: RealArray): Float64Array {
  const max = logits[argmax(logits)]!;
  let sum = 0;
  for (const y of logits) sum += Math.exp(y - max);
  const logSum = Math.log(sum);
  const logs = new Float64Array(logits.length);
  for (let id = 0; id < logs.length; id++) logs[id] = logits[id]! - max - logSum;
  return logs;
}
