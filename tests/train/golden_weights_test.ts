/**
 * Hashes of trained weights: a change that alters a bit of any cell, optimizer, precision or data
 * path fails here. `f32` is left out, because its bits depend on whether the processor fuses
 * multiply and add.
 */
import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { type ConfigInput, resolveConfig } from "../../src/model/resolve_config.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { Trainer } from "../../src/train/trainer.ts";

/** A text of 30 distinct characters without a short period. */
const text = Array.from(
  { length: 6000 },
  (_, i) => "etaoin shrdlu\ncmfwypvbgkjqxz.,"[(i * i + (i * 7 >> 2)) % 31 % 30],
).join("");
const corpus = corpusFromText(text);
const STEPS = 25;

/** What every configuration below starts from; other keys are those of `baseConfig`. */
const common = {
  hidden: 20,
  seqLength: 12,
  batchSize: 24,
  lr: 0.01,
  seed: 7,
  valFraction: 0.05,
  precision: "f32-strict",
} as const;

/** Three configurations that are hashed for every cell and precision. */
const perCell: readonly ConfigInput[] = [
  { optimizer: "adagrad" },
  { batchSize: 1, init: "xavier" },
  {
    layers: 2,
    dropout: 0.3,
    optimizer: "adamw",
    weightDecay: 0.1,
    lrSchedule: "inverse-sqrt",
    warmup: 5,
    gradClipMode: "norm",
    gradClip: 0.5,
    weightAverage: 0.2,
    resetEvery: 7,
    init: "orthogonal",
  },
];

/** The first 16 hexadecimal digits of the SHA-256 of all weights, in the order of `perCell`. */
const cellHashes = {
  "f32-strict": {
    rnn: ["22668dc5b57ec38e", "a7f1d186de672e00", "2b8d65088465b04a"],
    gru: ["ccec781ea9c0d7d8", "f29d8f41b909e973", "c0a1c7cd57830ff4"],
    lstm: ["585468d1ea56a416", "1e35c47a64f2e108", "792209bcdb66286d"],
  },
  "f64": {
    rnn: ["9fc150a60704c277", "86619633a83c9b7a", "862a418ea895d933"],
    gru: ["61b12861ffb7468a", "1935b8434362c204", "66b5ea36ead81ca1"],
    lstm: ["cb80c22733cf1c5a", "f242a2e60610b5f3", "ff707bef034da533"],
  },
} as const;

/** Configurations for what `perCell` does not reach, each with its hash. */
const others: readonly (readonly [name: string, config: ConfigInput, hash: string])[] = [
  ["sgd", { optimizer: "sgd", init: "identity" }, "4f1fce64df0c0d24"],
  ["sgd with momentum", { optimizer: "sgd", momentum: 0.9, gradClip: 0 }, "da216d9aebb653eb"],
  ["rmsprop with the step schedule", {
    cell: "lstm",
    init: "uniform:0.08",
    optimizer: "rmsprop",
    lrSchedule: "step",
    lrDecay: 0.5,
    lrDecayAfter: 0.05,
    lrDecayEvery: 0.05,
  }, "f6314633e153cdd9"],
  ["adam with held-out streams", {
    cell: "gru",
    optimizer: "adam",
    init: "pytorch",
    holdout: "streams",
    testFraction: 0.05,
  }, "50ea50ad491a0662"],
  ["eight partial sums of each gradient", {
    cell: "gru",
    layers: 2,
    batchSize: 64,
    gradClipMode: "norm",
  }, "876f6b25ac438495"],
  [
    "a single stream shared by units",
    { cell: "gru", hidden: 150, batchSize: 1 },
    "519a958f219c583d",
  ],
];

function hashOfWeights(config: ConfigInput, threads: number): string {
  const complete = resolveConfig({ ...common, ...config }, { chars: corpus.length });
  using trainer = Trainer.create(corpus, complete, { threads });
  for (let step = 0; step < STEPS; step++) trainer.step();
  const hash = createHash("sha256");
  for (const { buffer, byteOffset, byteLength } of Object.values(trainer.model().parameters)) {
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex").slice(0, 16);
}

for (const [precision, cells] of Object.entries(cellHashes)) {
  for (const [cell, hashes] of Object.entries(cells)) {
    Deno.test(`Trainer.step() gives the recorded ${cell} weights in ${precision}`, () => {
      for (const threads of [1, 2]) {
        const given = perCell.map((config) => ({ ...config, cell, precision }) as ConfigInput);
        assertEquals(given.map((config) => hashOfWeights(config, threads)), [...hashes]);
      }
    });
  }
}

for (const [name, config, hash] of others) {
  Deno.test(`Trainer.step() gives the recorded weights with ${name}`, () => {
    for (const threads of [1, 2]) assertEquals(hashOfWeights(config, threads), hash);
  });
}
