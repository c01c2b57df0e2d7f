/**
 * The running average of the parameters: what is used of a training whose last steps still jump
 * about (Polyak and Juditsky, 1992). The host chooses how much each step counts.
 */
import { madd, REAL, splat, sub, VECTOR } from "./simd";
import { toAverage } from "./layout";
import { parameterShareBytes, parameterShareStart } from "./optimizers";

/** a ← a + rate·(w − a), for this worker's share of the parameters. */
export function updateWeightAverageShare(rate: f64): void {
  const step = splat(<Real>rate);
  let w = parameterShareStart();
  for (const end = w + parameterShareBytes(); w < end; w += VECTOR) {
    const a = v128.load(w + toAverage);
    v128.store(w + toAverage, madd(step, sub(v128.load(w), a), a));
  }
}
