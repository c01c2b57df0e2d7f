/**
 * Dropout between layers (Zaremba, Sutskever and Vinyals, 2014): of what a layer passes up, each
 * number is left out with probability p, and the others are divided by 1 − p.
 *
 * Which ones is a function of a seed, the layer and the number's place, not of an order in which
 * random numbers are drawn: so any number of workers drop the same, the backward pass needs no copy
 * of what the forward pass chose, and all precisions choose alike. The function is Wellons' lowbias32
 * (Hash Prospector, 2018), twice, the seed's halves mixed in before each.
 */
import { mul, REAL, splat, VECTOR } from "./simd";
import { hidden, hiddenPadded } from "./layout";

/** p as a share of 2^32. */
let threshold: u32 = 0;
/** 1 / (1 − p). */
let factor: Real = 1;
let seedLow: u32 = 0;
let seedHigh: u32 = 0;

/** Sets p, 0 to below 1, and the seed, a whole number below 2^53, for a forward and its backward pass. */
export function setDropout(p: f64, seed: f64): void {
  threshold = <u32>(p * 4294967296.0);
  factor = <Real>(1.0 / (1.0 - p));
  seedLow = <u32>(<u64>seed);
  seedHigh = <u32>(<u64>seed >> 32);
}

/** Whether anything is dropped. */
export function dropoutEnabled(): bool {
  return threshold != 0;
}

/** What is left of `rows` rows of a layer's states, the first of which is row `row` of T·B. */
export function dropoutRows(to: usize, from: usize, row: usize, rows: usize, layer: usize): void {
  const stride = hiddenPadded * REAL;
  const kept = splat(factor);
  const low = v128.splat<u32>(seedLow ^ (<u32>layer * 0x9e3779b9));
  const high = v128.splat<u32>(seedHigh);
  const least = v128.splat<u32>(threshold);
  for (const last = row + rows; row < last; row++) {
    let index = laneIndices(<u32>(row * hidden));
    for (const end = to + stride; to < end; to += VECTOR) {
      const hash = lowbias32(v128.xor(lowbias32(v128.xor(index, low)), high));
      const mask = v128.and(v128.ge<u32>(hash, least), kept);
      v128.store(to, mul(v128.load(from), mask));
      index = v128.add<u32>(index, v128.splat<u32>(<u32>(VECTOR / REAL)));
      from += VECTOR;
    }
  }
}

/** The places of a vector's numbers; of 64-bit numbers each twice, so that both halves are kept. */
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
