/**
 * Softmax and cross-entropy of rows of logits, [R][Vp], and the gradient in the same visit to a row.
 *
 *     p = softmax(y)      loss = −Σ_v q_v ln p_v      dy = p Σ_v q_v − q
 *
 * q is the target distribution; for a target character it is 1 there and 0 elsewhere. A row of zeros
 * in q has loss and gradient 0. The maximum logit is subtracted first, so that no exponential
 * overflows.
 *
 * A confidence penalty β adds −β H(p) to what is minimized, with the entropy H(p) = −Σ_v p_v ln p_v
 * (Pereyra et al., "Regularizing neural networks by penalizing confident output distributions",
 * 2017). The loss stays that without it. A row of the gradient becomes
 *
 *     dy = Σ_v q_v · p (1 + β (y − Σ_v p_v y_v)) − q
 *
 * because ln p_v + H(p) = y_v − Σ_u p_u y_u: the logarithm of the sum of exponentials cancels.
 *
 * The plain version is tests/reference/network.ts.
 */
import { logits, losses, outputs, outputsPadded, targetIds, targetVectors } from "./layout";
import { exp, log } from "./math";
import { groupCount, groupLength, groupStart } from "./rows";
import { add, hmax, hsum, LANES, madd, mul, pmax, REAL, splat, sub, VECTOR } from "./simd";

/** Below the maximum by so much, a probability is 0 in both precisions, and so is its part of the entropy. */
const MIN_SHIFTED: Real = -1000;

/** A mask of the lanes of a row's last vector that are padding. */
@inline
function padding(): v128 {
  const used = splat(<Real>(outputs + LANES - outputsPadded));
  const lanes = REAL == 4 ? f32x4(0, 1, 2, 3) : f64x2(0, 1);
  return v128.ge<Real>(lanes, used);
}

/** The maximum logit of a row. */
function maxLogit(row: usize, end: usize): Real {
  const last = end - VECTOR;
  let max = v128.bitselect(splat(<Real>-Infinity), v128.load(last), padding());
  for (let at = row; at < last; at += VECTOR) max = pmax(max, v128.load(at));
  return hmax(max);
}

/**
 * Replaces each y of a row by e^(y − max) and returns their sum. The padding is set to 0 afterwards
 * instead of −∞ before: an exponential that underflows is ten times as slow.
 */
function expRow(row: usize, end: usize, max: Real): Real {
  const shift = splat(max);
  const last = end - VECTOR;
  let sum = splat(0);
  for (let at = row; at < last; at += VECTOR) {
    const e = exp(sub(v128.load(at), shift));
    v128.store(at, e);
    sum = add(sum, e);
  }
  const e = v128.andnot(exp(sub(v128.load(last), shift)), padding());
  v128.store(last, e);
  return hsum(add(sum, e));
}

@inline
function scaleRow(row: usize, end: usize, factor: Real): void {
  const f = splat(factor);
  for (let at = row; at < end; at += VECTOR) v128.store(at, mul(v128.load(at), f));
}

/** y − max, or a number whose exponential is 0 as well: 0 times −∞ would be NaN. */
@inline
function shifted(at: usize, shift: v128): v128 {
  return pmax(sub(v128.load(at), shift), splat(MIN_SHIFTED));
}

// What `sumExp` finds out about a row besides its result: Σ e^(y − max) (y − max).
let weightedSum: Real = 0;

/** Returns Σ e^(y − max) of a row, and leaves the logits as they are. */
function sumExp(row: usize, end: usize, max: Real): Real {
  const shift = splat(max);
  const last = end - VECTOR;
  let sum = splat(0);
  let weighted = splat(0);
  for (let at = row; at < last; at += VECTOR) {
    const d = shifted(at, shift);
    const e = exp(d);
    sum = add(sum, e);
    weighted = madd(e, d, weighted);
  }
  const d = v128.andnot(shifted(last, shift), padding());
  const e = v128.andnot(exp(d), padding());
  weightedSum = hsum(madd(e, d, weighted));
  return hsum(add(sum, e));
}

/**
 * Replaces each y of a row by `factor` · e^(y − max) · (1 + `penalty` · (y − max − `mean`)), which is 0
 * in the padding.
 */
function penalizedRow(row: usize, end: usize, max: Real, factor: Real, penalty: Real, mean: Real): void {
  const shift = splat(max);
  const f = splat(factor);
  const b = splat(penalty);
  const base = splat(1 - penalty * mean);
  const last = end - VECTOR;
  for (let at = row; at < last; at += VECTOR) {
    const d = shifted(at, shift);
    v128.store(at, mul(mul(exp(d), f), madd(b, d, base)));
  }
  const d = v128.andnot(shifted(last, shift), padding());
  v128.store(last, v128.andnot(mul(mul(exp(d), f), madd(b, d, base)), padding()));
}

@inline
function logScalar(x: Real): Real {
  return v128.extract_lane<Real>(log(splat(x)), 0);
}

/** Replaces the logits of this worker's rows of `seqLength` steps by probabilities. */
export function softmax(seqLength: usize): void {
  for (let group: usize = 0; group < groupCount(seqLength); group++) {
    softmaxRows(groupStart(group, seqLength), groupLength(seqLength));
  }
}

/**
 * Writes the loss of each of this worker's rows of `seqLength` steps, with a target character each,
 * and replaces the logits by `scale` times the gradient of the loss with a confidence penalty.
 */
export function crossEntropyOfIds(seqLength: usize, scale: Real, penalty: Real): void {
  for (let group: usize = 0; group < groupCount(seqLength); group++) {
    const first = groupStart(group, seqLength);
    crossEntropyRowsOfIds(first, first + groupLength(seqLength), scale, penalty);
  }
}

/** Does the same for target distributions. */
export function crossEntropyOfVectors(seqLength: usize, scale: Real, penalty: Real): void {
  for (let group: usize = 0; group < groupCount(seqLength); group++) {
    const first = groupStart(group, seqLength);
    crossEntropyRowsOfVectors(first, first + groupLength(seqLength), scale, penalty);
  }
}

function softmaxRows(first: usize, rows: usize): void {
  const stride = outputsPadded * REAL;
  let row = logits + first * stride;
  const last = row + rows * stride;
  while (row < last) {
    const end = row + stride;
    const sum = expRow(row, end, maxLogit(row, end));
    scaleRow(row, end, 1 / sum);
    row = end;
  }
}

/**
 * Replaces the logits of a row by the gradient of `scale` times the loss, but for the part of the
 * target.
 *
 * @returns Σ e^(y − max).
 */
@inline
function gradientRow(row: usize, end: usize, max: Real, scale: Real, penalty: Real): Real {
  if (penalty == 0) {
    const sum = expRow(row, end, max);
    scaleRow(row, end, scale / sum);
    return sum;
  }
  const sum = sumExp(row, end, max);
  penalizedRow(row, end, max, scale / sum, penalty, weightedSum / sum);
  return sum;
}

function crossEntropyRowsOfIds(first: usize, last: usize, scale: Real, penalty: Real): void {
  const stride = outputsPadded * REAL;
  let row = logits + first * stride;
  for (let r = first; r < last; r++) {
    const end = row + stride;
    const target = row + <usize>load<u32>(targetIds + r * sizeof<u32>()) * REAL;
    const y = load<Real>(target);
    const max = maxLogit(row, end);
    const sum = gradientRow(row, end, max, scale, penalty);
    store<Real>(losses + r * REAL, logScalar(sum) - (y - max));
    store<Real>(target, load<Real>(target) - scale);
    row = end;
  }
}

function crossEntropyRowsOfVectors(first: usize, last: usize, scale: Real, penalty: Real): void {
  const stride = outputsPadded * REAL;
  let row = logits + first * stride;
  let target = targetVectors + first * stride;
  for (let r = first; r < last; r++) {
    const end = row + stride;
    const max = maxLogit(row, end);
    const shift = splat(max);
    let mass = splat(0); // Σ q
    let weighted = splat(0); // Σ q (y − max)
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      const q = v128.load(target + offset);
      const y = sub(v128.load(row + offset), shift);
      mass = add(mass, q);
      // Where q is 0, nothing is added, even if y is −∞.
      weighted = add(weighted, v128.andnot(mul(q, y), v128.eq<Real>(q, splat(0))));
    }
    const total = hsum(mass);
    const sum = gradientRow(row, end, max, scale * total, penalty);
    store<Real>(losses + r * REAL, total * logScalar(sum) - hsum(weighted));
    const minus = splat(-scale);
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      v128.store(row + offset, madd(minus, v128.load(target + offset), v128.load(row + offset)));
    }
    row = end;
    target += stride;
  }
}
