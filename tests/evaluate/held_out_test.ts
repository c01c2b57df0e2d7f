import { assert, assertEquals } from "@std/assert";
import { compareHeldOut } from "../../src/evaluate/held_out.ts";
import { resolveConfig } from "../../src/model/resolve_config.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { splitCorpus } from "../../src/text/split.ts";

const random = new Xoshiro128(1);
const pick = (words: readonly string[]) => words[Math.floor(random.uniform() * words.length)]!;
const texts = (words: readonly string[], count: number) =>
  Array.from({ length: count }, () => pick(words)).join(" ");
const prose = "the fox and a dog ran over old bridges while green rivers sang of summer".split(" ");
const entries = Array.from({ length: 90 }, (_, i) => `${i}.12.2024 #${i * 37 % 100}: OK\n`);

async function compare(text: string, pieces = 1) {
  const corpus = corpusFromText(text);
  return await compareHeldOut(corpus, splitCorpus(corpus.length, { ...resolveConfig(), pieces }));
}

Deno.test("compareHeldOut() finds an end that differs from the rest, harder or easier", async () => {
  const changing = [
    texts(prose, 12_000) + texts(entries, 200),
    texts(entries, 4000) + texts(prose, 900),
    texts(prose, 12_000) + "= ".repeat(2000),
  ];
  for (const text of changing) assertEquals((await compare(text))!.differs, true);
});

Deno.test("compareHeldOut() finds no difference in a text of one kind, or of mixed kinds", async () => {
  const mixed = Array.from({ length: 40 }, () => texts(prose, 300) + texts(entries, 60)).join("");
  for (const text of [texts(prose, 3000), texts(prose, 20_000), texts(entries, 3000), mixed]) {
    const { differs, training, validation } = (await compare(text))!;
    assert(!differs, `${training} and ${validation}`);
  }
});

Deno.test("compareHeldOut() says nothing of a short part, of streams, and after an abort", async () => {
  assertEquals(await compare(texts(prose, 500)), null);
  assertEquals(await compare(texts(prose, 9000), 4), null);
  const corpus = corpusFromText(texts(prose, 9000));
  const split = splitCorpus(corpus.length, resolveConfig());
  assertEquals(await compareHeldOut(corpus, split, AbortSignal.abort()), null);
});
