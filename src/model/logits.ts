import type { RealArray } from "./parameters.ts";
import { exp, log } from "../math.ts";

/**
 * Checks that logits are finite; weights may be finite and yet too large for that.
 *
 * @param action What cannot be done otherwise, for the error: `sample` or `score the text`.
 * @throws {RangeError} if a logit is not finite.
 */
export function checkLogits(logits: RealArray, action: string): void {
  if (logits.every(Number.isFinite)) return;
  throw new RangeError(
    `Cannot ${action}: the model's weights are so large that its logits are not finite`,
  );
}

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
  for (const y of logits) sum += exp(y - max);
  const logSum = log(sum);
  const logs = new Float64Array(logits.length);
  for (let id = 0; id < logs.length; id++) logs[id] = logits[id]! - max - logSum;
  return logs;
}
