/**
 * Optimizers: gradient clipping and the update of this worker's share of the parameters, in one pass
 * over parameters, gradients and optimizer state.
 *
 *     g ← clip(scale · gradient) + weightDecay · w        (AdamW: no decay in g, w ← (1 − lr·λ) w)
 *
 * `gradScale` shortens the whole gradient, which clips its norm; `gradLimit` then clips each element
 * to ±gradLimit (∞: no clipping). NaN passes through both, so that a divergence stays visible.
 *
 * To add an optimizer: a member of `UpdateRule`, its branch in `updateParameters`, a function for it
 * in `update`, and its entry in src/model/optimizers.ts.
 *
 * The plain version of every rule is tests/reference/optimizers.ts.
 */
import {
  blocks,
  CACHE_LINE,
  finiteFlags,
  firstBlock,
  hyperparams,
  NORM_BLOCK_BYTES,
  norms,
  parameterBytes,
  parameters,
  slice,
  sliceBytes,
  toGradient,
  toMoment1,
  toMoment2,
} from "./layout";
import { min } from "./packing";
import { add, div, hsum, madd, mul, pmax, pmin, REAL, splat, VECTOR } from "./simd";
import { shareLength, shareStart, worker } from "./workers";

/** The update rules; the host passes their numbers to `update`. */
export enum UpdateRule {
  /**
   * Adagrad (Duchi, Hazan and Singer, 2011), with ε inside the root as in min-char-rnn:
   * m ← m + g², w ← w − lr·g / √(m + ε).
   */
  adagrad,
  /** Gradient descent: w ← w − lr·g. */
  sgd,
  /** Gradient descent with momentum (Polyak, 1964), as in PyTorch: v ← μ·v + g, w ← w − lr·v. */
  momentum,
  /**
   * RMSProp (Tieleman and Hinton, 2012), with ε outside the root as in PyTorch:
   * m ← β₂·m + (1 − β₂)·g², w ← w − lr·g / (√m + ε).
   */
  rmsprop,
  /**
   * Adam (Kingma and Ba, 2015): m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g²,
   * w ← w − lr·m̂ / (√v̂ + ε), with m̂ = m / (1 − β₁^t) and v̂ = v / (1 − β₂^t).
   */
  adam,
  /** AdamW (Loshchilov and Hutter, 2019): Adam, with w ← (1 − lr·weightDecay)·w first. */
  adamw,
}

/** The hyperparameters of an update: f64 numbers from `hyperparams` on, written by the host. */
export enum Hyperparam {
  lr,
  gradLimit,
  gradScale,
  weightDecay,
  /** Adam's β₁; momentum's μ. */
  beta1,
  /** Adam's β₂; RMSProp's decay of the mean square. */
  beta2,
  epsilon,
  /** Adam's lr / (1 − β₁^t), which corrects the first moment's start from 0. */
  correctedLr,
  /** Adam's √(1 − β₂^t), by which √v is divided to correct the second moment's start from 0. */
  correction2,
}

@inline
function hyperparam(index: Hyperparam): f64 {
  return load<f64>(hyperparams + (<usize>index << 3));
}

/** The first of this worker's parameters, of the rank's slice; shares are whole cache lines. */
export function parameterShareStart(): usize {
  return slice + shareStart(sliceBytes / CACHE_LINE) * CACHE_LINE;
}

/** The bytes of this worker's parameters. */
export function parameterShareBytes(): usize {
  return shareLength(sliceBytes / CACHE_LINE) * CACHE_LINE;
}

/** Updates this worker's parameters by a rule; see `updateParameters`. */
export function update(rule: u32): void {
  if (rule == UpdateRule.adagrad) adagrad();
  else if (rule == UpdateRule.sgd) sgd();
  else if (rule == UpdateRule.momentum) momentum();
  else if (rule == UpdateRule.rmsprop) rmsprop();
  else if (rule == UpdateRule.adam) adam();
  else if (rule == UpdateRule.adamw) adamw();
  else unreachable();
}

// One function per rule, in which the code of the others is eliminated.

function adagrad(): void {
  updateParameters(UpdateRule.adagrad);
}

function sgd(): void {
  updateParameters(UpdateRule.sgd);
}

function momentum(): void {
  updateParameters(UpdateRule.momentum);
}

function rmsprop(): void {
  updateParameters(UpdateRule.rmsprop);
}

function adam(): void {
  updateParameters(UpdateRule.adam);
}

function adamw(): void {
  updateParameters(UpdateRule.adamw);
}

/**
 * Updates this worker's parameters and optimizer state, and writes its finite flag: 1 if all of its
 * parameters are finite afterwards, else 0. `rule` is a constant wherever this is inlined.
 */
@inline
function updateParameters(rule: u32): void {
  const isAdam = rule == UpdateRule.adam || rule == UpdateRule.adamw;
  const lr = hyperparam(isAdam ? Hyperparam.correctedLr : Hyperparam.lr);
  const minusLr = splat(<Real>-lr);
  const scale = splat(<Real>hyperparam(Hyperparam.gradScale));
  const limit = splat(<Real>hyperparam(Hyperparam.gradLimit));
  const minusLimit = splat(<Real>-hyperparam(Hyperparam.gradLimit));
  const weightDecay = rule == UpdateRule.adamw
    ? splat(0)
    : splat(<Real>hyperparam(Hyperparam.weightDecay));
  const shrunk = 1.0 - hyperparam(Hyperparam.lr) * hyperparam(Hyperparam.weightDecay);
  const keep = splat(rule == UpdateRule.adamw ? <Real>shrunk : 1);
  const beta1 = splat(<Real>hyperparam(Hyperparam.beta1));
  const rest1 = splat(<Real>(1.0 - hyperparam(Hyperparam.beta1)));
  const beta2 = splat(<Real>hyperparam(Hyperparam.beta2));
  const rest2 = splat(<Real>(1.0 - hyperparam(Hyperparam.beta2)));
  const inverseRoot = splat(<Real>(1.0 / hyperparam(Hyperparam.correction2)));
  const epsilon = splat(<Real>hyperparam(Hyperparam.epsilon));
  // 0·x is 0 for finite x and NaN otherwise: one multiply-add per vector checks all parameters.
  const zero = splat(0);
  let notFinite = zero;
  let w = parameterShareStart();
  for (const end = w + parameterShareBytes(); w < end; w += VECTOR) {
    const before = v128.load(w);
    const clipped = pmax(pmin(mul(v128.load(w + toGradient), scale), limit), minusLimit);
    const g = madd(weightDecay, before, clipped);
    let after: v128;
    if (rule == UpdateRule.adagrad) {
      const m = madd(g, g, v128.load(w + toMoment1));
      v128.store(w + toMoment1, m);
      after = add(before, div(mul(minusLr, g), v128.sqrt<Real>(add(m, epsilon))));
    } else if (rule == UpdateRule.sgd) {
      after = madd(minusLr, g, before);
    } else if (rule == UpdateRule.momentum) {
      const v = madd(beta1, v128.load(w + toMoment1), g);
      v128.store(w + toMoment1, v);
      after = madd(minusLr, v, before);
    } else if (rule == UpdateRule.rmsprop) {
      const m = madd(beta2, v128.load(w + toMoment1), mul(rest2, mul(g, g)));
      v128.store(w + toMoment1, m);
      after = add(before, div(mul(minusLr, g), add(v128.sqrt<Real>(m), epsilon)));
    } else {
      const m = madd(beta1, v128.load(w + toMoment1), mul(rest1, g));
      v128.store(w + toMoment1, m);
      const v = madd(beta2, v128.load(w + toMoment2), mul(rest2, mul(g, g)));
      v128.store(w + toMoment2, v);
      const root = madd(v128.sqrt<Real>(v), inverseRoot, epsilon);
      after = madd(keep, before, div(mul(minusLr, m), root));
    }
    notFinite = madd(after, zero, notFinite);
    v128.store(w, after);
  }
  store<u32>(finiteFlags + worker * CACHE_LINE, hsum(notFinite) == 0 ? 1 : 0);
}

/**
 * Writes the sum of squares of each of this worker's blocks of the gradients to `norms`, in f64, in
 * which no square overflows. The host adds the sums. Blocks have NORM_BLOCK_BYTES whatever the number
 * of workers and ranks, and so the norm has the same bits.
 */
export function squareSums(): void {
  const first = firstBlock + shareStart(blocks);
  const last = first + shareLength(blocks);
  for (let block = first; block < last; block++) {
    const start = parameters + toGradient + block * NORM_BLOCK_BYTES;
    const end = min(start + NORM_BLOCK_BYTES, parameters + toGradient + parameterBytes);
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
