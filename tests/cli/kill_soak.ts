import { assert, assertEquals } from "@std/assert";
import { killRuns } from "./kills.ts";
import { testProgram } from "./program.ts";

testProgram(
  "train that is killed 100 times at random moments loses nothing that it saved",
  async (f) => {
    const counts = await killRuns(f, 25);
    console.log(JSON.stringify(counts));
    assertEquals([counts.kills, counts.ends], [100, 4]);
    assert(counts.states > 50, JSON.stringify(counts));
  },
);
