/**
 * exp, log, tanh and sigmoid of every lane, for f32 and f64 from one source.
 *
 * Each function reduces its argument exactly and sums a Taylor series, whose coefficients can be
 * checked by eye; the number of terms is the smallest whose remainder is below a tenth of the rounding
 * error. The bounds of the error, in units in the last place, with the largest error found in
 * brackets:
 *
 *               f32           f64
 *     exp       1.25 (1.06)   1.25 (0.90)
 *     log       1.25 (0.96)   1.25 (1.13)
 *     tanh      2.5  (2.43)   2.75 (2.58)
 *
 * The search covered every f32 of each function's interesting range. It only sampled f64, so the
 * bounds of f64 are not proven. tests/assembly/math_extremes_test.ts keeps the worst arguments.
 *
 * tanh is worst just above x = ln(2)/4, where 2^n becomes 2: e^{2x} − 1 = 2p + 1 with p near −0.28,
 * and the doubled error of p meets a result half as large as its terms.
 *
 * Special values: NaN for NaN; exp(−∞) = 0, exp(∞) = ∞; log(0) = −∞, log(x) = NaN for x < 0,
 * log(∞) = ∞; tanh(±∞) = ±1, tanh(±0) = ±0.
 *
 * The plain versions, in arbitrary precision, are tests/reference/math.ts.
 */
import { add, div, LANES, madd, mul, pmax, pmin, REAL, splat, sub, VECTOR } from "./simd";

/** Bits of the fraction of a number (IEEE 754). */
const FRACTION: i32 = REAL == 4 ? 23 : 52;
/** Bias of the exponent of a number (IEEE 754). */
const BIAS: Real = REAL == 4 ? 127 : 1023;
/**
 * 1.5·2^FRACTION. Added to a number of moderate size, it leaves the nearest whole number in the low
 * bits of the fraction; subtracted again, it rounds to that number.
 */
const ROUNDER: Real = REAL == 4 ? <Real>12582912.0 : <Real>6755399441055744.0;
/**
 * ln 2 in two parts. The first has so few bits (16 of 24, 42 of 53) that its product with any exponent
 * is exact; the second is the rounded rest (Cody and Waite, "Software Manual for the Elementary
 * Functions", 1980).
 */
const LN2_HIGH: Real = REAL == 4 ? <Real>0.693145751953125 : <Real>0.6931471805598903;
const LN2_LOW: Real = REAL == 4 ? <Real>1.4286068203094173e-6 : <Real>5.497923018708371e-14;

// exp and tanh run over every hidden state and every logit. Their constants lie in memory: from a
// constant address V8 loads them in one instruction without a bounds check, where it would assemble a
// constant of the code in three instructions per iteration.

@inline
function at(address: usize): v128 {
  return v128.load_splat<Real>(address);
}

const HALF: usize = memory.data<Real>([<Real>0.5]);
const ONE: usize = memory.data<Real>([<Real>1]);
const MINUS_ZERO: usize = memory.data<Real>([<Real>-0.0]);
const ROUND: usize = memory.data<Real>([ROUNDER]);
const ROUND_AND_BIAS: usize = memory.data<Real>([ROUNDER + BIAS]);
/**
 * Its sum with a number, shifted into the exponent, is 2^(n − 1) for the nearest whole number n. The
 * bias would be odd, and would round a number halfway between two whole numbers to the odd one.
 */
const ROUND_AND_BIAS_OF_HALF: usize = memory.data<Real>([ROUNDER + BIAS - 1]);
const LOG2_E: usize = memory.data<Real>([<Real>1.4426950408889634]);
const MINUS_LOG2_E: usize = memory.data<Real>([<Real>-1.4426950408889634]);
const LN2_HIGH_AT: usize = memory.data<Real>([LN2_HIGH]);
const LN2_LOW_AT: usize = memory.data<Real>([LN2_LOW]);
const MINUS_LN2_HIGH: usize = memory.data<Real>([-LN2_HIGH]);
const MINUS_LN2_LOW: usize = memory.data<Real>([-LN2_LOW]);
/** Above EXP_MAX, e^x is ∞; below EXP_MIN, 0. */
const EXP_MAX: usize = memory.data<Real>([REAL == 4 ? <Real>89 : <Real>710]);
const EXP_MIN: usize = memory.data<Real>([REAL == 4 ? <Real>-105 : <Real>-747]);
/** Above it, 1 − tanh x is less than half a unit in the last place of 1. */
const TANH_MAX: usize = memory.data<Real>([REAL == 4 ? <Real>10 : <Real>20]);
/** Above it, 1 + e^−x is 1; below the other, e^−x is ∞. */
const SIGMOID_MAX: usize = memory.data<Real>([REAL == 4 ? <Real>80 : <Real>700]);
const SIGMOID_MIN: usize = memory.data<Real>([REAL == 4 ? <Real>-89.5 : <Real>-710.5]);
/** 1/2!, 1/3!, …, 1/13! */
const INVERSE_FACTORIALS: usize = memory.data<Real>([
  <Real>(1.0 / 2.0),
  <Real>(1.0 / 6.0),
  <Real>(1.0 / 24.0),
  <Real>(1.0 / 120.0),
  <Real>(1.0 / 720.0),
  <Real>(1.0 / 5040.0),
  <Real>(1.0 / 40320.0),
  <Real>(1.0 / 362880.0),
  <Real>(1.0 / 3628800.0),
  <Real>(1.0 / 39916800.0),
  <Real>(1.0 / 479001600.0),
  <Real>(1.0 / 6227020800.0),
]);

/** −1/2!, 1/3!, −1/4!, …, 1/13! */
const ALTERNATING_INVERSE_FACTORIALS: usize = memory.data<Real>([
  <Real>(-1.0 / 2.0),
  <Real>(1.0 / 6.0),
  <Real>(-1.0 / 24.0),
  <Real>(1.0 / 120.0),
  <Real>(-1.0 / 720.0),
  <Real>(1.0 / 5040.0),
  <Real>(-1.0 / 40320.0),
  <Real>(1.0 / 362880.0),
  <Real>(-1.0 / 3628800.0),
  <Real>(1.0 / 39916800.0),
  <Real>(-1.0 / 479001600.0),
  <Real>(1.0 / 6227020800.0),
]);

@inline
function shiftLeft(a: v128, bits: i32): v128 {
  return REAL == 4 ? v128.shl<i32>(a, bits) : v128.shl<i64>(a, bits);
}

@inline
function shiftRight(a: v128, bits: i32): v128 {
  return REAL == 4 ? v128.shr<u32>(a, bits) : v128.shr<u64>(a, bits);
}

/** 2^n for whole n in the normal range: n + bias in the bits of the exponent. */
@inline
function powerOfTwo(n: v128): v128 {
  return shiftLeft(add(n, at(ROUND_AND_BIAS)), FRACTION);
}

/** The nearest whole number to x, for |x| < 2^(FRACTION − 1). */
@inline
function roundToNearest(x: v128): v128 {
  return sub(add(x, at(ROUND)), at(ROUND));
}

/** x − n·ln 2. */
@inline
function reduceArgument(x: v128, n: v128): v128 {
  return madd(n, at(MINUS_LN2_LOW), madd(n, at(MINUS_LN2_HIGH), x));
}

/**
 * e^r − 1 for |r| ≤ ln(2)/2, by r + r²·(1/2! + r/3! + r²/4! + …), through r⁷ for f32 (remainder
 * below 6e-9) and r¹³ for f64 (below 5e-18).
 */
@inline
function expm1Reduced(r: v128): v128 {
  return seriesOf(r, INVERSE_FACTORIALS);
}

/** 1 − e^−r, by the same series with alternating signs, and with the same rounding errors. */
@inline
function oneMinusExpReduced(r: v128): v128 {
  return seriesOf(r, ALTERNATING_INVERSE_FACTORIALS);
}

/** r + r²·(c₂ + c₃·r + c₄·r² + …), with the coefficients at an address. */
@inline
function seriesOf(r: v128, coefficients: usize): v128 {
  let q = at(coefficients + (REAL == 4 ? 5 : 11) * REAL);
  if (REAL == 8) {
    q = madd(q, r, at(coefficients + 10 * REAL));
    q = madd(q, r, at(coefficients + 9 * REAL));
    q = madd(q, r, at(coefficients + 8 * REAL));
    q = madd(q, r, at(coefficients + 7 * REAL));
    q = madd(q, r, at(coefficients + 6 * REAL));
    q = madd(q, r, at(coefficients + 5 * REAL));
  }
  q = madd(q, r, at(coefficients + 4 * REAL));
  q = madd(q, r, at(coefficients + 3 * REAL));
  q = madd(q, r, at(coefficients + 2 * REAL));
  q = madd(q, r, at(coefficients + REAL));
  q = madd(q, r, at(coefficients));
  return madd(mul(r, r), q, r);
}

/** e^x. */
@inline
export function exp(x: v128): v128 {
  // pmin and pmax return their first operand where it is NaN, which then reaches the result.
  x = pmax(pmin(x, at(EXP_MAX)), at(EXP_MIN));
  const n = roundToNearest(mul(x, at(LOG2_E)));
  const p = expm1Reduced(reduceArgument(x, n));
  // Two factors, because 2^n may be outside the normal range where the result is not.
  const half = roundToNearest(mul(n, at(HALF)));
  const y = mul(add(p, at(ONE)), powerOfTwo(half));
  return mul(y, powerOfTwo(sub(n, half)));
}

/**
 * tanh x = (e^{2x} − 1) / (e^{2x} − 1 + 2), a form without cancellation near 0. Both sides of the
 * fraction are halved, because 2^(n − 1) takes one instruction less than 2^n.
 */
@inline
export function tanh(x: v128): v128 {
  const sign = v128.and(x, at(MINUS_ZERO));
  const magnitude = pmin(v128.xor(x, sign), at(TANH_MAX));
  const twice = add(magnitude, magnitude);
  const sum = add(mul(twice, at(LOG2_E)), at(ROUND_AND_BIAS_OF_HALF));
  const half = shiftLeft(sum, FRACTION);
  const n = sub(sum, at(ROUND_AND_BIAS_OF_HALF));
  const e = madd(half, expm1Reduced(reduceArgument(twice, n)), sub(half, at(HALF)));
  return v128.or(div(e, add(e, at(ONE))), sign);
}

/**
 * The logistic function, 1 / (1 + e^−x), with an error below 4 units in the last place. Both sides of
 * the fraction are halved. e^−x = 2^n·e^−r with r = x + n·ln 2, so the sign of x need not be changed.
 */
@inline
export function sigmoid(x: v128): v128 {
  x = pmin(pmax(x, at(SIGMOID_MIN)), at(SIGMOID_MAX));
  const sum = add(mul(x, at(MINUS_LOG2_E)), at(ROUND_AND_BIAS_OF_HALF));
  const half = shiftLeft(sum, FRACTION);
  const n = sub(sum, at(ROUND_AND_BIAS_OF_HALF));
  const r = madd(n, at(LN2_LOW_AT), madd(n, at(LN2_HIGH_AT), x));
  const e = mul(half, sub(at(ONE), oneMinusExpReduced(r)));
  return div(at(HALF), add(at(HALF), e));
}

/** The derivative of tanh at x, from t = tanh x: 1 − t². */
@inline
export function tanhGrad(t: v128): v128 {
  return sub(splat(0), madd(t, t, splat(-1)));
}

/** The derivative of the logistic function σ at x, from s = σ(x): s (1 − s). */
@inline
export function sigmoidGrad(s: v128): v128 {
  return mul(s, sub(at(ONE), s));
}

/**
 * ln x. With x = 2^k·(1 + f), √½ ≤ 1 + f < √2, and s = f / (2 + f):
 * ln(1 + f) = 2·atanh(s) = 2s + s·R = f − s·(f − R), where R = 2s²/3 + 2s⁴/5 + …
 * The last form is that of fdlibm; it keeps the rounding error of s away from the leading term. The
 * series ends with s⁹ for f32 (remainder below 2e-9 of the result) and s²¹ for f64 (6e-19).
 */
@inline
export function log(x: v128): v128 {
  const smallest = splat(
    REAL == 4 ? <Real>1.1754943508222875e-38 : <Real>2.2250738585072014e-308,
  );
  const tiny = v128.lt<Real>(x, smallest);
  const lift: Real = REAL == 4 ? <Real>16777216.0 : <Real>18014398509481984.0; // 2^24, 2^54
  const liftedBy = v128.and(tiny, splat(REAL == 4 ? <Real>24 : <Real>54));
  const normal = v128.bitselect(mul(x, splat(lift)), x, tiny);

  // The bits of the exponent become the low bits of the number 2^FRACTION + exponent.
  const base: Real = REAL == 4 ? <Real>8388608.0 : <Real>4503599627370496.0;
  const exponent = v128.or(shiftRight(normal, FRACTION), splat(base));
  let k = sub(sub(exponent, splat(base + BIAS)), liftedBy);
  const ones = splat(1);
  const fractionBits = REAL == 4
    ? v128.splat<i32>(0x007fffff)
    : v128.splat<i64>(0x000fffffffffffff);
  let m = v128.or(v128.and(normal, fractionBits), ones);
  const large = v128.gt<Real>(m, splat(<Real>1.4142135623730951));
  m = v128.bitselect(mul(m, splat(<Real>0.5)), m, large);
  k = add(k, v128.and(large, ones));

  const f = sub(m, ones);
  const s = div(f, add(f, splat(2)));
  const z = mul(s, s);
  let r: v128;
  if (REAL == 4) {
    r = splat(<Real>(2.0 / 9.0));
  } else {
    r = splat(<Real>(2.0 / 21.0));
    r = madd(r, z, splat(<Real>(2.0 / 19.0)));
    r = madd(r, z, splat(<Real>(2.0 / 17.0)));
    r = madd(r, z, splat(<Real>(2.0 / 15.0)));
    r = madd(r, z, splat(<Real>(2.0 / 13.0)));
    r = madd(r, z, splat(<Real>(2.0 / 11.0)));
    r = madd(r, z, splat(<Real>(2.0 / 9.0)));
  }
  r = madd(r, z, splat(<Real>(2.0 / 7.0)));
  r = madd(r, z, splat(<Real>(2.0 / 5.0)));
  r = madd(r, z, splat(<Real>(2.0 / 3.0)));
  r = mul(r, z);
  const lowPart = madd(k, splat(LN2_LOW), sub(f, mul(s, sub(f, r))));
  let y = madd(k, splat(LN2_HIGH), lowPart);

  const infinity = splat(<Real>Infinity);
  y = v128.bitselect(infinity, y, v128.eq<Real>(x, infinity));
  y = v128.bitselect(splat(<Real>-Infinity), y, v128.eq<Real>(x, splat(0)));
  // Neither negative numbers nor NaN are ≥ 0.
  return v128.bitselect(y, splat(<Real>NaN), v128.ge<Real>(x, splat(0)));
}

/** Replaces `count` numbers, a multiple of LANES, by their tanh. */
export function tanhInPlace(data: usize, count: usize): void {
  const end = data + count * REAL;
  for (; data < end; data += VECTOR) v128.store(data, tanh(v128.load(data)));
}

/** Replaces `count` numbers, a multiple of LANES, by their 1 / (1 + e^−x). */
export function sigmoidInPlace(data: usize, count: usize): void {
  const end = data + count * REAL;
  for (; data < end; data += VECTOR) v128.store(data, sigmoid(v128.load(data)));
}

/** Replaces `count` numbers, a multiple of LANES, by their e^x. */
export function expInPlace(data: usize, count: usize): void {
  const end = data + count * REAL;
  for (; data < end; data += VECTOR) v128.store(data, exp(v128.load(data)));
}

/** Replaces `count` numbers, a multiple of LANES, by their ln x. */
export function logInPlace(data: usize, count: usize): void {
  const end = data + count * REAL;
  for (; data < end; data += VECTOR) v128.store(data, log(v128.load(data)));
}
