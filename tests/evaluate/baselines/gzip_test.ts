import { assert, assertEquals, assertRejects } from "@std/assert";
import { gunzipSync, gzipSync } from "node:zlib";
import { TextError } from "../../../src/errors.ts";
import {
  conditionalGzipNatsPerChar,
  createStreamCounter,
  gzipNatsPerChar,
} from "../../../src/evaluate/baselines/gzip.ts";
import { Xoshiro128 } from "../../../src/random.ts";
import { corpusFromText, type ReadRangeOptions } from "../../../src/text/corpus.ts";

/** The UTF-8 of a text after `gzip` at level 9. */
function compress(text: string) {
  return gzipSync(new TextEncoder().encode(text), { level: 9 });
}

Deno.test("gzipNatsPerChar() compresses the spans as one text", async () => {
  const text = "so many sheep – 🐑 – to count. ".repeat(50);
  const corpus = corpusFromText(text);
  const characters = [...text];
  const spanned = [...characters.slice(3, 400), ...characters.slice(700, 900)].join("");
  const compressed = compress(spanned);
  assertEquals(new TextDecoder().decode(gunzipSync(compressed)), spanned);
  const nats = 8 * compressed.length * Math.LN2 / 597;
  assertEquals(await gzipNatsPerChar(corpus, [[3, 400], [700, 900]]), nats);
});

Deno.test("gzipNatsPerChar() reads in blocks, with the size of a compression at once", async () => {
  const random = new Xoshiro128(3);
  const words = ["sheep ", "🐑 ", "count ", "– ", "many\n"];
  const text = Array.from({ length: 60_000 }, () => words[random.nextUint32() % 5]).join("");
  const corpus = corpusFromText(text);
  const reads: number[] = [];
  const watched = {
    vocabulary: corpus.vocabulary,
    read(start: number, count: number, options?: ReadRangeOptions) {
      reads.push(count);
      return corpus.read(start, count, options);
    },
  };
  const nats = await gzipNatsPerChar(watched, [[0, corpus.length]]);
  assertEquals(nats, 8 * compress(text).length * Math.LN2 / corpus.length);
  assert(reads.length > 3 && reads.every((count) => count <= 65_536));
});

Deno.test("gzipNatsPerChar() rejects with the TextError of the corpus", async () => {
  const corpus = corpusFromText("abc".repeat(50_000));
  const changed = {
    vocabulary: corpus.vocabulary,
    read(start: number, count: number) {
      if (start > 0) throw new TextError("Cannot read it: it has changed");
      return corpus.read(start, count);
    },
  };
  await assertRejects(
    () => gzipNatsPerChar(changed, [[0, corpus.length]]),
    TextError,
    "it has changed",
  );
});

Deno.test("conditionalGzipNatsPerChar() is what each span adds to the 32 KiB before it", async () => {
  const random = new Xoshiro128(4);
  const words = ["sheep ", "🐑 ", "count ", "– ", "many\n"];
  const text = Array.from({ length: 20_000 }, () => words[random.nextUint32() % 5]).join("");
  const characters = [...text];
  const size = (start: number, end: number) =>
    compress(characters.slice(start, end).join("")).length;
  const bytes = size(0, 400) - size(0, 4) + size(40_001 - 32_768, 40_900) -
    size(40_001 - 32_768, 40_001);
  const nats = await conditionalGzipNatsPerChar(corpusFromText(text), [[3, 400], [40_000, 40_900]]);
  assertEquals(nats, 8 * bytes * Math.LN2 / (396 + 899));
});

Deno.test("createStreamCounter() needs about as many bytes as gzip -9, and can be canceled", async () => {
  const text = Array.from({ length: 3000 }, (_, i) => `${i} squared is ${i * i}.\n`).join("");
  const counter = createStreamCounter();
  for (let at = 0; at < text.length; at += 10_000) {
    await counter.write(new TextEncoder().encode(text.slice(at, at + 10_000)));
  }
  const ratio = await counter.close() / compress(text).length;
  assert(Math.abs(ratio - 1) < 0.03, `${ratio}`);
  const canceled = createStreamCounter();
  await canceled.write(new Uint8Array(10));
  canceled.cancel();
});

Deno.test("conditionalGzipNatsPerChar() compresses the context of many spans only once", async () => {
  const lines = Array.from({ length: 100 }, (_, i) => `${i * 7919 % 1009} and ${i * i % 97}\n`);
  const corpus = corpusFromText(`\n${lines.join("")}`);
  let at = 0;
  // Each line with the line breaks around it, as of a text of lines.
  const spans = lines.map((line) => [at, (at += line.length) + 1] as const);
  assertEquals(
    await conditionalGzipNatsPerChar(corpus, spans),
    await conditionalGzipNatsPerChar(corpus, [[0, corpus.length]]),
  );
});
