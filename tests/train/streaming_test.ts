/** Training on a text that is read from its file while training. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { TextError } from "../../src/errors.ts";
import { evaluate } from "../../src/evaluate/evaluate.ts";
import type { Checkpoint } from "../../src/checkpoint/checkpoint.ts";
import { resolveConfig } from "../../src/model/resolve_config.ts";
import { readCorpus } from "../../src/files/read_corpus.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { createTrainer, trainLatest } from "../trainers.ts";
import { testWithFile } from "../folders.ts";

const text = "Wir sind durch Not und Freude gegangen Hand in Hand; – 🌳 vom Wandern ruhen wir.\r\n";
const config = resolveConfig({ hidden: 6, seqLength: 7, batchSize: 3, valFraction: 0.2 });

testWithFile("train() gives the same bits for a text in a file and in memory", async (path) => {
  const long = text.repeat(40);
  await Deno.writeTextFile(path, long);
  using streamed = await readCorpus(path, { maxBytesInMemory: 0 });
  const held = corpusFromText(long, path);
  const [one, other] = await Promise.all(
    [streamed, held].map((corpus) => trainLatest(corpus, { config, epochs: 2.5 })),
  );
  const { elapsedSeconds: _, ...progress } = one!.progress;
  const { elapsedSeconds: __, ...expected } = other!.progress;
  assertEquals({ ...one, progress }, { ...other, progress: expected });
  assertEquals(await evaluate(one!, streamed), await evaluate(one!, held));
});

// Longer than the windows of its streams, so that the file is read again and again.
const paragraphs = text.repeat(6000);

testWithFile(
  "Trainer.step() throws between two steps if the text's file changes",
  async (path) => {
    await Deno.writeTextFile(path, paragraphs);
    using corpus = await readCorpus(path, { maxBytesInMemory: 0 });
    using trainer = createTrainer(corpus, {
      ...config,
      valFraction: 0,
      batchSize: 1,
      seqLength: 100,
    });
    using reference = createTrainer(corpusFromText(paragraphs, path), trainer.config);
    trainer.step();
    Deno.truncateSync(path, 1000);
    const error = assertThrows(() => {
      while (true) trainer.step();
    }, TextError);
    for (const part of [JSON.stringify(path), `from ${corpus.bytes} bytes to 1000`]) {
      assert(error.message.includes(part), error.message);
    }
    assertThrows(() => trainer.step(), TextError, "the file changed");
    // The state is that after the last complete step.
    assert(trainer.steps > 1000);
    while (reference.steps < trainer.steps) reference.step();
    assertEquals(trainer.checkpoint(), reference.checkpoint());
  },
);

testWithFile(
  "train() saves the last state and throws if the text's file changes",
  async (path) => {
    await Deno.writeTextFile(path, paragraphs);
    const saved: Checkpoint[] = [];
    const options = { config: { ...config, valFraction: 0.001 }, epochs: 3, logEvery: 1000 };
    {
      using corpus = await readCorpus(path, { maxBytesInMemory: 0 });
      await assertRejects(
        () =>
          trainLatest(corpus, {
            ...options,
            onLog: ({ step }) => {
              if (step === 1000) Deno.truncateSync(path, 1000);
            },
            onCheckpoint: (checkpoint, kind) => {
              if (kind === "latest") saved.push(checkpoint);
            },
          }),
        TextError,
        "the file changed while it was read",
      );
    }
    assertEquals(saved.length, 1);
    assert(saved[0]!.progress.step >= 1000);
    // With the text as it was, the run can be resumed with the same bits.
    await Deno.writeTextFile(path, paragraphs);
    using corpus = await readCorpus(path, { maxBytesInMemory: 0 });
    const resumed = await trainLatest(corpus, { ...options, resume: saved[0]! });
    const whole = await trainLatest(corpusFromText(paragraphs, path), options);
    assertEquals(resumed.parameters, whole.parameters);
    assertEquals(resumed.progress.position, whole.progress.position);
  },
);

testWithFile("train() resumes with the same bits on a text in a file", async (path) => {
  await Deno.writeTextFile(path, paragraphs);
  using corpus = await readCorpus(path, { maxBytesInMemory: 0 });
  const options = { config: { ...config, batchSize: 2 }, logEvery: 1e9 };
  // Before and after the ends of the first windows, and in the second epoch.
  const whole = await trainLatest(corpus, { ...options, steps: 40_000 });
  using trainer = createTrainer(corpus, options.config);
  for (const steps of [5000, 18_725, 30_000]) {
    const half = await trainLatest(corpus, { ...options, steps });
    assertEquals(half.progress.position, steps % trainer.stepsPerEpoch * 7);
    const resumed = await trainLatest(corpus, { ...options, resume: half, steps: 40_000 });
    assertEquals(resumed.parameters, whole.parameters);
    assertEquals(resumed.optimizerState, whole.optimizerState);
    assertEquals(resumed.hiddenState, whole.hiddenState);
  }
});
