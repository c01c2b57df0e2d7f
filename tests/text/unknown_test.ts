import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { readCorpus } from "../../src/files/read_corpus.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { KnownFilter, toKnown } from "../../src/text/unknown.ts";
import { describeUnknown } from "../../src/text/unknown_characters.ts";
import { Vocabulary } from "../../src/text/vocabulary.ts";
import { testInFolder } from "../folders.ts";

Deno.test("toKnown() replaces by the unknown symbol, a similar character or a space", () => {
  const replace = (text: string, vocabulary: Vocabulary) =>
    toKnown(text, { vocabulary, unknown: "replace" }).text;
  const ascii = Vocabulary.fromText("Aabcde\"'-. \n");
  assertEquals(replace("ábé “d’e” – B☃E…", ascii), 'abe "d\'e" - b e.');
  assertEquals(replace("á☃", Vocabulary.fromText("ab", { unknown: true })), "\ufffd\ufffd");
  assertEquals(replace("a☃b", Vocabulary.fromText("ab")), "ab");
  const { text, unknown } = toKnown("ba☃ba☃é", { vocabulary: ascii, unknown: "skip" });
  assertEquals(text, "baba");
  assertEquals(unknown, [{ character: "☃", count: 2 }, { character: "é", count: 1 }]);
  assertThrows(() => toKnown("a", { vocabulary: ascii, unknown: "x" as "skip" }), InputError);
});

Deno.test("KnownFilter does the same with bytes in pieces of any length", () => {
  const vocabularies = [Vocabulary.fromText("abé"), Vocabulary.fromText("ab", { unknown: true })];
  const pieces = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1 });
  const text = fc.string({ unit: fc.constantFrom("a", "b", "é", "☃", "🌧", "A") });
  const policy = fc.constantFrom("skip" as const, "replace" as const);
  fc.assert(
    fc.property(text, pieces, policy, fc.constantFrom(...vocabularies), (text, pieces, ...rest) => {
      const [unknown, vocabulary] = rest;
      const filter = new KnownFilter({ vocabulary, unknown });
      const bytes = new TextEncoder().encode(text);
      const known: number[] = [];
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const length = pieces[i % pieces.length]!;
        known.push(...filter.filter(bytes.subarray(at, at + length)));
        at += length;
      }
      known.push(...filter.finish());
      const expected = toKnown(text, { vocabulary, unknown });
      assertEquals(new TextDecoder().decode(Uint8Array.from(known)), expected.text);
      assertEquals(
        [...filter.counts.values()].reduce((a, b) => a + b, 0),
        expected.unknown.reduce((sum, { count }) => sum + count, 0),
      );
    }),
  );
});

Deno.test("Vocabulary has an unknown symbol, which stands for all other characters", () => {
  const vocabulary = Vocabulary.fromText("ab", { unknown: true });
  assertEquals([vocabulary.characters, vocabulary.unknown], ["ab\ufffd", 2]);
  assertEquals([...vocabulary.encode("a☃b")], [0, 2, 1]);
  assertEquals(vocabulary.has("☃".codePointAt(0)!), false);
  const plain = Vocabulary.fromText("ab\ufffd");
  assertEquals(plain.unknown, undefined);
  assert(!plain.equals(vocabulary) && plain.equals(Vocabulary.fromText("ba\ufffd")));
  const { message } = assertThrows(() => plain.encode("a☃é☃"), InputError);
  assertStringIncludes(message, 'character 2, "☃" (U+2603), is not among the 3 characters');
  assertStringIncludes(message, 'unknown in all: "☃" (U+2603) 2 times, "é" (U+00E9) once; ');
});

Deno.test("corpusFromText() reads rare characters as the unknown symbol", () => {
  const corpus = corpusFromText("aaabbbc☃☃a", "text", { minCount: 3 });
  assertEquals(corpus.vocabulary.characters, "ab\ufffd");
  assertEquals(corpus.vocabulary.decode(corpus.read(0, 10)), "aaabbb\ufffd\ufffd\ufffda");
  assertEquals(corpus.counts, [4, 3, 3]);
  assertEquals(corpus.unknown, [{ character: "☃", count: 2 }, { character: "c", count: 1 }]);
  assertEquals(corpus.sha256, corpusFromText("aaabbbc☃☃a").sha256);
  const common = corpusFromText("aabb", "text", { minCount: 2 });
  assertEquals([common.vocabulary.unknown, common.unknown.length], [undefined, 0]);
  const { message } = assertThrows(() => corpusFromText("aab", "t", { minCount: 3 }), InputError);
  assertStringIncludes(message, 'no character occurs 3 times; "minCount" must be at most 2');
});

testInFolder("readCorpus() skips or replaces what a vocabulary lacks", async (f) => {
  const path = `${f}/a.txt`;
  Deno.writeTextFileSync(path, "née ☃ an☃\n");
  const vocabulary = Vocabulary.fromText("an e\n");
  const read = async (unknown: "skip" | "replace") => {
    using corpus = await readCorpus([path, path], { vocabulary, unknown });
    return [corpus.vocabulary.decode(corpus.read(0, corpus.length)), corpus.unknown] as const;
  };
  const unknown = [{ character: "☃", count: 2 }, { character: "é", count: 1 }];
  assertEquals(await read("skip"), ["ne  an\n", unknown]);
  assertEquals(await read("replace"), ["nee   an \n", unknown]);
  const symbol = Vocabulary.fromText("an e\n", { unknown: true });
  for (const maxBytesInMemory of [1000, 0]) {
    using corpus = await readCorpus(path, { vocabulary: symbol, maxBytesInMemory });
    const text = corpus.vocabulary.decode(corpus.read(0, corpus.length));
    assertEquals([text, corpus.unknown], ["n\ufffde \ufffd an\ufffd\n", unknown]);
  }
  using rare = await readCorpus(path, { minCount: 2 });
  assertEquals([rare.vocabulary.characters, rare.reading!.minCount], [" n☃\ufffd", 2]);
  const none = Vocabulary.fromText("xyz");
  await readCorpus(path, { vocabulary: none, unknown: "skip" }).then(
    () => assert(false),
    ({ message }) => assertStringIncludes(message, "the vocabulary has none of its characters"),
  );
});

Deno.test("describeUnknown() names many characters, and counts the others", () => {
  const many = Array.from({ length: 205 }, (_, i) => ({
    character: String.fromCodePoint(0x4e00 + i),
    count: 1,
  }));
  assertStringIncludes(describeUnknown(many), "(U+4EC7) once, 5 other characters 5 times");
});
