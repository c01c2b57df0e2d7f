/**
 * Softmax and cross-entropy of rows of logits, [R][Vp], and the gradient in the same visit to a row.
 *
 *     p = softmax(y)      loss = −Σ_v q_v ln p_v      dy = p Σ_v q_v − q
 *
 * q is the target distribution; for a target character it is 1 there and 0 elsewhere. A row of zeros
 * in q has loss and gradient 0. The maximum logit is subtracted first, so that no exponential
 * overflows.
 *
 * The plain version is tests/reference/network.ts.
 */
import { logits, losses, outputs, outputsPadded, targetIds, targetVectors } from "./layout";
import { exp, log } from "./math";
import { groupCount, groupLength, groupStart } from "./rows";
import { add, hmax, hsum, LANES, madd, mul, pmax, REAL, splat, sub, VECTOR } from "./simd";

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
 * and replaces the logits by `scale` times the gradient of the loss.
 */
export function crossEntropyOfIds(seqLength: usize, scale: Real): void {
  for (let group: usize = 0; group < groupCount(seqLength); group++) {
    const first = groupStart(group, seqLength);
    crossEntropyRowsOfIds(first, first + groupLength(seqLength), scale);
  }
}

/** Does the same for target distributions. */
export function crossEntropyOfVectors(seqLength: usize, scale: Real): void {
  for (let group: usize = 0; group < groupCount(seqLength); group++) {
    const first = groupStart(group, seqLength);
    crossEntropyRowsOfVectors(first, first + groupLength(seqLength), scale);
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

function crossEntropyRowsOfIds(first: usize, last: usize, scale: Real): void {
  const stride = outputsPadded * REAL;
  let row = logits + first * stride;
  for (let r = first; r < last; r++) {
    const end = row + stride;
    const target = row + <usize>load<u32>(targetIds + r * sizeof<u32>()) * REAL;
    const y = load<Real>(target);
    const max = maxLogit(row, end);
    const sum = expRow(row, end, max);
    store<Real>(losses + r * REAL, logScalar(sum) - (y - max));
    scaleRow(row, end, scale / sum);
    store<Real>(target, load<Real>(target) - scale);
    row = end;
  }
}

function crossEntropyRowsOfVectors(first: usize, last: usize, scale: Real): void {
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
    const sum = expRow(row, end, max);
    store<Real>(losses + r * REAL, total * logScalar(sum) - hsum(weighted));
    const factor = splat(scale * total / sum);
    const minus = splat(-scale);
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      const e = v128.load(row + offset);
      v128.store(row + offset, madd(minus, v128.load(target + offset), mul(e, factor)));
    }
    row = end;
    target += stride;
  }
}
