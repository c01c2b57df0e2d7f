import { assert, assertEquals } from "@std/assert";
import { killRuns } from "./kills.ts";
import { testProgram } from "./program.ts";

testProgram("train that is killed at random moments loses nothing that it saved", async (f) => {
  const counts = await killRuns(f, 4);
  assertEquals([counts.kills, counts.ends], [16, 4]);
  assert(counts.states > 0, JSON.stringify(counts));
});
