import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { CharIndex } from "../../src/text/char_index.ts";

Deno.test("CharIndex.floor() finds an entry within the stride, with limited entries", () => {
  const sizes = fc.record({
    stride: fc.integer({ min: 1, max: 5 }),
    maxEntries: fc.integer({ min: 1, max: 4 }).map((half) => 2 * half),
    widths: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 200 }),
  });
  fc.assert(fc.property(sizes, ({ stride, maxEntries, widths }) => {
    const index = new CharIndex({ stride, maxEntries });
    const offsets = [0];
    for (const width of widths) offsets.push(offsets.at(-1)! + width);
    const length = widths.length;
    for (let character = 0; character < length; character++) {
      if (character === index.nextCharacter) index.add(offsets[character]!);
    }
    // Once it was full, it stays at least half full.
    const maxDistance = Math.max(stride, 2 * length / maxEntries);
    for (let character = 0; character <= length; character++) {
      const entry = index.floor(character);
      assert(entry.character <= character && character - entry.character <= maxDistance);
      assertEquals(entry.byte, offsets[entry.character]);
    }
  }));
});

Deno.test("CharIndex.floor() returns the start of the text when the index is empty", () => {
  const index = new CharIndex();
  assertEquals(index.nextCharacter, 0);
  assertEquals(index.floor(0), { character: 0, byte: 0 });
});
