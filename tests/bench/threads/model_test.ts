import { assert, assertEquals } from "@std/assert";
import { estimateStep, modelTable, streamGrid, totalOf } from "../../../bench/threads/model.ts";
import { networks } from "../../../bench/threads/networks.ts";

/**
 * The copies of the gradients, and measured speeds over that of one thread, on 16 cores, with 2, 4 and 8
 * threads, of a version whose threads shared streams alone, and rows of copies.
 */
const measured = [
  [{ cell: "gru", layers: 1, hidden: 192, batchSize: 16 }, 2, [1.8, 3.5, 5.1]],
  [{ cell: "gru", layers: 2, hidden: 256, batchSize: 12 }, 1, [1.9, 3.2, 5.0]],
  [{ cell: "gru", layers: 2, hidden: 256, batchSize: 64 }, 3, [2.2, 3.9, 7.0]],
  [{ cell: "lstm", layers: 2, hidden: 512, batchSize: 64 }, 1, [1.9, 3.7, 6.8]],
] as const;

Deno.test("estimateStep() agrees with measurements on 16 cores", () => {
  for (const [size, copies, speeds] of measured) {
    const network = { ...size, inputs: 65, outputs: 65, seqLength: 50 };
    const one = totalOf(estimateStep(network, 1));
    for (const [i, threads] of [2, 4, 8].entries()) {
      const division = { ...streamGrid(network, threads), copies };
      const ratio = one / totalOf(estimateStep(network, threads, division)) / speeds[i]!;
      assert(Math.abs(ratio - 1) < 0.15, `${JSON.stringify(size)}, ${threads} threads: ${ratio}`);
    }
  }
});

Deno.test("estimateStep() counts neither barriers nor traffic for one thread", () => {
  for (const network of networks) {
    const { barriers, traffic } = estimateStep(network, 1);
    assertEquals([barriers, traffic], [0, 0]);
  }
});

Deno.test("modelTable() has rows of the same columns", () => {
  const lines = modelTable().split("\n");
  assertEquals(new Set(lines.map((line) => line.trim().split(/ {2,}/).length)).size, 1);
});
