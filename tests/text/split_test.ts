import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { countChars, splitAtTexts, splitCorpus } from "../../src/text/split.ts";

Deno.test("splitCorpus() holds out the last fraction of a text for validation", () => {
  assertEquals(splitCorpus(1000, { valFraction: 0.05, minTrainChars: 27 }), {
    train: [[0, 950]],
    validation: [[950, 1000]],
    test: [],
  });
  assertEquals(splitCorpus(999, { valFraction: 0.05, minTrainChars: 27 }).validation, [[950, 999]]);
});

Deno.test("splitCorpus() puts the test part after the validation part", () => {
  assertEquals(splitCorpus(1000, { valFraction: 0.05, testFraction: 0.1, minTrainChars: 27 }), {
    train: [[0, 850]],
    validation: [[850, 900]],
    test: [[900, 1000]],
  });
  assertEquals(splitCorpus(1000, { valFraction: 0, testFraction: 0.1, minTrainChars: 27 }).test, [[
    900,
    1000,
  ]]);
});

Deno.test("splitCorpus() splits each piece, and leaves the rest of the text unused", () => {
  assertEquals(
    splitCorpus(1003, { valFraction: 0.1, testFraction: 0.02, pieces: 4, minTrainChars: 27 }),
    {
      train: [[0, 220], [250, 470], [500, 720], [750, 970]],
      validation: [[220, 245], [470, 495], [720, 745], [970, 995]],
      test: [[245, 250], [495, 500], [745, 750], [995, 1000]],
    },
  );
});

Deno.test("splitCorpus() holds out nothing for fractions of 0", () => {
  const split = splitCorpus(1000, { valFraction: 0, minTrainChars: 27 });
  assertEquals(split, { train: [[0, 1000]], validation: [], test: [] });
});

Deno.test("splitCorpus() holds out at least two characters of each piece, or none", () => {
  assertEquals(splitCorpus(39, { valFraction: 0.05, minTrainChars: 3 }).validation, []);
  assertEquals(splitCorpus(40, { valFraction: 0.05, minTrainChars: 3 }).validation, [[38, 40]]);
  assertEquals(splitCorpus(79, { valFraction: 0.05, pieces: 2, minTrainChars: 3 }).validation, []);
});

Deno.test("splitCorpus() keeps minTrainChars, then validation, then test", () => {
  assertEquals(splitCorpus(100, { valFraction: 0.5, minTrainChars: 50 }).validation, [[50, 100]]);
  assertEquals(splitCorpus(100, { valFraction: 0.5, minTrainChars: 51 }), {
    train: [[0, 100]],
    validation: [],
    test: [],
  });
  const split = splitCorpus(100, { valFraction: 0.3, testFraction: 0.3, minTrainChars: 50 });
  assertEquals(split, { train: [[0, 70]], validation: [[70, 100]], test: [] });
});

Deno.test("splitCorpus() covers the text with contiguous parts, whatever its length", () => {
  const share = fc.double({ min: 0, max: 0.5, maxExcluded: true, noNaN: true });
  const text = fc.tuple(fc.nat(1e6), share, share, fc.integer({ min: 1, max: 40 }), fc.nat(1e6));
  fc.assert(fc.property(text, ([length, valFraction, testFraction, pieces, needed]) => {
    const split = splitCorpus(length, { valFraction, testFraction, pieces, minTrainChars: needed });
    const all = [...split.train, ...split.validation, ...split.test];
    let at = 0;
    for (const [start, end] of all.toSorted(([a], [b]) => a - b)) {
      assertEquals(start, at);
      assert(end > start);
      at = end;
    }
    assert(length - at < pieces);
    const piece = Math.floor(length / pieces);
    const held = [Math.floor(piece * valFraction), Math.floor(piece * testFraction)];
    for (const [i, part] of [split.validation, split.test].entries()) {
      assertEquals(countChars(part), part.length * held[i]!);
    }
    const isHeld = split.validation.length + split.test.length > 0;
    assert(!isHeld || countChars(split.train) >= needed);
  }));
});

Deno.test("splitAtTexts() keeps all characters of spans, each span within one text", () => {
  const sizes = fc.record({
    starts: fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { minLength: 1 }),
    start: fc.integer({ min: 0, max: 50 }),
    end: fc.integer({ min: 52, max: 100 }),
  });
  fc.assert(fc.property(sizes, ({ starts, start, end }) => {
    const texts = [0, ...starts.toSorted((a, b) => a - b)].map((start) => ({ start }));
    const spans = splitAtTexts([[start, end]], texts);
    for (const [from, to] of spans) {
      assert(to - from >= 2 && from >= start && to <= end);
      assert(!texts.some(({ start }) => start > from && start < to));
    }
    // Only texts of one character are left out.
    assert(countChars(spans) >= end - start - texts.length - 1);
  }));
});
