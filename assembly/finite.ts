/** Detection of numbers that are not finite. */
import { add, mul, splat, VECTOR } from "./simd";

/**
 * Whether all numbers in `bytes` bytes, a multiple of four vectors, are finite. 0·x is 0 for finite x
 * and NaN otherwise, and a sum with a NaN stays NaN, so the loop needs no branch.
 */
export function allFinite(from: usize, bytes: usize): bool {
  const zero = splat(<Real>0);
  // Four sums hide the latency of an addition.
  let a = zero;
  let b = zero;
  let c = zero;
  let d = zero;
  const end = from + bytes;
  for (; from < end; from += 4 * VECTOR) {
    a = add(a, mul(v128.load(from, 0 * VECTOR), zero));
    b = add(b, mul(v128.load(from, 1 * VECTOR), zero));
    c = add(c, mul(v128.load(from, 2 * VECTOR), zero));
    d = add(d, mul(v128.load(from, 3 * VECTOR), zero));
  }
  const sum = add(add(a, b), add(c, d));
  return v128.all_true<i32>(v128.eq<Real>(sum, sum));
}
