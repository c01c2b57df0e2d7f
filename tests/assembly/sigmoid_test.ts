/** The logistic function of the gates, against plain float64, from one end of its range to the other. */
import { assert, assertEquals } from "@std/assert";
import { instantiate } from "../../src/engine/kernels/instance.ts";
import { realArray } from "../../src/model/parameters.ts";

for (const precision of ["f32", "f32-strict", "f64"] as const) {
  const { kernels, memory } = instantiate(precision, {
    ...{ inputs: 1, hidden: 1024, outputs: 1, seqLength: 1, batchSize: 1 },
    ...{ denseInputs: false, denseTargets: false, training: false },
  });
  const { buffer } = memory;
  const numbers = precision === "f64"
    ? new Float64Array(buffer, kernels.hiddenStates(0), 1024)
    : new Float32Array(buffer, kernels.hiddenStates(0), 1024);
  const sigmoid = (xs: ArrayLike<number>) => {
    numbers.fill(0).set(xs);
    kernels.sigmoidInPlace(kernels.hiddenStates(0), 1024);
    return Array.from(numbers.subarray(0, xs.length));
  };

  Deno.test(`${precision}: sigmoid keeps its digits at both ends`, () => {
    // An exponential, an addition and a division: 1.25, 0.5 and 0.5 units in the last place, the
    // first two doubled at most by what the division makes of them.
    const allowed = 4 * (precision === "f64" ? 2 ** -52 : 2 ** -23);
    for (let block = 0; block < 64; block++) {
      const xs = realArray(precision, 1024).map((_, i) => -80 + 160 * (block * 1024 + i) / 65535);
      sigmoid(xs).forEach((y, i) => {
        const wanted = 1 / (1 + Math.exp(-xs[i]!));
        assert(Math.abs(y - wanted) <= allowed * wanted, `σ(${xs[i]}) is ${y}, not ${wanted}`);
      });
    }
  });

  Deno.test(`${precision}: sigmoid of what is no ordinary number`, () => {
    assertEquals(sigmoid([0, -0, Infinity, -Infinity, NaN, 1e30, -1e30]), [
      ...[0.5, 0.5, 1, 0, NaN, 1, 0],
    ]);
  });
}
