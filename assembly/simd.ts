/**
 * SIMD vectors: the one place that depends on the width of a lane and on fused multiply-add.
 *
 * build.ts defines two names: `Real`, which is f32 or f64, and `FUSED`, which is 1 where the relaxed
 * multiply-add may be used. Kernels are written once, for all three modules, in terms of these.
 *
 *     Real   FUSED   a v128 holds   madd(a, b, c)
 *     f32    1       4 numbers      relaxed_madd: rounds once where the processor fuses
 *     f32    0       4 numbers      mul, then add: the same bits on every machine
 *     f64    0       2 numbers      mul, then add: the same bits on every machine
 */

/** Bytes of a number. */
export const REAL: usize = sizeof<Real>();
/** Bytes of a vector. */
export const VECTOR: usize = 16;
/** Numbers in a vector. */
export const LANES: usize = VECTOR / REAL;

/** `x` in all lanes. */
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

/** The minimum of each lane; `a` where either is NaN. One instruction on x86-64, unlike `min`. */
@inline
export function pmin(a: v128, b: v128): v128 {
  return v128.pmin<Real>(a, b);
}

/** The maximum of each lane; `a` where either is NaN. One instruction on x86-64, unlike `max`. */
@inline
export function pmax(a: v128, b: v128): v128 {
  return v128.pmax<Real>(a, b);
}

/** The sum of all lanes: (0 + 2) + (1 + 3) of four, 0 + 1 of two. */
@inline
export function hsum(a: v128): Real {
  if (REAL == 4) {
    a = add(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
    return <Real>(v128.extract_lane<f32>(a, 0) + v128.extract_lane<f32>(a, 1));
  }
  return <Real>(v128.extract_lane<f64>(a, 0) + v128.extract_lane<f64>(a, 1));
}

/** The maximum of all lanes. */
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

/** Two adjacent numbers, repeated to fill a vector: (0 1 0 1) of f32, (0 1) of f64. */
@inline
export function loadPair(address: usize): v128 {
  return REAL == 4 ? v128.load_splat<u64>(address) : v128.load(address);
}

/** Adjacent lanes swapped: (1 0 3 2) of f32, (1 0) of f64. */
@inline
export function swapAdjacent(a: v128): v128 {
  return REAL == 4 ? v128.shuffle<f32>(a, a, 1, 0, 3, 2) : v128.shuffle<f64>(a, a, 1, 0);
}

/** The even lanes of `a` and the odd lanes of `b`. */
@inline
export function blendEvenOdd(a: v128, b: v128): v128 {
  return REAL == 4 ? v128.shuffle<f32>(a, b, 0, 5, 2, 7) : v128.shuffle<f64>(a, b, 0, 3);
}

/** One lane of `a` in all lanes. `lane` must be a constant. */
@inline
export function broadcastLane(a: v128, lane: i32): v128 {
  if (REAL == 4) {
    if (lane == 0) return v128.shuffle<f32>(a, a, 0, 0, 0, 0);
    if (lane == 1) return v128.shuffle<f32>(a, a, 1, 1, 1, 1);
    if (lane == 2) return v128.shuffle<f32>(a, a, 2, 2, 2, 2);
    return v128.shuffle<f32>(a, a, 3, 3, 3, 3);
  }
  return lane == 0 ? v128.shuffle<f64>(a, a, 0, 0) : v128.shuffle<f64>(a, a, 1, 1);
}
