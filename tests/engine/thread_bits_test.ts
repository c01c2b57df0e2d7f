/** The bits of results do not depend on the number of threads; see thread_bits_soak.ts for more. */
import { assert } from "@std/assert";
import { recurrenceGrid } from "../../src/engine/kernels/instance.ts";
import { precisions } from "../assembly/module.ts";
import { assertSameBits } from "./thread_bits.ts";

/**
 * H, T and B: one stream, rows split by rows and by streams, and one, two and four partial sums of the
 * gradients, which three threads cannot share evenly; more than a packed block of 256 rows.
 */
const shapes = [[7, 5, 1], [33, 4, 13], [12, 6, 24], [16, 7, 37], [9, 2, 1100]] as const;

for (const precision of precisions) {
  Deno.test(`Engine computes the same bits with 1, 2 and 3 threads, ${precision}`, () => {
    for (const [hidden, seqLength, batchSize] of shapes) {
      assertSameBits({ precision, hidden, seqLength, batchSize }, [2, 3]);
    }
  });
}

Deno.test("Engine computes the same bits from vectors with 1 and 3 threads", () => {
  for (const [hidden, seqLength, batchSize] of shapes) {
    const dense = { denseInputs: true, denseTargets: true };
    assertSameBits({ precision: "f32", hidden, seqLength, batchSize, ...dense }, [3]);
  }
});

for (const cell of ["rnn", "gru", "lstm"] as const) {
  Deno.test(`Engine computes the same bits with layers, dropout and threads, ${cell}`, () => {
    for (const [precision, batchSize] of [["f32", 3], ["f64", 50]] as const) {
      const sizes = { cell, layers: 3, hidden: 10, seqLength: 4, batchSize, dropout: true };
      assertSameBits({ precision, ...sizes }, [2, 3]);
    }
  });
}

for (const [cell, hidden] of [["rnn", 257], ["gru", 149], ["lstm", 131]] as const) {
  Deno.test(`Engine computes the same bits with shared units of a single stream, ${cell}`, () => {
    // Padded to 260, 152 and 132 units: numbers of vectors that 3 and 4 threads cannot share evenly.
    const sizes = { cell, hidden, layers: 2, seqLength: 4, batchSize: 1, dropout: true };
    assertSameBits({ precision: "f32", ...sizes }, [2, 3, 4]);
    assertSameBits({ precision: "f64", ...sizes }, [3]);
  });
}

// Teams of several sizes, some with idle threads; H is no multiple of a cache line, and 300 more than a
// packed block is deep.
for (
  const [cell, hidden, batchSize] of [
    ["rnn", 300, 3],
    ["gru", 100, 6],
    ["gru", 300, 2],
    ["lstm", 100, 5],
  ] as const
) {
  Deno.test(`Engine computes the same bits with units shared in teams, ${cell}, H ${hidden}`, () => {
    for (const [precision, threadCounts] of [["f32", [5, 8, 16]], ["f64", [12]]] as const) {
      const sizes = { precision, cell, hidden };
      for (const workers of threadCounts) {
        const grid = recurrenceGrid({ ...sizes, streams: batchSize, workers });
        assert(grid.members > 1 || workers === 5, `${workers} threads share streams alone`);
      }
      const layers = hidden > 256 ? 1 : 2;
      const dense = cell === "lstm";
      assertSameBits({
        ...{ ...sizes, layers, seqLength: 3, batchSize, dropout: layers > 1 },
        ...{ denseInputs: dense, denseTargets: dense },
      }, threadCounts);
    }
  });
}

Deno.test("Engine computes the same bits with a branch of the partial sums for each thread", () => {
  const sizes = { precision: "f32", cell: "gru", hidden: 12, seqLength: 2 } as const;
  // 16 partial sums: 5 and 8 branches of two each, and 16; some threads share a branch.
  assertSameBits({ ...sizes, layers: 2, batchSize: 200 }, [5, 8, 16]);
  // 8 partial sums, and space for two branches of 4 each.
  assertSameBits({ ...sizes, cell: "lstm", hidden: 512, batchSize: 96 }, [8]);
});
