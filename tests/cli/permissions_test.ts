/** Permissions of training: to read the text, and to read and write its run folder. */
import { assertEquals } from "@std/assert";
import {
  assertOneLine,
  finish,
  namesIn,
  rain,
  run,
  start,
  testProgram,
  tiny,
  untilPrinted,
} from "./program.ts";
import { readLatest } from "./runs.ts";

testProgram("train needs permission for its text and its run folder only", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, rain);
  const permissions = ["--allow-read=rain.txt,run", "--allow-write=run"];
  const train = async (...args: string[]) => {
    const { code, err } = await run(f, ["train", ...args], permissions);
    assertEquals([code, err], [0, ""], args.join(" "));
  };
  const intervals = ["--sample-every", "5", "--checkpoint-every", "3"];
  await train("rain.txt", "--out", "run", ...tiny, ...intervals, "--steps", "50");
  await train("--resume", "run", "--steps", "90", "--lr", "0.01");
  await train("rain.txt", "--out", "run", "--force", ...tiny, "--steps", "20");
  const wild = ["--optimizer", "sgd", "--lr", "1e36", "--on-divergence", "rollback"];
  await train("rain.txt", "--out", "run", "--force", ...tiny, ...wild, "--steps", "60");
  assertEquals((await readLatest(`${f}/run`)).progress.step, 60);
  assertEquals(namesIn(f), ["rain.txt", "run"]);

  // A signal needs none either.
  const child = start(f, ["train", "--resume", "run", "--minutes", "5"], permissions);
  const { reader } = await untilPrinted(child, /Resumed/);
  child.kill("SIGTERM");
  const { code, err } = await finish(child, reader);
  assertEquals([code, err], [143, ""]);
});

testProgram("train names the permission that it lacks", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, rain);
  for (
    const [permissions, line] of [
      [
        ["--allow-read=run", "--allow-write=run"],
        /Cannot read the text "rain.txt": .* --allow-read/,
      ],
      [["--allow-read=rain.txt,run"], /Cannot create the run folder "run": .*--allow-write; /],
      [
        ["--allow-read=rain.txt", "--allow-write=run"],
        /Cannot create the run folder "run": .* --allow/,
      ],
      [
        ["--allow-read=rain.txt,run", "--allow-write=other"],
        /Cannot create the run folder "run": /,
      ],
    ] as const
  ) {
    const outcome = await run(f, ["train", "rain.txt", "--out", "run", ...tiny], permissions);
    assertOneLine(outcome, 2, line);
  }
});
