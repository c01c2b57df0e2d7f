/** Several ranks compute the same bits as one. */
import { assertEquals } from "@std/assert";
import type { Cell } from "../../src/model/cells.ts";
import { optimizerNames, stateSlotsOf } from "../../src/model/optimizers.ts";
import { precisions } from "../../src/model/parameters.ts";
import { onRanks, testRanks } from "../ranks/ranks.ts";
import { type RankScenario, trainRanks } from "./rank_bits.ts";

const module = new URL("./rank_bits.ts", import.meta.url).href;

/** Sizes whose parameters take several blocks of the norm, and streams that no number divides. */
const sizes = { inputs: 11, hidden: 96, outputs: 13, seqLength: 5, batchSize: 35 } as const;

async function assertSameBits(scenario: RankScenario, numbers = [2, 3, 4]): Promise<void> {
  const alone = trainRanks(null, scenario);
  for (const size of numbers) {
    const [first] = await onRanks(size, { module, name: "trainRanks", args: scenario });
    assertEquals(first, alone, `${size} ranks`);
  }
}

for (const cell of ["rnn", "gru", "lstm"] as const satisfies Cell[]) {
  for (const precision of precisions) {
    testRanks(`RankEngine computes the bits of one engine: ${cell}, ${precision}`, async () => {
      await assertSameBits({
        options: { ...sizes, cell, precision, layers: 2, dropout: true, threads: 2 },
        updates: [
          { optimizer: "adagrad", lr: 0.1, gradClip: 0.2 },
          { optimizer: "adagrad", lr: 0.1, gradClip: 0.5, gradClipMode: "norm" },
        ],
        dropout: { probability: 0.3, seed: 5 },
      });
    });
  }
}

for (const optimizer of optimizerNames) {
  testRanks(`RankEngine computes the bits of one engine with ${optimizer}`, async () => {
    const momentum = optimizer === "sgd" ? 0.9 : 0;
    const stateSlots = stateSlotsOf({ optimizer, momentum }).length;
    await assertSameBits({
      options: { ...sizes, cell: "gru", precision: "f32", stateSlots, weightAverage: true },
      updates: [1, 2, 3].map((step) => ({
        ...{ optimizer, lr: 0.01, gradClip: 1, gradClipMode: "norm", weightDecay: 0.01 },
        ...{ step, momentum, weightAverage: 0.2 },
      })),
    }, [2, 4]);
  });
}

testRanks("RankEngine computes the bits of one engine with 16 partial sums", async () => {
  // Three and five ranks send sums of one, two and four partial sums each. The threads of two ranks
  // have branches of their own.
  const few = { ...sizes, hidden: 20, seqLength: 3, batchSize: 140 } as const;
  const scenario = {
    options: { ...few, precision: "f32", cell: "gru", layers: 2, threads: 2 },
    updates: [{ optimizer: "adagrad", lr: 0.1, gradClip: 1, gradClipMode: "norm" }],
  } as const;
  await assertSameBits(scenario, [2, 3, 5]);
});

testRanks(
  "RankEngine computes the bits of one engine if a rank has no streams or parameters",
  async () => {
    const updates = [{ optimizer: "adagrad", lr: 0.1, gradClip: 1, gradClipMode: "norm" }] as const;
    // Two partial sums; 16 streams.
    const few = { ...sizes, batchSize: 16, precision: "f32", cell: "lstm" } as const;
    await assertSameBits({ options: few, updates }, [3, 4]);
    // One partial sum, and one block of the norm.
    const tiny = { ...sizes, hidden: 5, batchSize: 3, precision: "f64" } as const;
    await assertSameBits({ options: tiny, updates }, [2]);
  },
);
