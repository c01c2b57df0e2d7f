import { assertEquals } from "@std/assert";
import { type FeatureName, features } from "../../../page/inside/features.ts";
import { encodeKnown } from "../../../page/inside/encode_known.ts";
import { toKnown } from "../../../src/mod.ts";
import { Vocabulary } from "../../../src/text/vocabulary.ts";

/** Marks the characters whose feature is 1. */
function marked(name: FeatureName, text: string): string {
  const characters = [...text];
  const values = features[name].compute(characters);
  return characters.map((c, i) => values[i] === 1 ? "^" : c === "\n" ? "\n" : ".").join("");
}

Deno.test("features.quotes is 1 between marks, and ends at a blank line", () => {
  assertEquals(marked("quotes", 'a "b" c'), "..^^...");
  assertEquals(marked("quotes", "a “b” «c»"), "..^^..^^.");
  assertEquals(marked("quotes", '"a\n\nb "c"'), "^^^\n..^^.");
});

Deno.test("features.quotes distinguishes single quotation marks from apostrophes", () => {
  assertEquals(marked("quotes", "'I don't,' she"), "^^^^^^^^^.....");
  assertEquals(marked("quotes", "the girl's 'cat' ran"), "...........^^^^.....");
  assertEquals(marked("quotes", "‘It’s’ so"), "^^^^^....");
  assertEquals(marked("quotes", "it ('no') is"), "....^^^.....");
});

Deno.test("features.brackets counts nested brackets", () => {
  assertEquals(marked("brackets", "a (b [c]) d"), "..^^^^^^...");
  assertEquals(marked("brackets", ") a"), "...");
});

Deno.test("features of lines and words count characters", () => {
  assertEquals([...features.linePosition.compute([..."ab\ncd"])], [1, 2, 0, 1, 2]);
  assertEquals([...features.lineLength.compute([..."ab\ncde\n\nf"])], [2, 2, 2, 3, 3, 3, 3, 0, 1]);
  assertEquals([...features.wordPosition.compute([..."ab, cd"])], [1, 2, 0, 0, 1, 2]);
});

Deno.test("features of single characters use Unicode's classes", () => {
  assertEquals(marked("afterSpace", "a bc\td"), "..^..^");
  assertEquals(marked("space", "a b"), ".^.");
  assertEquals(marked("wordEnd", "ab, cé"), ".^...^");
  assertEquals(marked("vowel", "Éab и α"), "^^..^.^");
  assertEquals(marked("upperCase", "aBÉж Ж"), ".^^..^");
  assertEquals(marked("digit", "a1٣"), ".^^");
  assertEquals(marked("punctuation", "a, b!"), ".^..^");
});

Deno.test("features have one number per character, also of nothing and of emoji", () => {
  for (const [name, { compute }] of Object.entries(features)) {
    assertEquals(compute([]).length, 0, name);
    assertEquals(compute([..."👩‍🚀 ש"]).length, 5, name);
  }
});

Deno.test("encodeKnown() leaves out what the model cannot read", () => {
  const known = encodeKnown("a😀bz\ud800a", {
    vocabulary: Vocabulary.fromText("ab"),
    unknown: "skip",
  });
  assertEquals(known.characters, ["a", "😀", "b", "z", "\ufffd", "a"]);
  assertEquals([...known.ids], [0, 1, 0]);
  assertEquals([...known.positions], [0, 2, 5]);
});

Deno.test("encodeKnown() reads substitutes as toKnown() does, at the same positions", () => {
  const text = "a😀Ábz";
  const vocabulary = Vocabulary.fromText("ab ");
  const known = encodeKnown(text, { vocabulary, unknown: "replace" });
  assertEquals(
    vocabulary.decode(known.ids),
    toKnown(text, { vocabulary, unknown: "replace" }).text,
  );
  assertEquals(vocabulary.decode(known.ids), "a ab ");
  assertEquals([...known.positions], [0, 1, 2, 3, 4]);
});
