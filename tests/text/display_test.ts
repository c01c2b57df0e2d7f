import { assertEquals } from "@std/assert";
import { displayedClusters, nameInvisible } from "../../src/mod.ts";

Deno.test("nameInvisible() names what cannot be seen, or reorders what can", () => {
  assertEquals([..."\n\t\r\u00a0\u200d\u202e\ufeff\0"].map(nameInvisible), [
    ...["LF", "TAB", "CR", "NBSP", "ZWJ", "U+202E", "BOM", "U+0000"],
  ]);
  assertEquals([..." a\u0301🌧"].map(nameInvisible), Array(4).fill(undefined));
  assertEquals(nameInvisible("\ud800"), "U+D800");
});

Deno.test("displayedClusters() joins what is seen as one, and nothing that is invisible", () => {
  const lengthsOf = (text: string) => displayedClusters([...text]).map(({ length }) => length);
  assertEquals(lengthsOf("e\u0301👩‍🚀🇩🇪a"), [2, 3, 2, 1]);
  assertEquals(lengthsOf("a\r\n"), [1, 1, 1]);
  // A letter with more marks than any script has.
  assertEquals(lengthsOf("a" + "\u0301".repeat(15)), [16]);
  assertEquals(lengthsOf("a" + "\u0301".repeat(16)), Array(17).fill(1));
  const halves = ["\ud83d", "\ude00", "e", "\u0301"];
  assertEquals(displayedClusters(halves), halves.map((half) => [half]));
});
