import { assert, assertEquals } from "@std/assert";
import { formatSize, randomWorkload, VOCABULARY_SIZE } from "../../bench/workload.ts";

const size = { hidden: 5, seqLength: 4, batchSize: 3 };

Deno.test("randomWorkload() predicts each character's successor in its stream", () => {
  const { inputIds, targetIds } = randomWorkload(size);
  assertEquals([inputIds.length, targetIds.length], [12, 12]);
  assertEquals(targetIds.slice(0, -3), inputIds.slice(3));
  assert(inputIds.every((id) => id < VOCABULARY_SIZE));
});

Deno.test("randomWorkload() is the same in every call", () => {
  assertEquals(randomWorkload(size), randomWorkload(size));
});

Deno.test("formatSize() prints H, T and B", () => {
  assertEquals(formatSize(size), "H 5, T 4, B 3");
});
