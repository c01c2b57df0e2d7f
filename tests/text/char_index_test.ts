import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { CharIndex } from "../../src/text/char_index.ts";

Deno.test("there is a landmark at most so far before every character, and never too many", () => {
  const sizes = fc.record({
    stride: fc.integer({ min: 1, max: 5 }),
    most: fc.integer({ min: 1, max: 4 }).map((half) => 2 * half),
    widths: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 200 }),
  });
  fc.assert(fc.property(sizes, ({ stride, most, widths }) => {
    const landmarks = new CharIndex(stride, most);
    const offsets = [0];
    for (const width of widths) offsets.push(offsets.at(-1)! + width);
    const length = widths.length;
    for (let character = 0; character < length; character++) {
      if (character === landmarks.next) landmarks.add(offsets[character]!);
    }
    // Half full at least, once it was full: that is how far apart they may be.
    const apart = Math.max(stride, 2 * length / most);
    for (let character = 0; character <= length; character++) {
      const before = landmarks.before(character);
      assert(before.character <= character && character - before.character <= apart);
      assertEquals(before.offset, offsets[before.character]);
    }
  }));
});

Deno.test("without landmarks there is the start", () => {
  const landmarks = new CharIndex();
  assertEquals(landmarks.next, 0);
  assertEquals(landmarks.before(0), { character: 0, offset: 0 });
});
