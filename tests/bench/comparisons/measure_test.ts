import { assertEquals } from "@std/assert";
import { fastestVariants, type ProgramResult } from "../../../bench/comparisons/measure.ts";

const result = (name: string, variant: string, ...speeds: number[]): ProgramResult => ({
  ...{ name, variant, isUnroll: false, version: "1", speeds },
  warmup: { chars: 10, seconds: 1, loss: 1 },
});

Deno.test("fastestVariants() keeps the variant with the highest median speed", () => {
  const [a1, a2] = [result("a", "1", 10, 11, 99), result("a", "2", 20, 21, 22)];
  const b = result("b", "1", 5);
  assertEquals(fastestVariants([a1, b, a2]), [a2, b]);
});
