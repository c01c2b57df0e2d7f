/**
 * The only file that knows how wide a vector is, and whether multiply and add are one instruction.
 *
 * The build supplies two names (see build.ts): `Real`, which is f32 or f64, and `FUSED`, which is 1
 * where the relaxed multiply-add may be used. Every other file is written once, in terms of these.
 *
 *     Real   FUSED   a v128 holds   madd(a, b, c)
 *     f32    1       4 numbers      relaxed_madd: rounds once where the processor can fuse
 *     f32    0       4 numbers      mul, then add: the same bits on every machine
 *     f64    0       2 numbers      mul, then add: the same bits on every machine
 */

/** Bytes of one number. */
export const REAL: usize = sizeof<Real>();
/** Bytes of one vector. */
export const VECTOR: usize = 16;
/** Numbers in one vector. */
export const LANES: usize = VECTOR / REAL;

/** All lanes `x`. */
@inline
export function splat(x: Real): v128 {
  return v128.splat<Real>(x);
}

/** a·b + c. */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (FUSED) return v128.relaxed_madd<Real>(a, b, c);
  return v128.add<Real>(v128.mul<Real>(a, b), c);
}

@inline
export function add(a: v128, b: v128): v128 {
  return v128.add<Real>(a, b);
}

@inline
export function sub(a: v128, b: v128): v128 {
  return v128.sub<Real>(a, b);
}

@inline
export function mul(a: v128, b: v128): v128 {
  return v128.mul<Real>(a, b);
}

@inline
export function div(a: v128, b: v128): v128 {
  return v128.div<Real>(a, b);
}

/** The lesser of each lane, and `a` where either is NaN: one instruction, unlike `v128.min`. */
@inline
export function pmin(a: v128, b: v128): v128 {
  return v128.pmin<Real>(a, b);
}

/** The greater of each lane, and `a` where either is NaN: one instruction, unlike `v128.max`. */
@inline
export function pmax(a: v128, b: v128): v128 {
  return v128.pmax<Real>(a, b);
}

/** The sum of all lanes, pairwise: (0 + 2) + (1 + 3) of four, 0 + 1 of two. */
@inline
export function hsum(a: v128): Real {
  if (REAL == 4) {
    a = add(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
    return <Real>(v128.extract_lane<f32>(a, 0) + v128.extract_lane<f32>(a, 1));
  }
  return <Real>(v128.extract_lane<f64>(a, 0) + v128.extract_lane<f64>(a, 1));
}

/** The greatest lane. */
@inline
export function hmax(a: v128): Real {
  if (REAL == 4) {
    a = pmax(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
    a = pmax(a, v128.shuffle<f32>(a, a, 1, 0, 3, 2));
    return <Real>v128.extract_lane<f32>(a, 0);
  }
  a = pmax(a, v128.shuffle<f64>(a, a, 1, 0));
  return <Real>v128.extract_lane<f64>(a, 0);
}

/** Two neighbouring numbers, as often as they fit: (0 1 0 1) of f32, (0 1) of f64. */
@inline
export function loadPair(address: usize): v128 {
  return REAL == 4 ? v128.load_splat<u64>(address) : v128.load(address);
}

/** Neighbours change places: (1 0 3 2), (1 0). */
@inline
export function swapAdjacent(a: v128): v128 {
  return REAL == 4 ? v128.shuffle<f32>(a, a, 1, 0, 3, 2) : v128.shuffle<f64>(a, a, 1, 0);
}

/** The even lanes of `a` and the odd ones of `b`. */
@inline
export function blendEvenOdd(a: v128, b: v128): v128 {
  return REAL == 4 ? v128.shuffle<f32>(a, b, 0, 5, 2, 7) : v128.shuffle<f64>(a, b, 0, 3);
}
