/**
 * exp, log, tanh and sigmoid: errors in units in the last place over the whole range, and special
 * values. The bounds are those of assembly/math.ts.
 */
import { assert, assertEquals } from "@std/assert";
import { instantiate } from "../../src/engine/kernels/instance.ts";
import { type Precision, realArray } from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";
import * as exact from "../reference/math.ts";
import { precisions, realsAt } from "./module.ts";

type FunctionName = "exp" | "log" | "tanh";
const names = ["exp", "log", "tanh"] as const;

/** The bound of the error, in units in the last place of the result. */
const bounds: Readonly<Record<Precision, Readonly<Record<FunctionName, number>>>> = {
  "f32": { exp: 1.25, log: 1.25, tanh: 2.5 },
  "f32-strict": { exp: 1.25, log: 1.25, tanh: 2.5 },
  "f64": { exp: 1.25, log: 1.25, tanh: 2.75 },
};

/** Numbers per call of a kernel. */
const COUNT = 4096;

/** Applies the kernel to any number of values. */
function applier(precision: Precision, name: FunctionName | "sigmoid") {
  const { kernels, layout, memory } = instantiate(precision, {
    ...{ inputs: 1, hidden: 1, outputs: COUNT, seqLength: 1, batchSize: 1 },
  });
  const area = realsAt(memory.buffer, { precision, address: layout.logits, count: COUNT });
  return (values: ArrayLike<number>): Float64Array => {
    const results = new Float64Array(values.length);
    for (let at = 0; at < values.length; at += COUNT) {
      const some = Math.min(COUNT, values.length - at);
      for (let i = 0; i < some; i++) area[i] = values[at + i]!;
      kernels[`${name}InPlace`](layout.logits, COUNT);
      results.set(area.subarray(0, some), at);
    }
    return results;
  };
}

/** The distance between adjacent numbers of a precision near a finite x. */
function unitInLastPlace(x: number, precision: Precision): number {
  const [digits, least] = precision === "f64" ? [52, -1022] : [23, -126];
  // From the bits of the exponent, because Math.log2 rounds up just below a power of two.
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const exponent = ((view.getUint32(0) >>> 20) & 0x7ff) - 1023;
  return 2 ** (Math.max(least, exponent) - digits);
}

for (const precision of ["f32", "f32-strict"] as const) {
  for (const name of names) {
    Deno.test(`${name}InPlace() keeps its error bound over all exponents, ${precision}`, () => {
      // Every 1021st of the 2^32 bit patterns: 4.2 million numbers, of all signs and exponents.
      const bits = new Uint32Array(COUNT * 1027).map((_, i) => i * 1021);
      const values = new Float32Array(bits.buffer);
      const results = applier(precision, name)(values);
      let worst = 0;
      let at = 0;
      for (let i = 0; i < values.length; i++) {
        const x = values[i]!;
        const wanted = Math[name](x);
        const actual = results[i]!;
        if (Number.isNaN(wanted)) {
          assert(Number.isNaN(actual), `${name}(${x}) is ${actual}`);
          continue;
        }
        const rounded = Math.fround(wanted);
        if (actual === rounded) continue;
        const error = Number.isFinite(rounded)
          ? Math.abs(actual - wanted) / unitInLastPlace(rounded, precision)
          : Infinity;
        if (!(error <= worst)) {
          worst = error;
          at = x;
        }
      }
      assert(worst <= bounds[precision][name], `${name}(${at}) is off by ${worst} units`);
    });
  }
}

/** Doubles with every exponent of a function's interesting range and random fractions. */
function doubles(name: FunctionName): Float64Array {
  const random = new Xoshiro128(1);
  const values: number[] = [];
  const add = (exponent: number) => {
    const x = (1 + random.uniform()) * 2 ** exponent;
    values.push(...(name === "log" ? [x] : [x, -x]));
  };
  // Near 0, exp is 1 and tanh is x; far from it, both are constant.
  const [low, high, each] = name === "log" ? [-1074, 1023, 1] : [-60, 9, 24];
  for (let exponent = low; exponent <= high; exponent++) {
    for (let n = 0; n < each; n++) add(exponent);
  }
  for (let n = 0; n < 1500; n++) values.push(name === "log" ? 0.5 + random.uniform() : 0);
  for (let n = 0; n < 1500; n++) {
    const x = random.uniform() - 0.5;
    values.push(name === "exp" ? 1490 * x : name === "tanh" ? 8 * x : 1 + x * 2 ** -20);
  }
  return Float64Array.from(values).filter((x) => name !== "exp" || x < 709.78);
}

for (const name of names) {
  Deno.test(`${name}InPlace() keeps its error bound over all exponents, f64`, () => {
    const values = doubles(name);
    const results = applier("f64", name)(values);
    let worst = 0;
    let at = 0;
    values.forEach((x, i) => {
      const wanted = exact[name](exact.fixed(x));
      const unit = exact.fixed(unitInLastPlace(results[i]!, "f64"));
      const difference = exact.fixed(results[i]!) - wanted;
      const error = Math.abs(Number((difference << 20n) / unit)) / 2 ** 20;
      if (!(error <= worst)) {
        worst = error;
        at = x;
      }
    });
    assert(worst <= bounds.f64[name], `${name}(${at}) is off by ${worst} units`);
  });
}

for (const precision of precisions) {
  const single = precision !== "f64";
  const least = single ? 2 ** -149 : 2 ** -1074;
  const greatest = single ? (2 - 2 ** -23) * 2 ** 127 : Number.MAX_VALUE;
  /** The greatest number whose exponential is finite, and the next. */
  const [finite, infinite] = single
    ? [88.72283172607422, 88.7228393554688]
    : [709.782712893384, 709.7827128933841];

  Deno.test(`expInPlace(), logInPlace() and tanhInPlace() of special values, ${precision}`, () => {
    const exp = applier(precision, "exp");
    assertEquals(
      [...exp([0, -0, -Infinity, Infinity, NaN, -greatest, greatest, least, -least, infinite])],
      [1, 1, 0, Infinity, NaN, 0, Infinity, 1, 1, Infinity],
    );
    assert(Number.isFinite(exp([finite])[0]!));
    assert(exp([single ? -103 : -744])[0]! > 0, "gradual underflow");
    const log = applier(precision, "log");
    assertEquals(
      [...log([1, 0, -0, -1, -least, -Infinity, Infinity, NaN])],
      [0, -Infinity, -Infinity, NaN, NaN, NaN, Infinity, NaN],
    );
    const tanh = applier(precision, "tanh");
    assertEquals(
      [...tanh([0, -0, Infinity, -Infinity, NaN, greatest, -greatest, least, -least, 30])],
      [0, -0, 1, -1, NaN, 1, -1, least, -least, 1],
    );
  });

  Deno.test(`tanhInPlace() is odd, increasing and within [-1, 1], ${precision}`, () => {
    const tanh = applier(precision, "tanh");
    const values = Float64Array.from({ length: 40001 }, (_, i) => (i - 20000) / 1000);
    const results = tanh(values);
    results.forEach((y, i) => {
      assert(Math.abs(y) <= 1);
      assertEquals(y, -results[results.length - 1 - i]!);
      // Neighbors on this grid are too far apart for rounding to change their order.
      if (i > 0 && Math.abs(values[i]!) < 5) assert(y > results[i - 1]!, `at ${values[i]}`);
    });
  });

  Deno.test(`sigmoidInPlace() keeps its error bound, ${precision}`, () => {
    // An exponential, an addition and a division: 1.25, 0.5 and 0.5 units in the last place, of which
    // the division at most doubles the first two.
    const allowed = 4 * (single ? 2 ** -23 : 2 ** -52);
    const xs = realArray(precision, 65536).map((_, i) => -80 + 160 * i / 65535);
    applier(precision, "sigmoid")(xs).forEach((y, i) => {
      const expected = 1 / (1 + Math.exp(-xs[i]!));
      assert(Math.abs(y - expected) <= allowed * expected, `σ(${xs[i]}): ${y}, not ${expected}`);
    });
  });

  Deno.test(`sigmoidInPlace() of special values, ${precision}`, () => {
    assertEquals(
      [...applier(precision, "sigmoid")([0, -0, Infinity, -Infinity, NaN, 1e30, -1e30])],
      [0.5, 0.5, 1, 0, NaN, 1, 0],
    );
  });
}
