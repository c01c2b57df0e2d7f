/** What training is allowed to do: to read the text, and to read and write its run folder. */
import { assertEquals, assertMatch } from "@std/assert";
import { readCheckpoint } from "../../src/checkpoint/file.ts";
import { namesIn, rest, start, testProgram, untilSaid } from "./program.ts";

const tiny = ["--hidden", "6", "--seq-length", "8", "--batch-size", "2"];

testProgram("training needs its text and its folder, and nothing else", async (f) => {
  await Deno.writeTextFile(
    `${f}/rain.txt`,
    "The rain in Spain stays mainly in the plain. ".repeat(20),
  );
  const permissions = ["--allow-read=rain.txt,run", "--allow-write=run"];
  const train = async (...args: string[]) => {
    const child = start(f, ["train", ...args], {}, permissions);
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { code, err } = await rest(child, reader);
    assertEquals([code, err], [0, ""], args.join(" "));
  };
  const habits = ["--sample-every", "5", "--checkpoint-every", "3"];
  await train("rain.txt", "--out", "run", ...tiny, ...habits, "--steps", "50");
  await train("--resume", "run", "--steps", "90", "--lr", "0.01");
  await train("rain.txt", "--out", "run", "--force", ...tiny, "--steps", "20");
  const wild = ["--optimizer", "sgd", "--lr", "1e36", "--on-divergence", "rollback"];
  await train("rain.txt", "--out", "run", "--force", ...tiny, ...wild, "--steps", "60");
  assertEquals((await readCheckpoint(`${f}/run`)).progress.step, 60);
  assertEquals(namesIn(f), ["rain.txt", "run"]);

  // Also when it is stopped by a signal.
  const child = start(f, ["train", "--resume", "run", "--minutes", "5"], {}, permissions);
  const { reader } = await untilSaid(child, /Resumed/);
  child.kill("SIGTERM");
  const { code, err } = await rest(child, reader);
  assertEquals([code, err], [143, ""]);
});

testProgram("without one of the permissions it says which are wanted", async (f) => {
  await Deno.writeTextFile(
    `${f}/rain.txt`,
    "The rain in Spain stays mainly in the plain. ".repeat(20),
  );
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
    const child = start(f, ["train", "rain.txt", "--out", "run", ...tiny], {}, permissions);
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { code, err, out } = await rest(child, reader);
    assertEquals([code, out], [2, ""]);
    assertMatch(err, /^error: [^\n]*\n$/);
    assertMatch(err, line);
  }
});
