/** Which streams are reset before a step, and what a reset changes. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { readCorpus } from "../../src/files/read_corpus.ts";
import { resolveConfig } from "../../src/model/resolve_config.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { resetStreams, streamsAtTexts, streamsToReset } from "../../src/train/state_resets.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { testInFolder } from "../folders.ts";

Deno.test("streamsToReset() resets each stream once in resetEvery steps, spread evenly", () => {
  const sizes = fc.record({
    batchSize: fc.integer({ min: 1, max: 40 }),
    resetEvery: fc.integer({ min: 1, max: 40 }),
  });
  fc.assert(fc.property(sizes, fc.nat(1000), (config, start) => {
    const { batchSize, resetEvery } = config;
    const perStep = Array.from({ length: resetEvery }, (_, i) => streamsToReset(start + i, config));
    assertEquals(perStep.flat().toSorted((a, b) => a - b), [...Array(batchSize).keys()]);
    assert(perStep.every(({ length }) => length <= Math.ceil(batchSize / resetEvery)));
  }));
  assertEquals(streamsToReset(0, { batchSize: 3, resetEvery: 0 }), []);
});

Deno.test("resetStreams() sets the rows of the streams to zero in every layer", () => {
  const state = Float32Array.from({ length: 12 }, (_, i) => i + 1);
  resetStreams(state, [0, 2], { batchSize: 3, hidden: 2 });
  assertEquals([...state], [0, 0, 3, 4, 0, 0, 0, 0, 9, 10, 0, 0]);
});

Deno.test("streamsAtTexts() resets each stream once for each text, at the nearest batch", () => {
  const sizes = fc.record({
    starts: fc.constantFrom([0, 300, 600], [0]),
    seqLength: fc.integer({ min: 1, max: 40 }),
    text: fc.integer({ min: 1, max: 899 }),
  });
  fc.assert(fc.property(sizes, ({ starts, seqLength, text }) => {
    const texts = [{ start: 0 }, { start: text }];
    const length = 900 / starts.length;
    const found: number[] = [];
    for (let position = 0; position < length; position += seqLength) {
      for (const stream of streamsAtTexts(texts, { starts, position, seqLength })) {
        found.push(starts[stream]! + position - text);
      }
    }
    // None where the stream starts there, as all streams are reset, or only ends before that batch.
    assert(found.length <= 2);
    for (const distance of found) assert(Math.abs(distance) <= seqLength / 2, String(distance));
    const stream = starts.findLastIndex((start) => start < text);
    const end = Math.min(starts[stream]! + length, 900);
    assert(found.length >= 1 || text + seqLength / 2 >= end);
  }));
  assertEquals(streamsAtTexts([{ start: 0 }], { starts: [0], position: 0, seqLength: 5 }), []);
});

testInFolder("Trainer resets the hidden state where a text begins", async (folder) => {
  Deno.writeTextFileSync(`${folder}/a.txt`, "abcd".repeat(25));
  Deno.writeTextFileSync(`${folder}/b.txt`, "dcba".repeat(25));
  const paths = [`${folder}/a.txt`, `${folder}/b.txt`];
  using joined = await readCorpus(paths, { separator: "" });
  const config = resolveConfig({ hidden: 4, batchSize: 1, seqLength: 10, valFraction: 0.25 });
  using trainer = Trainer.create(joined, config);
  assertEquals(trainer.split.validation, [[150, 200]]);
  using whole = Trainer.create(corpusFromText("abcd".repeat(25) + "dcba".repeat(25)), config);
  for (let step = 1; step <= 10; step++) assertEquals(trainer.step(), whole.step());
  assert(trainer.step() !== whole.step());
  // What is undone includes the reset.
  using again = Trainer.create(joined, config);
  for (let step = 1; step <= 10; step++) again.step();
  again.checkNextStep();
  using same = Trainer.create(joined, config);
  for (let step = 1; step <= 11; step++) same.step();
  again.step();
  assertEquals(again.checkpoint().parameters, same.checkpoint().parameters);
});
