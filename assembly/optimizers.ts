/**
 * Clipping and the update of this worker's share of the parameters, in one pass over parameters,
 * gradients and what the optimizer remembers of each.
 *
 * The host writes the numbers of a rule into `settings`, as f64. `LIMIT` clips each element of the
 * gradient to ±limit (∞: not at all), after `SCALE` has shortened the whole gradient; a NaN stays a
 * NaN, so that a run that has diverged shows it. `DECAY` adds that share of a weight to its gradient
 * (L2), but with AdamW, where it shrinks the weight itself.
 */
import { add, div, pmax, pmin, madd, mul, REAL, splat, hsum, VECTOR } from "./simd";
import {
  CACHE_LINE,
  NORM_BLOCK_BYTES,
  norms,
  parameterBytes,
  parameters,
  hyperparams,
  toMoment1,
  toGradient,
  toMoment2,
  finiteFlags,
} from "./layout";
import { min } from "./packing";
import { shareLength, shareStart, worker } from "./workers";

// Where each number of a rule stands in `settings`.
const RATE: usize = 0;
const LIMIT: usize = 8;
const SCALE: usize = 16;
const DECAY: usize = 24;
const BETA1: usize = 32; // also SGD's momentum
const BETA2: usize = 40; // also RMSProp's
const EPSILON: usize = 48;
/** Adam's rate, corrected for the first moment's start from 0: rate / (1 − β₁^t). */
const FIRST_RATE: usize = 56;
/** What the root of the second moment is divided by for the same reason: √(1 − β₂^t). */
const SECOND_ROOT: usize = 64;

@inline
function hyperparam(at: usize): v128 {
  return splat(<Real>load<f64>(hyperparams + at));
}

/** Where this worker's share of the parameters begins, in whole cache lines. */
export function parameterShareStart(): usize {
  return parameters + shareStart(parameterBytes / <usize>CACHE_LINE) * <usize>CACHE_LINE;
}

export function parameterShareBytes(): usize {
  return shareLength(parameterBytes / <usize>CACHE_LINE) * <usize>CACHE_LINE;
}

/**
 * Adagrad (Duchi, Hazan and Singer, 2011): the rate of each parameter falls with the root of the
 * sum of its squared gradients: m ← m + g², w ← w − rate·g / √(m + ε), ε inside as in the notebooks.
 */
const ADAGRAD: u32 = 0;
/** Gradient descent: w ← w − rate·g. */
const SGD: u32 = 1;
/** With momentum (Polyak, 1964), as PyTorch has it: v ← μ·v + g, w ← w − rate·v. */
const MOMENTUM: u32 = 2;
/**
 * RMSProp (Tieleman and Hinton, 2012): m ← β·m + (1 − β)·g², w ← w − rate·g / (√m + ε), ε outside
 * the root, as in torch/optim and PyTorch.
 */
const RMSPROP: u32 = 3;
/**
 * Adam (Kingma and Ba, 2015): m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g²,
 * w ← w − rate·m̂ / (√v̂ + ε), with m̂ = m / (1 − β₁^t), v̂ = v / (1 − β₂^t).
 */
const ADAM: u32 = 4;
/** AdamW (Loshchilov and Hutter, 2019): Adam, with w ← (1 − rate·decay)·w first. */
const ADAMW: u32 = 5;

// One function a rule: in each, what the others need is not there.

export function adagrad(): void {
  updateShare(ADAGRAD);
}

export function sgd(): void {
  updateShare(SGD);
}

export function momentum(): void {
  updateShare(MOMENTUM);
}

export function rmsprop(): void {
  updateShare(RMSPROP);
}

export function adam(): void {
  updateShare(ADAM);
}

export function adamw(): void {
  updateShare(ADAMW);
}

/** The pass over this worker's parameters. `rule` is a constant wherever this is inlined. */
@inline
function updateShare(rule: u32): void {
  const isAdam = rule == ADAM || rule == ADAMW;
  const rate = load<f64>(hyperparams + (isAdam ? FIRST_RATE : RATE));
  const minusRate = splat(<Real>-rate);
  const scale = hyperparam(SCALE);
  const limit = hyperparam(LIMIT);
  const minusLimit = splat(<Real>-load<f64>(hyperparams + LIMIT));
  const decay = rule == ADAMW ? splat(0) : hyperparam(DECAY);
  const shrunk = 1.0 - load<f64>(hyperparams + RATE) * load<f64>(hyperparams + DECAY);
  const keep = splat(rule == ADAMW ? <Real>shrunk : 1);
  const beta1 = hyperparam(BETA1);
  const rest1 = splat(<Real>(1.0 - load<f64>(hyperparams + BETA1)));
  const beta2 = hyperparam(BETA2);
  const rest2 = splat(<Real>(1.0 - load<f64>(hyperparams + BETA2)));
  const inverseRoot = splat(<Real>(1.0 / load<f64>(hyperparams + SECOND_ROOT)));
  const epsilon = hyperparam(EPSILON);
  // What is not finite times 0 is NaN: one multiply-add a vector tells whether all weights are.
  const zero = splat(0);
  let wrong = zero;
  let w = parameterShareStart();
  for (const end = w + parameterShareBytes(); w < end; w += VECTOR) {
    const before = v128.load(w);
    const clipped = pmax(pmin(mul(v128.load(w + toGradient), scale), limit), minusLimit);
    const g = madd(decay, before, clipped);
    let next: v128;
    if (rule == ADAGRAD) {
      const m = madd(g, g, v128.load(w + toMoment1));
      v128.store(w + toMoment1, m);
      next = add(before, div(mul(minusRate, g), v128.sqrt<Real>(add(m, epsilon))));
    } else if (rule == SGD) {
      next = madd(minusRate, g, before);
    } else if (rule == MOMENTUM) {
      const v = madd(beta1, v128.load(w + toMoment1), g);
      v128.store(w + toMoment1, v);
      next = madd(minusRate, v, before);
    } else if (rule == RMSPROP) {
      const m = madd(beta2, v128.load(w + toMoment1), mul(rest2, mul(g, g)));
      v128.store(w + toMoment1, m);
      next = add(before, div(mul(minusRate, g), add(v128.sqrt<Real>(m), epsilon)));
    } else {
      const m = madd(beta1, v128.load(w + toMoment1), mul(rest1, g));
      v128.store(w + toMoment1, m);
      const v = madd(beta2, v128.load(w + toMoment2), mul(rest2, mul(g, g)));
      v128.store(w + toMoment2, v);
      const root = madd(v128.sqrt<Real>(v), inverseRoot, epsilon);
      next = madd(keep, before, div(mul(minusRate, m), root));
    }
    wrong = madd(next, zero, wrong);
    v128.store(w, next);
  }
  const finite = hsum(wrong) == 0;
  store<u32>(finiteFlags + worker * <usize>CACHE_LINE, finite ? 1 : 0);
}

/** How many sums there are does not depend on the number of workers. */
const BLOCK: usize = <usize>NORM_BLOCK_BYTES;

/**
 * The sums of the squares of this worker's blocks of the gradients, in f64, so that nothing
 * overflows; the host adds them up.
 */
export function squareSums(): void {
  const blocks = (parameterBytes + BLOCK - 1) / BLOCK;
  const first = shareStart(blocks);
  const last = first + shareLength(blocks);
  for (let block = first; block < last; block++) {
    const start = parameters + toGradient + block * BLOCK;
    const end = min(start + BLOCK, parameters + toGradient + parameterBytes);
    store<f64>(norms + block * sizeof<f64>(), squareSum(start, end));
  }
}

function squareSum(from: usize, end: usize): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (; from < end; from += VECTOR) {
    const g = v128.load(from);
    if (REAL == 4) {
      const a = f64x2.promote_low_f32x4(g);
      const b = f64x2.promote_low_f32x4(v128.shuffle<f32>(g, g, 2, 3, 2, 3));
      low = f64x2.add(low, f64x2.mul(a, a));
      high = f64x2.add(high, f64x2.mul(b, b));
    } else {
      low = f64x2.add(low, f64x2.mul(g, g));
    }
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}
