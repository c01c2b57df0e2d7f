import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { measure } from "../../../bench/report/measure.ts";

Deno.test("measure() runs every benchmark in each round, after a round to warm up", () => {
  const log: string[] = [];
  const benchmark = (name: string, flop: number) => ({
    threads: 1,
    flop,
    run() {
      if (log.at(-1) !== name) log.push(name);
      for (const end = performance.now() + 0.1; performance.now() < end;);
    },
  });
  const { benchmarks, peaks } = measure([benchmark("a", 2e6), benchmark("b", 4e6)], {
    rounds: 3,
    seconds: 0.001,
    onRound: (round) => log.push(String(round)),
  });
  assertEquals(log.join(" "), "0 a b 1 a b 2 a b 3 a b");
  assertEquals([...peaks.keys()], [1]);
  for (const [i, flop] of [2e6, 4e6].entries()) {
    const { milliseconds, gflops, shareOfPeak } = benchmarks[i]!;
    assert(milliseconds.minimum >= 0.1);
    assertAlmostEquals(gflops.maximum * milliseconds.minimum * 1e6 / flop, 1, 1e-9);
    assertAlmostEquals(gflops.minimum * milliseconds.maximum * 1e6 / flop, 1, 1e-9);
    assert(shareOfPeak.maximum >= gflops.minimum / peaks.get(1)!.maximum);
  }
});
