/**
 * Clipping and the update of this worker's share of the parameters, in one pass over parameters,
 * gradients and sums.
 *
 * `limit` clips each element of the gradient to ±limit (∞: not at all); a NaN stays a NaN, so that
 * a run that has diverged shows it.
 */
import { add, div, greater, lesser, madd, mul, splat, VECTOR } from "./lanes";
import { ALIGNMENT, parameterBytes, parameters, toGradient, toSum } from "./layout";
import { shareLength, shareStart } from "./workers";

/** What keeps Adagrad's root from 0; inside the root, as in the notebooks. */
const EPSILON: Real = <Real>1e-8;

/** Where this worker's share of the parameters begins, in whole cache lines. */
function shareOfParameters(): usize {
  return parameters + shareStart(parameterBytes / <usize>ALIGNMENT) * <usize>ALIGNMENT;
}

function bytesOfShare(): usize {
  return shareLength(parameterBytes / <usize>ALIGNMENT) * <usize>ALIGNMENT;
}

@inline
function clipped(gradient: usize, limit: Real): v128 {
  return greater(lesser(v128.load(gradient), splat(limit)), splat(-limit));
}

/**
 * Adagrad (Duchi, Hazan and Singer, 2011): the rate of each parameter falls with the root of the
 * sum of its squared gradients: m ← m + g², w ← w − rate·g / √(m + ε).
 */
export function adagrad(rate: Real, limit: Real): void {
  const minusRate = splat(-rate);
  const epsilon = splat(EPSILON);
  let w = shareOfParameters();
  const end = w + bytesOfShare();
  for (; w < end; w += VECTOR) {
    const g = clipped(w + toGradient, limit);
    const m = madd(g, g, v128.load(w + toSum));
    v128.store(w + toSum, m);
    const step = div(mul(minusRate, g), v128.sqrt<Real>(add(m, epsilon)));
    v128.store(w, add(v128.load(w), step));
  }
}

/** Gradient descent: w ← w − rate·g. */
export function sgd(rate: Real, limit: Real): void {
  const minusRate = splat(-rate);
  let w = shareOfParameters();
  const end = w + bytesOfShare();
  for (; w < end; w += VECTOR) {
    v128.store(w, madd(minusRate, clipped(w + toGradient, limit), v128.load(w)));
  }
}
