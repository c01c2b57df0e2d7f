/**
 * Dropout between layers (Zaremba, Sutskever and Vinyals, 2014): each hidden state that a layer
 * passes up is set to 0 with probability p, and the others are divided by 1 − p.
 *
 * The mask is a function of a seed, the layer and the index of the number, not of an order of random
 * draws. So any number of workers drops the same numbers, the backward pass computes the mask again
 * instead of storing it, and all precisions drop the same numbers. The function is Wellons' lowbias32
 * (Hash Prospector, 2018) applied twice, with one half of the seed mixed in before each.
 *
 * The plain version is tests/reference/dropout.ts.
 */
import { hidden, hiddenPadded } from "./layout";
import { rowOfAll } from "./rows";
import { mul, REAL, splat, VECTOR } from "./simd";

/** p in units of 2^−32: a hash below it drops its number. */
let threshold: u32 = 0;
/** 1 / (1 − p). */
let factor: Real = 1;
let seedLow: u32 = 0;
let seedHigh: u32 = 0;

/**
 * Sets p and the seed for a forward pass and the backward pass that follows.
 *
 * @param p From 0 to below 1.
 * @param seed A whole number from 0 to 2^53 − 1, which an f64 holds exactly.
 */
export function setDropout(p: f64, seed: f64): void {
  threshold = <u32>(p * 4294967296.0);
  factor = <Real>(1.0 / (1.0 - p));
  seedLow = <u32>(<u64>seed);
  seedHigh = <u32>(<u64>seed >> 32);
}

/** Whether p is above 0. */
export function dropoutEnabled(): bool {
  return threshold != 0;
}

/**
 * Writes `rows` rows of a layer's states, [rows][Hp], through the mask of the rows from `row` on.
 *
 * A number's index is row·H + unit, without padding, so that the mask depends on the model and not on
 * the width of a vector; the row is that among the rows of all ranks. In padded columns the index runs into that of the next row; what they hold
 * is 0 and stays 0.
 */
export function dropoutRows(
  to: usize,
  from: usize,
  row: usize,
  rows: usize,
  layer: usize,
): void {
  const stride = hiddenPadded * REAL;
  const kept = splat(factor);
  // 2^32 over the golden ratio: layers' seeds differ in about half of their bits.
  const low = v128.splat<u32>(seedLow ^ (<u32>layer * 0x9e3779b9));
  const high = v128.splat<u32>(seedHigh);
  const limit = v128.splat<u32>(threshold);
  for (const last = row + rows; row < last; row++) {
    let index = laneIndices(<u32>(rowOfAll(row) * hidden));
    for (const end = to + stride; to < end; to += VECTOR) {
      const hash = lowbias32(v128.xor(lowbias32(v128.xor(index, low)), high));
      const mask = v128.and(v128.ge<u32>(hash, limit), kept);
      v128.store(to, mul(v128.load(from), mask));
      index = v128.add<u32>(index, v128.splat<u32>(<u32>(VECTOR / REAL)));
      from += VECTOR;
    }
  }
}

/** The indices of a vector's numbers, as u32; of f64 each twice, so that a mask covers both halves. */
@inline
function laneIndices(first: u32): v128 {
  const offsets = REAL == 4 ? i32x4(0, 1, 2, 3) : i32x4(0, 0, 1, 1);
  return v128.add<u32>(v128.splat<u32>(first), offsets);
}

@inline
function lowbias32(x: v128): v128 {
  x = v128.xor(x, v128.shr<u32>(x, 16));
  x = v128.mul<u32>(x, v128.splat<u32>(0x7feb352d));
  x = v128.xor(x, v128.shr<u32>(x, 15));
  x = v128.mul<u32>(x, v128.splat<u32>(0x846ca68b));
  return v128.xor(x, v128.shr<u32>(x, 16));
}
