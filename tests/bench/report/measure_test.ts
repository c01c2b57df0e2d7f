import { assert, assertEquals } from "@std/assert";
import { measure } from "../../../bench/report/measure.ts";
import { productBenchmark, trainingStepBenchmark } from "../../../bench/report/benchmarks.ts";

Deno.test("all subjects run in every round, and once to warm up", () => {
  const log: string[] = [];
  const subject = (name: string, flop: number) => ({
    ...{ threads: 1, flop },
    run: () => {
      if (log.at(-1) !== name) log.push(name);
      for (const end = performance.now() + 0.1; performance.now() < end;);
    },
  });
  const { subjects, peaks } = measure(
    [subject("a", 2e6), subject("b", 4e6)],
    { rounds: 3, seconds: 0.001 },
    (round) => log.push(String(round)),
  );
  assertEquals(log.join(" "), "0 a b 1 a b 2 a b 3 a b");
  assertEquals([...peaks.keys()], [1]);
  for (const [i, flop] of [2e6, 4e6].entries()) {
    const { milliseconds, gflops, share } = subjects[i]!;
    assert(milliseconds.minimum >= 0.1);
    close(gflops.maximum, flop / milliseconds.minimum / 1e6);
    close(gflops.minimum, flop / milliseconds.maximum / 1e6);
    assert(share.maximum >= gflops.minimum / peaks.get(1)!.maximum);
  }
});

Deno.test("useful operations: 6·T·B·(H² + H·V) of a step, 2·96·K² of a product", () => {
  const step = trainingStepBenchmark({ hidden: 100, seqLength: 25, batchSize: 1 }, 1);
  assertEquals(step.flop, 6 * 25 * (100 * 100 + 100 * 65));
  step.run();
  step.close();
  const product = productBenchmark(64);
  assertEquals(product.flop, 2 * 96 * 64 * 64);
  product.run();
});

function close(actual: number, wanted: number): void {
  assert(Math.abs(actual / wanted - 1) < 1e-9, `${actual}, not ${wanted}`);
}
