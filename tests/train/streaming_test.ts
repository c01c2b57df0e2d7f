/** Training on a text that stays in its file. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { evaluate } from "../../src/evaluate/evaluate.ts";
import type { Checkpoint } from "../../src/model/checkpoint.ts";
import { corpusFromText, readCorpus } from "../../src/text/corpus.ts";
import { train } from "../../src/train/train.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { fileTest } from "../text/files.ts";

const text = "Wir sind durch Not und Freude gegangen Hand in Hand; – 🌳 vom Wandern ruhen wir.\r\n";
const config = { hidden: 6, seq: 7, batch: 3, val: 0.2 };

fileTest("a streamed text gives the weights and losses of one in memory", async (path) => {
  const long = text.repeat(40);
  await Deno.writeTextFile(path, long);
  using streamed = await readCorpus(path, { heldBytes: 0 });
  const held = corpusFromText(long, path);
  const [one, other] = await Promise.all(
    [streamed, held].map((corpus) => train(corpus, { config, epochs: 2.5 })),
  );
  const { elapsedSeconds: _, ...progress } = one!.progress;
  const { elapsedSeconds: __, ...expected } = other!.progress;
  assertEquals({ ...one, progress }, { ...other, progress: expected });
  assertEquals(evaluate(one!, streamed), evaluate(one!, held));
});

// Longer than the windows of its streams: it is read again and again.
const paragraphs = text.repeat(6000);

fileTest(
  "a text that changes stops training between two steps, and keeps the work",
  async (path) => {
    await Deno.writeTextFile(path, paragraphs);
    using corpus = await readCorpus(path, { heldBytes: 0 });
    const trainer = new Trainer(corpus, { ...config, val: 0, batch: 1, seq: 100 });
    const reference = new Trainer(corpusFromText(paragraphs, path), trainer.config);
    trainer.step();
    Deno.truncateSync(path, 1000);
    const error = assertThrows(() => {
      while (true) trainer.step();
    }, InputError);
    assertEquals(
      error.message,
      `Cannot read the text ${
        JSON.stringify(path)
      }: the file changed while it was read, from ${corpus.bytes} bytes to 1000; ` +
        "it must stay as it is as long as it is used",
    );
    assertThrows(() => trainer.step(), InputError, "the file changed");
    // All that was trained is there, as if the limit of steps had been reached.
    assert(trainer.steps > 1000);
    while (reference.steps < trainer.steps) reference.step();
    assertEquals(trainer.checkpoint(), reference.checkpoint());
  },
);

fileTest(
  "a run whose text changes ends with that error, its checkpoints as they were",
  async (path) => {
    await Deno.writeTextFile(path, paragraphs);
    using corpus = await readCorpus(path, { heldBytes: 0 });
    const kept: Checkpoint[] = [];
    await assertRejects(
      () =>
        train(corpus, {
          config: { ...config, val: 0.001 },
          epochs: 3,
          reportEvery: 1000,
          onReport: ({ step }) => {
            if (step === 1000) Deno.writeTextFileSync(path, "x", { append: true });
          },
          onCheckpoint: (checkpoint) => void kept.push(checkpoint),
        }),
      InputError,
      "the file changed while it was read",
    );
    assert(kept.length > 0 && kept.every(({ progress }) => progress.step <= 1000));
  },
);
