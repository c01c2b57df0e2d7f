import { assertEquals } from "@std/assert";
import { argmax, logSoftmax } from "../../src/model/logits.ts";
import {
  elementCount,
  parameterCount,
  parameterShapes,
  parseParameterName,
  realArray,
  zeroParameters,
} from "../../src/model/parameters.ts";

Deno.test("parameterShapes() has the weights first, then the biases, from the first layer up", () => {
  const sizes = { cell: "gru", layers: 2, inputs: 5, hidden: 4, outputs: 6 } as const;
  assertEquals(Object.entries(parameterShapes(sizes)), [
    ["Wxh", [12, 5]],
    ["Whh", [12, 4]],
    ["Wxh_l1", [12, 4]],
    ["Whh_l1", [12, 4]],
    ["Why", [6, 4]],
    ["bh", [12]],
    ["bhn", [4]],
    ["bh_l1", [12]],
    ["bhn_l1", [4]],
    ["by", [6]],
  ]);
  assertEquals(parameterCount(sizes), 12 * 5 + 3 * 12 * 4 + 6 * 4 + 2 * (12 + 4) + 6);
});

Deno.test("zeroParameters() has arrays of the precision and lengths of the shapes", () => {
  const { Wxh, by, ...others } = zeroParameters({ inputs: 3, hidden: 2, outputs: 4 }, "f64");
  assertEquals([Wxh, by], [new Float64Array(6), new Float64Array(4)]);
  assertEquals(Object.keys(others), ["Whh", "Why", "bh"]);
  for (const precision of ["f32", "f32-strict"] as const) {
    assertEquals(realArray(precision, 2), new Float32Array(2));
  }
});

Deno.test("parseParameterName() splits a name into kind and layer", () => {
  assertEquals(parseParameterName("Wxh"), { kind: "Wxh", layer: 0 });
  assertEquals(parseParameterName("bhn_l12"), { kind: "bhn", layer: 12 });
  assertEquals(parseParameterName("Why"), { kind: "Why", layer: 0 });
});

Deno.test("elementCount() is NaN for shapes that cannot be counted exactly", () => {
  assertEquals([[], [3], [2, 3], [0, 5]].map(elementCount), [1, 3, 6, 0]);
  const wrong = [[-1], [1.5], [2 ** 53], [2 ** 32, 2 ** 32], [2 ** 52, 4, 0], [94906267, 94906267]];
  assertEquals(wrong.map(elementCount), wrong.map(() => NaN));
});

Deno.test("argmax() takes the first of equal logits", () => {
  assertEquals(argmax(new Float32Array([1, 3, 3, 2])), 1);
  assertEquals(argmax(new Float64Array([-Infinity])), 0);
});

Deno.test("logSoftmax() does not overflow, and its probabilities sum to 1", () => {
  const logs = logSoftmax(new Float64Array([1000, 1000, -Infinity]));
  assertEquals([...logs], [-Math.LN2, -Math.LN2, -Infinity]);
  const sum = logSoftmax(new Float32Array([0.5, -2, 3])).reduce((sum, y) => sum + Math.exp(y), 0);
  assertEquals(Math.abs(sum - 1) < 1e-15, true);
});
