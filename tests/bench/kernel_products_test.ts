import {
  type Product,
  product,
  transposedProduct,
  vectorProduct,
} from "../../bench/kernel_products.ts";
import { multiply, multiplyTransposed } from "../../bench/scalar_rnn.ts";
import { verify } from "../../bench/verify.ts";

Deno.test("the products that are timed are products", () => {
  const [rows, depth, columns] = [13, 20, 12];
  const check = ({ a, b, c, run }: Product, scalar: typeof multiply, rows: number) => {
    const wanted = new Float64Array(c.length);
    scalar(wanted, Float64Array.from(a), Float64Array.from(b), rows, depth, columns);
    run();
    verify(scalar.name, c, wanted, 1e-6);
  };
  check(product({ rows, depth, columns }), multiply, rows);
  check(transposedProduct({ rows, depth, columns }), multiplyTransposed, rows);
  check(vectorProduct({ depth, columns }), multiply, 1);
});
