import { assert, assertEquals } from "@std/assert";
import type { ProgramResult } from "../../../bench/comparisons/measure.ts";
import { compare, jsonOf, learnsTheSame, textOf } from "../../../bench/comparisons/comparison.ts";

const size = { hidden: 8, seqLength: 5, batchSize: 2 };
const outcome = (name: string, ours: boolean, loss: number, speeds: number[]): ProgramResult => ({
  ...{ name, ours, version: "1", speeds },
  first: { chars: 100, seconds: 1, loss },
});
const comparisons = compare(
  [
    outcome("unroll, 1 thread", true, 3, [100, 110, 90]),
    outcome("rival", false, 3.2, [50, 50, 30]),
    outcome("other", false, 3.4, [200]),
  ],
  (chars) => chars === 100 ? 3 : NaN,
);

Deno.test("each program is set beside unroll, round by round", () => {
  const [ours, rival, other] = comparisons;
  assertEquals(ours!.ratios, [{ median: 1, minimum: 1, maximum: 1 }]);
  assertEquals(rival!.ratios, [{ median: 2.2, minimum: 2, maximum: 3 }]);
  assertEquals(other!.ratios, [{ median: 0.5, minimum: 0.45, maximum: 0.55 }]);
});

Deno.test("losses must agree within a tenth", () => {
  assertEquals(comparisons.map(learnsTheSame), [true, true, false]);
});

Deno.test("the table names what was measured once, and losses that differ", () => {
  const rows = textOf({ size, comparisons }).split("\n").map((row) => row.trim().split(/ {2,}/));
  assertEquals(rows[0], [
    ...["H 8, T 5, B 2", "chars/s", "unroll, 1 thread ÷", "from", "to"],
    ...["loss", "unroll's", "after chars"],
  ]);
  assertEquals(rows[1], ["unroll, 1 thread", "100", "3.000", "3.000", "100"]);
  assertEquals(rows[2], ["rival", "50", "2.20", "2.00", "3.00", "3.200", "3.000", "100"]);
  assertEquals(rows[3]!.at(-1), "once, the losses differ");
});

Deno.test("the file for machines has the ratios by unroll's threads", () => {
  const { programs } = jsonOf({ size, comparisons }) as {
    programs: { name: string; unroll_over_it: Record<string, { median: number }> }[];
  };
  assertEquals(programs[1]!.unroll_over_it["unroll, 1 thread"]!.median, 2.2);
  assert(JSON.stringify(programs).includes(`"loss":{"after_chars":100,"its":3.2,"unrolls":3}`));
});
