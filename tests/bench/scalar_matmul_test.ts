import { assertEquals } from "@std/assert";
import { addMatmul, addMatmulNT, addMatmulTN } from "../../bench/scalar_matmul.ts";

const a = Float64Array.of(1, 2, 3, 4, 5, 6); // 2 × 3
const aTransposed = Float64Array.of(1, 4, 2, 5, 3, 6);
const b = Float64Array.of(1, 0, 2, 1, -1, 3); // 3 × 2
const bTransposed = Float64Array.of(1, 2, -1, 0, 1, 3);
const dimensions = { m: 2, k: 3, n: 2 };

for (
  const { multiply, operands } of [
    { multiply: addMatmul, operands: { a, b } },
    { multiply: addMatmulNT, operands: { a, b: bTransposed } },
    { multiply: addMatmulTN, operands: { a: aTransposed, b } },
  ]
) {
  Deno.test(`${multiply.name}() adds the product to C`, () => {
    const c = Float64Array.of(0, 0, 0, 100);
    multiply(c, { ...operands, ...dimensions });
    assertEquals([...c], [2, 11, 8, 123]);
  });
}
