import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { reencode } from "../../src/text/reencode.ts";
import { Vocabulary } from "../../src/text/vocabulary.ts";

Deno.test("reencode() reads a text in the ids of another vocabulary", () => {
  const corpus = corpusFromText("naïve 🌧");
  const vocabulary = Vocabulary.fromText("🌧 abcdeïnvxyz");
  const text = reencode(corpus, vocabulary);
  assertEquals(text.read(0, 7), vocabulary.encode("naïve 🌧"));
  const into = Uint32Array.of(9, 9, 9, 9);
  assert(text.read(2, 3, { into }) === into);
  assertEquals(into, Uint32Array.of(...vocabulary.encode("ïve"), 9));
  assert(reencode(corpus, Vocabulary.fromText("🌧 aeïnv")) === corpus);
});

Deno.test("reencode() names the first character that the vocabulary lacks, if it occurs", () => {
  const vocabulary = Vocabulary.fromText("ab\n");
  const corpus = corpusFromText("ab\nabdc", "a.txt");
  assertThrows(
    () => reencode(corpus, vocabulary),
    InputError,
    'Cannot read the text "a.txt": line 2, character 3, "d"',
  );
  const part = { ...corpus, length: 5, read: corpus.read.bind(corpus) };
  assertEquals(reencode(part, vocabulary).read(0, 5), Uint32Array.of(1, 2, 0, 1, 2));
});
