/**
 * exp, ln and tanh in fixed-point BigInt, with far more digits than a double. The errors of the
 * kernels are measured against them, because Math.exp and its like have errors of about a unit in the
 * last place themselves.
 *
 * A fixed-point number is a BigInt in units of 2^−BITS. Arguments and results must be of a size at
 * which these bits hold 60 significant ones.
 */

/** Bits after the point. */
export const BITS = 1400n;
const ONE = 1n << BITS;

/** A double as a fixed-point number, exactly if it is a multiple of 2^−1400. */
export function fixed(x: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const biased = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = biased === 0n ? fraction : fraction | (1n << 52n);
  const exponent = (biased === 0n ? 1n : biased) - 1075n;
  const magnitude = shift(mantissa, exponent + BITS);
  return bits >> 63n ? -magnitude : magnitude;
}

function shift(value: bigint, by: bigint): bigint {
  return by >= 0n ? value << by : value >> -by;
}

function multiply(a: bigint, b: bigint): bigint {
  return (a * b) >> BITS;
}

function divide(a: bigint, b: bigint): bigint {
  return (a << BITS) / b;
}

/** 2·atanh(s) = 2(s + s³/3 + s⁵/5 + …). */
function twiceAtanh(s: bigint): bigint {
  const square = multiply(s, s);
  let sum = 0n;
  for (let power = s, n = 1n; power !== 0n; power = multiply(power, square), n += 2n) {
    sum += power / n;
    if (power === -1n) break; // Shifting rounds down, so −1 would remain −1.
  }
  return 2n * sum;
}

/** ln 2 = 2·atanh(1/3). */
const LN_2 = twiceAtanh(ONE / 3n);

/** e^x, by x = k·ln 2 + r, and the series of e^{r/2^16} squared 16 times. */
export function exp(x: bigint): bigint {
  const k = x / LN_2;
  const r = (x - k * LN_2) / 65536n;
  let sum = ONE;
  for (let term = ONE, n = 1n; n < 200n && term !== 0n; n++) {
    term = multiply(term, r) / n;
    sum += term;
  }
  for (let i = 0; i < 16; i++) sum = multiply(sum, sum);
  return shift(sum, k);
}

/** ln x for x > 0, by x = 2^k·m with m near 1, and 2·atanh((m − 1)/(m + 1)). */
export function log(x: bigint): bigint {
  const k = BigInt(x.toString(2).length) - 1n - BITS;
  const m = shift(x, -k);
  return k * LN_2 + twiceAtanh(divide(m - ONE, m + ONE));
}

/** tanh x = (e^{2x} − 1)/(e^{2x} + 1). */
export function tanh(x: bigint): bigint {
  const e = exp(2n * x);
  return divide(e - ONE, e + ONE);
}
