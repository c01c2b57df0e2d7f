import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  displayParagraph,
  layOut,
  nameOfCharacter,
  symbolAt,
} from "../../../page/inside/text_layout.ts";

const display = (text: string) => {
  const characters = [...text];
  return displayParagraph(characters, { from: 0, to: characters.length });
};

Deno.test("layOut() covers any text with chunks of few paragraphs", () => {
  const character = fc.constantFrom("a", " ", "\n", "é", "\u0301", "😀", "\u200d", "ש");
  const texts = fc.array(character, { maxLength: 5000, size: "max" });
  fc.assert(
    fc.property(texts, (characters) => {
      let at = 0;
      for (const { from, to, paragraphs } of layOut(characters)) {
        assertEquals(from, at);
        assert(paragraphs.length <= 24);
        for (const paragraph of paragraphs) {
          assertEquals(paragraph.from, at);
          assert(paragraph.to > at && paragraph.to - at <= 601);
          const breaks = characters.slice(at, paragraph.to - 1);
          assert(!breaks.includes("\n"));
          at = paragraph.to;
        }
        assertEquals(at, to);
      }
      assertEquals(at, characters.length);
    }),
    { numRuns: 50 },
  );
});

Deno.test("layOut() cuts a long line after a space", () => {
  const characters = [..."word ".repeat(500)];
  for (const { paragraphs } of layOut(characters)) {
    for (const { to } of paragraphs) assertEquals(characters[to - 1], " ");
  }
});

Deno.test("displayParagraph() keeps grapheme clusters together", () => {
  const { text, symbols } = display("e\u0301👩‍🚀🇩🇪a");
  assertEquals(text, "e\u0301👩‍🚀🇩🇪a");
  assertEquals(symbols.map(({ from, to }) => to - from), [2, 3, 2, 1]);
});

Deno.test("displayParagraph() names what is invisible, or would reorder the page", () => {
  assertEquals(display("a\u202eb\r\n").text, "a⟨U+202E⟩b⟨CR⟩↵");
  assertEquals(display("\u0000\u00a0").text, "⟨U+0000⟩⟨NBSP⟩");
  assertEquals(display("\u0301").text, "◌\u0301");
  assert(display("a" + "\u0301".repeat(100)).symbols.length > 50, "marks pile up");
});

Deno.test("symbolAt() finds the symbol of each offset", () => {
  const paragraph = display("a👩‍🚀b\n");
  const at = (offset: number) => symbolAt(paragraph, offset)?.text;
  assertEquals([0, 1, 3, 5, 6, 7, 8].map(at), ["a", "👩‍🚀", "👩‍🚀", "👩‍🚀", "b", "↵", "↵"]);
  assertEquals(symbolAt(display(""), 0), undefined);
});

Deno.test("nameOfCharacter() is never empty or blank", () => {
  assertEquals([..." \n\t\u200fa\u0301"].map(nameOfCharacter), [
    "space",
    "line break",
    "tab",
    "RLM",
    "a",
    "◌\u0301",
  ]);
});
