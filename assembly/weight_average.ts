/**
 * Weight averaging (Polyak and Juditsky, 1992): a running average of the parameters, which is less
 * noisy than the parameters of the last step. The host chooses the weight of each step.
 */
import { toAverage } from "./layout";
import { parameterShareBytes, parameterShareStart } from "./optimizers";
import { madd, splat, sub, VECTOR } from "./simd";

/** a ← a + rate·(w − a), for this worker's share of the parameters. */
export function updateWeightAverage(rate: f64): void {
  const r = splat(<Real>rate);
  let w = parameterShareStart();
  for (const end = w + parameterShareBytes(); w < end; w += VECTOR) {
    const a = v128.load(w + toAverage);
    v128.store(w + toAverage, madd(r, sub(v128.load(w), a), a));
  }
}
