import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { cosPi, exp, log, power } from "../src/math.ts";

/** The difference of two numbers of one sign, in units in the last place. */
function unitsBetween(a: number, b: number): number {
  const [first, second] = new BigInt64Array(new Float64Array([a, b]).buffer);
  return Math.abs(Number(first! - second!));
}

Deno.test("exp() and log() differ from Math by at most a unit in the last place", () => {
  const options = { noNaN: true, noDefaultInfinity: true };
  fc.assert(
    fc.property(fc.double({ min: -745, max: 709.7, ...options }), (x) => {
      assert(unitsBetween(exp(x), Math.exp(x)) <= 1, `exp(${x})`);
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.double({ min: 5e-324, ...options }), (x) => {
      assert(unitsBetween(log(x), Math.log(x)) <= 1, `log(${x})`);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("exp() and log() have the special values of IEEE 754", () => {
  assertEquals([0, -0, -Infinity, Infinity, NaN, 1000, -1000].map(exp), [
    1,
    1,
    0,
    Infinity,
    NaN,
    Infinity,
    0,
  ]);
  assertEquals([1, 0, Infinity, -1, NaN].map(log), [0, -Infinity, Infinity, NaN, NaN]);
});

Deno.test("cosPi() is symmetric and near Math.cos()", () => {
  assertEquals([0, 0.5, 1].map(cosPi), [1, 0, -1]);
  fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (x) => {
    assertAlmostEquals(cosPi(x), Math.cos(Math.PI * x), 1e-15);
    // 1 − x is exact in this range only.
    if (x >= 0.5) assertEquals(cosPi(1 - x), -cosPi(x));
  }));
});

Deno.test("power() is near the operator, and exact for powers of two", () => {
  assertEquals([power(0.5, 3), power(2, 10), power(0.9, 0), power(3, 1)], [0.125, 1024, 1, 3]);
  fc.assert(
    fc.property(fc.double({ min: 0.5, max: 1, noNaN: true }), fc.nat(5000), (base, exponent) => {
      assertAlmostEquals(power(base, exponent), base ** exponent, 1e-13);
      assertAlmostEquals(power(base, exponent / 7), base ** (exponent / 7), 1e-13);
    }),
  );
});

const withoutFiles = Deno.permissions.querySync({ name: "read" }).state !== "granted";

/** Rooms whose results have the same bits in every runtime. */
const rooms = ["model", "train", "engine", "evaluate", "generate", "checkpoint", "text"];

function sourcesBelow(folder: URL): URL[] {
  return Array.from(
    Deno.readDirSync(folder),
    ({ name, isDirectory }) =>
      isDirectory
        ? sourcesBelow(new URL(`${name}/`, folder))
        : name.endsWith(".ts")
        ? [new URL(name, folder)]
        : [],
  ).flat();
}

Deno.test({
  name: "nothing is computed with functions whose last bits differ (needs --allow-read)",
  ignore: withoutFiles,
  fn() {
    const differing =
      /Math\.(exp|log|cos|sin|tan|pow|hypot|cbrt|log2|log10|expm1|log1p|tanh|sinh|cosh|a\w+)\(/;
    const isComment = /^\s*(\*|\/\/|\/\*)/;
    const found = rooms.flatMap((room) => sourcesBelow(new URL(`../src/${room}/`, import.meta.url)))
      .flatMap((file) =>
        Deno.readTextFileSync(file).split("\n")
          .filter((line) => !isComment.test(line))
          .filter((line) => differing.test(line.replaceAll("Math.abs(", "")))
          .map((line) => `${file.pathname}: ${line.trim()}`)
      )
      // Pages show a few digits.
      .filter((line) => !line.includes("score_html"));
    assertEquals(found, []);
  },
});
