import { checkMutations } from "./mutations/check.ts";

Deno.test("decodeCheckpoint() rejects 1,000 mutated files in one line, or reads the original", async () => {
  await checkMutations({ count: 10_000, every: 10 });
});
