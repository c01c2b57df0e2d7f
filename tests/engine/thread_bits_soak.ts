/** The bits of results do not depend on the number of threads: every case with every number. */
import { precisions } from "../assembly/module.ts";
import { assertSameBits } from "./thread_bits.ts";

const cells = ["rnn", "gru", "lstm"] as const;
const threadCounts = [2, 3, 4];

for (const precision of precisions) {
  for (const dense of [false, true]) {
    const kind = dense ? "vectors" : "ids";
    Deno.test(`Engine computes the same bits from ${kind} with 1 to 4 threads, ${precision}`, () => {
      // Fewer streams than threads; rows split by rows and by streams; one, two and four partial sums
      // of the gradients, which three threads cannot share evenly; more than a block of 256 rows.
      for (
        const [hidden, seqLength, batchSize] of [
          [7, 5, 1],
          [10, 3, 2],
          [33, 4, 13],
          [12, 6, 24],
          [16, 7, 37],
          [5, 2, 50],
          [9, 2, 1100],
        ] as const
      ) {
        const inputs = { denseInputs: dense, denseTargets: dense };
        assertSameBits({ precision, hidden, seqLength, batchSize, ...inputs }, threadCounts);
      }
    });
  }

  for (const cell of cells) {
    Deno.test(`Engine computes the same bits with layers and dropout, ${cell}, ${precision}`, () => {
      for (const batchSize of [1, 3, 20, 50]) {
        const sizes = { cell, layers: 3, hidden: 10, seqLength: 4, batchSize, dropout: true };
        assertSameBits({ precision, ...sizes }, threadCounts);
      }
    });
  }

  for (const [cell, hidden] of [["rnn", 257], ["gru", 149], ["lstm", 131]] as const) {
    Deno.test(`Engine computes the same bits with shared units, ${cell}, ${precision}`, () => {
      const sizes = { cell, hidden, layers: 2, seqLength: 4, batchSize: 1, dropout: true };
      assertSameBits({ precision, ...sizes }, threadCounts);
    });
  }
}
