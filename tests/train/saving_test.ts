/** What can be trained can be saved and read, at the limits of the checkpoint format. */
import { assertEquals, assertThrows } from "@std/assert";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/checkpoint.ts";
import { InputError } from "../../src/errors.ts";
import { type ConfigInput, resolveConfig } from "../../src/model/resolve_config.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { Trainer } from "../../src/train/trainer.ts";

/** The smallest network has the fewest weights for each character. */
const smallest = { cell: "rnn", hidden: 1, seqLength: 4, batchSize: 1, valFraction: 0 } as const;

/** Distinct characters of four bytes in UTF-8. */
function astral(count: number): string {
  return Array.from({ length: count }, (_, i) => String.fromCodePoint(0x20000 + i)).join("");
}

/** The first characters, those that JSON escapes to six, among others. */
const escaped = Array.from({ length: 300 }, (_, i) => String.fromCodePoint(i)).join("");

async function saveAndRead(text: string, input: ConfigInput, name?: string): Promise<void> {
  const corpus = corpusFromText(text, name);
  using trainer = Trainer.create(corpus, resolveConfig(input));
  trainer.step();
  const checkpoint = trainer.checkpoint();
  const read = await decodeCheckpoint(await encodeCheckpoint(checkpoint));
  assertEquals(read.vocabulary.size, corpus.vocabulary.size);
  assertEquals(read.progress, checkpoint.progress);
  assertEquals(read.corpus, checkpoint.corpus);
}

Deno.test("encodeCheckpoint() holds every vocabulary, with the fewest weights", async () => {
  for (const size of [5_000, 10_000, 20_000, 60_000, 180_000]) {
    await saveAndRead(escaped + astral(size), { ...smallest, optimizer: "sgd" });
  }
});

Deno.test("encodeCheckpoint() holds the most tensors, and the longest path", async () => {
  const path = "\u0001".repeat(4096);
  for (const cell of ["gru", "lstm"] as const) {
    const most = { cell, layers: 16, optimizer: "adamw", weightAverage: 0.1 } as const;
    await saveAndRead(escaped + astral(20_000), { ...smallest, ...most }, path);
    await saveAndRead("ab".repeat(20), { ...smallest, ...most }, path);
  }
});

Deno.test("Trainer.create() refuses a name of the text that no checkpoint could hold", () => {
  const corpus = corpusFromText("ab".repeat(20), "x".repeat(2 ** 16));
  const create = () => Trainer.create(corpus, resolveConfig(smallest));
  assertThrows(create, InputError, "use a shorter name");
});
