/**
 * From logits to losses and probabilities.
 *
 * @module
 */

/** ln Σ e^y, without overflow. */
export function logSumExp(logits: ArrayLike<number>): number {
  let max = -Infinity;
  for (let v = 0; v < logits.length; v++) max = Math.max(max, logits[v]!);
  let sum = 0;
  for (let v = 0; v < logits.length; v++) sum += Math.exp(logits[v]! - max);
  return max + Math.log(sum);
}

/** A character that may come next. */
export interface Candidate {
  readonly id: number;
  readonly probability: number;
}

/** The most probable characters, in descending order; of equal ones the lower id first. */
export function mostProbable(logits: ArrayLike<number>, count: number): Candidate[] {
  const sum = logSumExp(logits);
  return Array.from(logits, (y, id) => ({ id, probability: Math.exp(y - sum) }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, count);
}
