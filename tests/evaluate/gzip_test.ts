import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { gunzipSync, gzipSync } from "node:zlib";
import { TextError } from "../../src/errors.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { gzipNats, streamedGzipNats } from "../../src/evaluate/gzip.ts";
import { Xoshiro128 } from "../../src/random.ts";

Deno.test("gzip is what gzip makes of the stretches", async () => {
  const text = "so many sheep – 🐑 – to count. ".repeat(50);
  const corpus = corpusFromText(text);
  const characters = [...text];
  const part = [...characters.slice(3, 400), ...characters.slice(700, 900)].join("");
  const zipped = gzipSync(new TextEncoder().encode(part), { level: 9 });
  assertEquals(new TextDecoder().decode(gunzipSync(zipped)), part);
  const nats = 8 * zipped.length * Math.LN2 / 597;
  assertEquals(gzipNats(corpus, [[3, 400], [700, 900]]), nats);
  assertEquals(await streamedGzipNats(corpus, [[3, 400], [700, 900]]), nats);
});

Deno.test("a long text is compressed as a whole, however it is read", async () => {
  const random = new Xoshiro128(3);
  const words = ["sheep ", "🐑 ", "count ", "– ", "many\n"];
  const text = Array.from({ length: 60_000 }, () => words[random.nextUint32() % 5]).join("");
  const corpus = corpusFromText(text);
  const reads: number[] = [];
  const watched = {
    vocabulary: corpus.vocabulary,
    read(start: number, count: number, into?: Uint32Array) {
      reads.push(count);
      return corpus.read(start, count, into);
    },
  };
  const nats = await streamedGzipNats(watched, [[0, corpus.length]]);
  const zipped = gzipSync(new TextEncoder().encode(text), { level: 9 });
  assertEquals(nats, 8 * zipped.length * Math.LN2 / corpus.length);
  assertEquals(gzipNats(corpus, [[0, corpus.length]]), nats);
  assert(reads.length > 3 && reads.every((count) => count <= 65_536));
});

Deno.test("a text that can no longer be read is reported as such", async () => {
  const corpus = corpusFromText("abc".repeat(50_000));
  const lost = {
    vocabulary: corpus.vocabulary,
    read(start: number, count: number) {
      if (start > 0) throw new TextError("Cannot read it: it has changed");
      return corpus.read(start, count);
    },
  };
  assertThrows(() => gzipNats(lost, [[0, corpus.length]]), TextError, "it has changed");
  await assertRejects(
    () => streamedGzipNats(lost, [[0, corpus.length]]),
    TextError,
    "it has changed",
  );
});
