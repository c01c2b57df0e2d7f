import {
  type KernelProduct,
  matrixVectorProduct,
  packedProduct,
  transposedProduct,
} from "../../bench/kernel_products.ts";
import { addMatmul, addMatmulTN } from "../../bench/scalar_matmul.ts";
import { verify } from "../../bench/verify.ts";

const [rows, depth, columns] = [13, 20, 12];

for (
  const { name, product, scalar, m } of [
    { name: "packedProduct", product: packedProduct, scalar: addMatmul, m: rows },
    { name: "transposedProduct", product: transposedProduct, scalar: addMatmulTN, m: rows },
    { name: "matrixVectorProduct", product: matrixVectorProduct, scalar: addMatmul, m: 1 },
  ]
) {
  Deno.test(`${name}() equals the scalar product`, () => {
    const { a, b, c, run }: KernelProduct = product({ rows, depth, columns });
    const expected = new Float64Array(c.length);
    const operands = { a: Float64Array.from(a), b: Float64Array.from(b) };
    scalar(expected, { ...operands, m, k: depth, n: columns });
    run();
    verify(c, expected, { name, tolerance: 1e-6 });
  });
}
