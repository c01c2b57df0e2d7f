import { assertEquals } from "@std/assert";
import { fastestVariants, type ProgramResult, ratios } from "../../../bench/comparisons/measure.ts";

const outcome = (name: string, variant: string, ...speeds: number[]): ProgramResult => ({
  ...{ name, variant, ours: false, version: "1", speeds },
  first: { chars: 10, seconds: 1, loss: 1 },
});

Deno.test("of several variants the one with the greater median speed is told", () => {
  const [a1, a2] = [outcome("a", "1", 10, 11, 99), outcome("a", "2", 20, 21, 22)];
  const b = outcome("b", "1", 5);
  assertEquals(fastestVariants([a1, b, a2]), [a2, b]);
});

Deno.test("ratios are taken round by round, or against the only round there is", () => {
  assertEquals(ratios([10, 20, 30], [5, 5, 10]), [2, 4, 3]);
  assertEquals(ratios([10, 20], [4]), [2.5, 5]);
});
