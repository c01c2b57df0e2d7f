import { assertEquals } from "@std/assert";
import { iterationsFor } from "../../bench/iterations.ts";

Deno.test("iterationsFor() repeats slow code less often", () => {
  assertEquals(iterationsFor(1e6), {});
  assertEquals(iterationsFor(100e6), { n: 3, warmup: 1 });
  assertEquals(iterationsFor(1e9), { n: 1, warmup: 0 });
});
