import { assertEquals } from "@std/assert";
import { checkMutations } from "./mutations/check.ts";

Deno.test("decodeCheckpoint() rejects 10,000 mutated files, with each of its messages", async () => {
  assertEquals(await checkMutations({ count: 10_000 }), []);
});
