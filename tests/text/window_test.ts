import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { IdWindow } from "../../src/text/window.ts";
import { textOf } from "./ids.ts";

Deno.test("IdWindow.read() equals the text for any size and position", () => {
  const cases = fc.record({
    ids: fc.array(fc.nat(1000), { minLength: 1, maxLength: 50 }),
    size: fc.integer({ min: 1, max: 60 }),
    asked: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 20 }),
  });
  fc.assert(fc.property(cases, ({ ids, size, asked }) => {
    const window = new IdWindow(textOf(ids), { end: ids.length, size });
    for (const [a, b] of asked) {
      const start = a % ids.length;
      const count = b % (Math.min(size, ids.length - start) + 1);
      assertEquals([...window.read(start, count)], ids.slice(start, start + count));
    }
  }));
});

Deno.test("IdWindow.read() reads sequentially once per window, and never beyond the end", () => {
  const read: [number, number][] = [];
  const text = textOf(Array.from({ length: 100 }, (_, i) => i));
  const window = new IdWindow(
    {
      read(start, count, options) {
        read.push([start, count]);
        return text.read(start, count, options);
      },
    },
    { end: 95, size: 20 },
  );
  for (let start = 10; start + 5 <= 95; start += 5) {
    assertEquals([...window.read(start, 5)], [0, 1, 2, 3, 4].map((i) => start + i));
  }
  assertEquals(read, [[10, 20], [30, 20], [50, 20], [70, 20], [90, 5]]);
});

Deno.test("IdWindow.read() recovers after a read that failed", () => {
  const text = textOf(Array.from({ length: 30 }, (_, i) => i));
  let broken = false;
  const window = new IdWindow(
    {
      read(start, count, options) {
        text.read(start, count, options);
        if (broken) throw new Error("broken");
        return options!.into!;
      },
    },
    { end: 30, size: 10 },
  );
  assertEquals([...window.read(0, 3)], [0, 1, 2]);
  broken = true;
  assertThrows(() => window.read(9, 3), Error, "broken");
  // The buffer was overwritten by the failed read.
  assertThrows(() => window.read(0, 3), Error, "broken");
  broken = false;
  assertEquals([...window.read(0, 3)], [0, 1, 2]);
});
