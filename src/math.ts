/**
 * exp, log, cos and powers with the same bits in every JavaScript runtime.
 *
 * The language leaves the last bits of `Math.exp`, `Math.log`, `Math.cos` and `**` to the runtime, and
 * V8 and JavaScriptCore differ. Initial weights, learning rates and samples are computed with these
 * functions, which use nothing but operations that IEEE 754 rounds in one way. exp and log are those
 * of the kernels in float64 (assembly/math.ts).
 */

/** ln 2 in two parts; the product of the first, of 42 bits, with any exponent is exact. */
const LN2_HIGH = 0.6931471805598903;
const LN2_LOW = 5.497923018708371e-14;
/** Above the first, e^x is ∞; below the second, 0. */
const EXP_MAX = 710;
const EXP_MIN = -747;
/** The last term of the series of e^r has r¹³: the remainder is below 5e-18. */
const EXP_TERMS = 13;
/** The last term of the series of atanh s has s²¹: the remainder is below 6e-19 of the result. */
const LOG_TERMS = 21;
/** The last term of the series of cos and sin has x²²: the remainder is below 1e-19 up to π/4. */
const COS_TERMS = 22;

const numbers = new Float64Array(1);
const words = new Uint32Array(numbers.buffer);
/** The index of the word with sign and exponent: 1 where the low word comes first. */
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

/**
 * e^x.
 *
 * @example
 * ```ts
 * import { exp } from "./math.ts";
 *
 * console.log(exp(1).toFixed(12)); // 2.718281828459
 * ```
 */
export function exp(x: number): number {
  if (!(x <= EXP_MAX)) return x > EXP_MAX ? Infinity : x;
  if (x < EXP_MIN) return 0;
  const n = Math.round(x * Math.LOG2E);
  const r = (x - n * LN2_HIGH) - n * LN2_LOW;
  // 1 + r (1 + r/2 (1 + r/3 (…))), without the rounding error of the leading 1.
  let q = 1;
  for (let k = EXP_TERMS; k > 2; k--) q = 1 + r * q / k;
  const y = 1 + (r + r * r * q / 2);
  // Two factors, because 2^n may be outside the normal range where the result is not.
  const half = Math.trunc(n / 2);
  return y * powerOfTwo(half) * powerOfTwo(n - half);
}

/**
 * ln x. With x = 2^k (1 + f), √½ ≤ 1 + f < √2, and s = f / (2 + f):
 * ln(1 + f) = 2 atanh s = f − s (f − R), where R = 2s²/3 + 2s⁴/5 + …
 *
 * @example
 * ```ts
 * import { log } from "./math.ts";
 *
 * console.log(log(10)); // 2.302585092994046
 * ```
 */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  // A number below the normal range is lifted into it.
  const lift = x < 2 ** -1022 ? 54 : 0;
  numbers[0] = x * 2 ** lift;
  let k = (words[HIGH]! >>> 20) - 1023 - lift;
  words[HIGH] = words[HIGH]! & 0x000fffff | 0x3ff00000;
  let m = numbers[0];
  if (m > Math.SQRT2) {
    m /= 2;
    k++;
  }
  const f = m - 1;
  const s = f / (2 + f);
  const z = s * s;
  let r = 0;
  for (let n = LOG_TERMS; n >= 3; n -= 2) r = (r + 2 / n) * z;
  return k * LN2_HIGH + (k * LN2_LOW + (f - s * (f - r)));
}

/**
 * cos(πx) for x from 0 to 1.
 *
 * @example
 * ```ts
 * import { cosPi } from "./math.ts";
 *
 * console.log(cosPi(0), cosPi(0.5), cosPi(1)); // 1 0 -1
 * ```
 */
export function cosPi(x: number): number {
  if (x > 0.5) return -cosPi(1 - x);
  return x <= 0.25 ? series(Math.PI * x, 0) : series(Math.PI * (0.5 - x), 1);
}

/** The series of cos x if `first` is 0, of sin x if it is 1, for x from 0 to π/4. */
function series(x: number, first: 0 | 1): number {
  const z = x * x;
  let sum = 0;
  for (let n = COS_TERMS + first; n > first; n -= 2) sum = -(1 + sum) * z / (n * (n - 1));
  return first === 0 ? 1 + sum : x + x * sum;
}

/**
 * Raises a number above 0 to a power.
 *
 * A whole exponent n takes squarings, whose relative error is at most n units in the last place.
 *
 * @example
 * ```ts
 * import { power } from "./math.ts";
 *
 * console.log(power(0.5, 3), power(4, 0.5)); // 0.125 2
 * ```
 */
export function power(base: number, exponent: number): number {
  if (!Number.isInteger(exponent) || exponent < 0) return exp(exponent * log(base));
  let result = 1;
  for (let square = base, n = exponent; n > 0; n = Math.floor(n / 2), square *= square) {
    if (n % 2 === 1) result *= square;
  }
  return result;
}

/** 2^n for whole n in the normal range. */
function powerOfTwo(n: number): number {
  words[HIGH] = (n + 1023) << 20;
  words[1 - HIGH] = 0;
  return numbers[0]!;
}
