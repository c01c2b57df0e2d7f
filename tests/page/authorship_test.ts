/** Which parts of a text a person wrote, and which the model. */
import { assertEquals } from "@std/assert";
import { changePassages, findChange, type Passage } from "../../page/authorship.ts";

/** The passages as letters: t for typed, g for generated. */
function letters(passages: readonly Passage[]): string {
  return passages.map(({ length, isGenerated }) => (isGenerated ? "g" : "t").repeat(length)).join(
    "",
  );
}

Deno.test("findChange() finds insertions, deletions and replacements", () => {
  const change = (before: string, after: string, caret: number) =>
    findChange({ before, after }, caret);
  assertEquals(change("", "abc", 3), { from: 0, to: 0, length: 3 });
  assertEquals(change("abef", "abcdef", 4), { from: 2, to: 2, length: 2 });
  assertEquals(change("abcdef", "abef", 2), { from: 2, to: 4, length: 0 });
  assertEquals(change("abcd", "aXYd", 3), { from: 1, to: 3, length: 2 });
  assertEquals(change("abc", "abc", 3), { from: 3, to: 3, length: 0 });
  // An "a" among others: the cursor says which one is new.
  assertEquals(change("aaa", "aaaa", 1), { from: 0, to: 0, length: 1 });
  assertEquals(change("aaa", "aaaa", 4), { from: 3, to: 3, length: 1 });
});

Deno.test("changePassages() keeps who wrote what", () => {
  let text = "";
  let passages: Passage[] = [];
  const write = (after: string, caret: number, isGenerated = false) => {
    const change = findChange({ before: text, after }, caret);
    passages = changePassages(passages, change, isGenerated);
    text = after;
    assertEquals(letters(passages).length, text.length);
    return letters(passages);
  };
  assertEquals(write("she ", 4), "tttt");
  assertEquals(write("she said", 8, true), "ttttgggg");
  assertEquals(write("she said so", 11, true), "ttttggggggg");
  assertEquals(passages.length, 2);
  assertEquals(write("she sXaid so", 6), "ttttgtgggggg");
  assertEquals(write("she said so", 5), "ttttggggggg");
  assertEquals(passages.length, 2);
  assertEquals(write("shd so", 2), "ttgggg");
  assertEquals(write("", 0), "");
});
