import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { median, summarize } from "../../bench/statistics.ts";

Deno.test("median() is the middle value, or the mean of the two middle values", () => {
  assertEquals(median([3]), 3);
  assertEquals(median([10, 9, 1]), 9);
  assertEquals(median([4, 1, 100, 2]), 3);
  assertEquals(median([]), NaN);
});

Deno.test("summarize() does not change its argument", () => {
  const values = [5, 1, 3];
  assertEquals(summarize(values), { median: 3, minimum: 1, maximum: 5 });
  assertEquals(values, [5, 1, 3]);
});

Deno.test("summarize(): half of the values are at most the median, and half at least", () => {
  const values = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1 });
  fc.assert(fc.property(values, (values) => {
    const { median, minimum, maximum } = summarize(values);
    assert(minimum <= median && median <= maximum);
    assert(2 * values.filter((value) => value <= median).length >= values.length);
    assert(2 * values.filter((value) => value >= median).length >= values.length);
  }));
});
