import { assertEquals } from "@std/assert";
import { productBenchmark, trainingStepBenchmark } from "../../../bench/report/benchmarks.ts";

Deno.test("trainingStepBenchmark() counts 6·T·B·(H² + H·V) operations", () => {
  using step = trainingStepBenchmark({ hidden: 100, seqLength: 25, batchSize: 1 }, 1);
  assertEquals(step.flop, 6 * 25 * (100 * 100 + 100 * 65));
  step.run();
});

Deno.test("productBenchmark() counts 2·96·K² operations", () => {
  const product = productBenchmark(64);
  assertEquals(product.flop, 2 * 96 * 64 * 64);
  product.run();
});
