import { assertEquals } from "@std/assert";
import {
  compareWithUnroll,
  comparisonToJson,
  formatComparison,
  hasComparableLoss,
  speedupsOf,
} from "../../../bench/comparisons/comparison.ts";
import { resolveConfig } from "../../../src/model/resolve_config.ts";
import type { ProgramResult } from "../../../bench/comparisons/measure.ts";

const config = resolveConfig({ hidden: 8, seqLength: 5, batchSize: 2 });
const network = { name: "small", config };
const result = (name: string, loss: number, speeds: number[]): ProgramResult => ({
  ...{ name, isUnroll: name.startsWith("unroll"), version: "1", speeds },
  warmup: { chars: 100, seconds: 1, loss },
});
const programs = compareWithUnroll(
  [
    result("unroll, 1 thread", 3, [100, 110, 90]),
    result("slower", 3.05, [50, 50, 30]),
    result("faster", 3.4, [200]),
  ],
  (chars) => chars === 100 ? 3 : NaN,
);

Deno.test("speedupsOf() divides round by round, or by the only round", () => {
  assertEquals(speedupsOf([10, 20, 30], [5, 5, 10]), [2, 4, 3]);
  assertEquals(speedupsOf([10, 20], [4]), [2.5, 5]);
});

Deno.test("compareWithUnroll() summarizes the speedups over each program", () => {
  assertEquals(programs.map(({ speedups }) => speedups), [
    [{ median: 1, minimum: 1, maximum: 1 }],
    [{ median: 2.2, minimum: 2, maximum: 3 }],
    [{ median: 0.5, minimum: 0.45, maximum: 0.55 }],
  ]);
});

Deno.test("hasComparableLoss() allows a difference of a fiftieth", () => {
  assertEquals(programs.map(hasComparableLoss), [true, true, false]);
});

Deno.test("formatComparison() marks programs that were measured once or whose losses differ", () => {
  const rows = formatComparison({ network, programs }).split("\n")
    .map((row) => row.trim().split(/ {2,}/));
  assertEquals(rows[0], [
    ...["small: RNN, H 8, T 5, B 2, adagrad", "chars/s", "speedup (1 thread)", "min", "max"],
    ...["loss", "unroll's loss", "chars"],
  ]);
  assertEquals(rows[1], ["unroll, 1 thread", "100", "3.000", "3.000", "100"]);
  assertEquals(rows[2], ["slower", "50", "2.20", "2.00", "3.00", "3.050", "3.000", "100"]);
  assertEquals(rows[3]!.at(-1), "measured once, losses differ");
});

Deno.test("comparisonToJson() has the speedups by unroll's threads, and both losses", () => {
  const json = JSON.parse(JSON.stringify(comparisonToJson({ network, programs })));
  assertEquals(json.programs[1].speedup_of["unroll, 1 thread"].median, 2.2);
  assertEquals(json.programs[1].loss, { chars: 100, program: 3.05, unroll: 3 });
});
