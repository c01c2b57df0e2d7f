/** Steps that another thread stops change nothing. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { encodeCheckpoint } from "../../src/checkpoint/checkpoint.ts";
import { type ConfigInput, resolveConfig } from "../../src/model/resolve_config.ts";
import { Engine } from "../../src/engine/engine.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { train } from "../../src/train/train.ts";
import { StepStoppedError, Trainer } from "../../src/train/trainer.ts";

const corpus = corpusFromText(
  "It was many and many a year ago, in a kingdom by the sea. ".repeat(8),
);
const small = { hidden: 9, seqLength: 7, batchSize: 2, resetEvery: 3 } as const;
const configs: readonly ConfigInput[] = [
  small,
  { ...small, cell: "gru", layers: 2, dropout: 0.3, optimizer: "adamw", weightAverage: 0.1 },
  { ...small, cell: "lstm", batchSize: 1, hidden: 130, optimizer: "sgd", momentum: 0.9 },
];

Deno.test("Trainer.step() that is stopped changes nothing, and can be repeated", async () => {
  for (const input of configs) {
    for (const threads of [1, 2]) {
      const config = resolveConfig(input);
      using trainer = Trainer.create(corpus, config, { threads });
      using reference = Trainer.create(corpus, config, { threads });
      // Past the end of the streams, where hidden states are set to zero.
      for (let step = 0; step < 40; step++) {
        Atomics.store(trainer.stopWord, 0, 1);
        assertThrows(() => trainer.step(), StepStoppedError);
        trainer.checkNextStep();
        const bytes = await encodeCheckpoint(trainer.checkpoint());
        assertEquals(bytes, await encodeCheckpoint(reference.checkpoint()));
        Atomics.store(trainer.stopWord, 0, 0);
        assertEquals(trainer.step(), reference.step());
      }
    }
  }
});

Deno.test("Engine.stopWord makes the matrix products compute nothing", () => {
  const sizes = { inputs: 5, hidden: 40, outputs: 5, seqLength: 6, batchSize: 3 };
  using engine = new Engine({ ...sizes, precision: "f64", training: true });
  const parameters = engine.readParameters();
  for (const array of Object.values(parameters)) array.fill(0.1);
  engine.writeParameters(parameters);
  Atomics.store(engine.stopWord, 0, 1);
  engine.forward();
  // Only the biases of the head are there.
  assertEquals(new Set(engine.readOutputs()), new Set([0.1]));
  Atomics.store(engine.stopWord, 0, 0);
  engine.forward();
  assert(engine.readOutputs().every((logit) => logit !== 0.1));
});

Deno.test("train() ends when its trainer is stopped, as if its signal had aborted", async () => {
  const { latest } = await train(corpus, {
    config: small,
    steps: 1000,
    logEvery: 5,
    onStart: (trainer) => void (setTimeout(() => Atomics.store(trainer.stopWord, 0, 1), 30)),
  });
  assert(latest.progress.step < 1000);
  assertEquals(latest.progress.ended, false);
});

Deno.test("Trainer.createInSlices() gives the bits of create(), and stops at a signal", async () => {
  for (const init of ["orthogonal", "normal:0.1", "pytorch", "identity", "xavier"]) {
    const config = resolveConfig({ cell: "lstm", hidden: 30, init });
    using trainer = Trainer.create(corpus, config);
    using sliced = await Trainer.createInSlices(corpus, config);
    assertEquals(sliced.model().parameters, trainer.model().parameters);
  }
  const large = resolveConfig({ cell: "gru", hidden: 400, init: "orthogonal" });
  const signal = AbortSignal.timeout(50);
  await assertRejects(() => Trainer.createInSlices(corpus, large, { signal }), DOMException);
});
