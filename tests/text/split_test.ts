import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { splitCorpus } from "../../src/text/split.ts";

Deno.test("the last share of a text is held out", () => {
  assertEquals(splitCorpus(1000, 0.05, 27), {
    train: [0, 950],
    validation: [950, 1000],
  });
  assertEquals(splitCorpus(999, 0.05, 27), {
    train: [0, 950],
    validation: [950, 999],
  });
});

Deno.test("nothing is held out when none is wanted", () => {
  assertEquals(splitCorpus(1000, 0, 27), {
    train: [0, 1000],
    validation: null,
  });
});

Deno.test("a validation part has at least two characters", () => {
  assertEquals(splitCorpus(39, 0.05, 3).validation, null);
  assertEquals(splitCorpus(40, 0.05, 3).validation, [38, 40]);
});

Deno.test("the training part keeps what it needs", () => {
  assertEquals(splitCorpus(100, 0.5, 50).validation, [50, 100]);
  assertEquals(splitCorpus(100, 0.5, 51), {
    train: [0, 100],
    validation: null,
  });
});

Deno.test("the parts are the text, whatever its length", () => {
  const shares = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.nat(1e6), shares, fc.nat(1e6), (length, val, needed) => {
      const { train, validation } = splitCorpus(length, val, needed);
      assertEquals(train[0], 0);
      assertEquals(validation?.[0] ?? length, train[1]);
      assertEquals(validation?.[1] ?? length, length);
      const held = Math.floor(length * val);
      const used = held >= 2 && length - held >= needed;
      assertEquals(length - train[1], used ? held : 0);
    }),
  );
});
