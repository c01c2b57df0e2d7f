/** Run folders have one writer at a time; `--force` replaces a run. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readCheckpoint } from "../../src/files/checkpoint_file.ts";
import {
  finish,
  namesIn,
  rain,
  run,
  sleep,
  start,
  steady,
  succeed,
  testProgram,
  tiny,
  untilPrinted,
} from "./program.ts";
import { configOf, contentsOf, metricsOf, readLatest } from "./runs.ts";

testProgram(
  "train exits with 1 when another process trains into the folder, and names that process",
  async (f) => {
    await Deno.writeTextFile(`${f}/rain.txt`, rain);
    const child = start(f, [
      "train",
      "rain.txt",
      "--out",
      "run",
      ...tiny,
      "--checkpoint-every",
      "500",
      // Longer than the commands below take on a busy machine.
      "--steps",
      "100000000",
    ]);
    const { reader } = await untilPrinted(child, /\n +1 /);
    for (
      const args of [
        ["rain.txt", "--out", "run"],
        ["rain.txt", "--out", "run", "--force"],
        ["--resume", "run"],
        ["--resume", "run/"],
      ]
    ) {
      const { code, out, err } = await run(f, ["train", ...args]);
      assertEquals([code, out], [1, ""], err);
      const folder = args.at(-1) === "run/" ? "run/" : "run";
      const holder = `"${folder}": process ${child.pid} is training into it; `;
      assert(err.startsWith(`error: Cannot write into the run folder ${holder}`), err);
    }
    // Other processes may read the folder during the run.
    while (!namesIn(`${f}/run`).includes("checkpoint.safetensors")) {
      await sleep(20);
    }
    await succeed(f, "eval", "run", "rain.txt");
    child.kill("SIGKILL");
    await finish(child, reader);
    // The lock ended with the process; the file that it left does not matter.
    assertMatch(
      Deno.readTextFileSync(`${f}/run/.unroll-lock`),
      new RegExp(`^unroll run lock\nprocess +${child.pid}\ntoken [0-9a-f]{16}\n$`),
    );
    const { step } = (await readLatest(`${f}/run`)).progress;
    await succeed(f, "train", "--resume", "run", "--steps", String(step + 1));
    assert(!namesIn(`${f}/run`).includes(".unroll-lock"));
  },
);

testProgram(
  "train --resume succeeds for one of several processes that begin at the same moment",
  async (f) => {
    await Deno.writeTextFile(`${f}/rain.txt`, rain);
    const size = [...tiny, ...steady, "--log-every", "50"];
    await succeed(f, "train", "rain.txt", "--out", "run", ...size, "--steps", "100");
    await succeed(f, "train", "rain.txt", "--out", "whole", ...size, "--steps", "10000");
    const outcomes = await Promise.all(
      [1, 2, 3, 4].map(() => run(f, ["train", "--resume", "run", "--steps", "10000"])),
    );
    const codes = outcomes.map(({ code }) => code).toSorted();
    // A process that comes after the end has nothing to do.
    assert(codes.every((code) => code === 0 || code === 1), codes.join());
    // A process may see the lock before the other one has written its number into it.
    for (const { code, err } of outcomes) {
      assertMatch(
        err,
        code === 0 ? /^$/ : /^error: [^\n]* "run": (process \d+|another process) [^\n]*\n$/,
      );
    }
    assertEquals(await contentsOf(`${f}/run`), await contentsOf(`${f}/whole`));
  },
);

testProgram("train --force replaces a run only when the new one has a checkpoint", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, rain);
  await Deno.writeTextFile(`${f}/short.txt`, "short");
  const args = ["rain.txt", "--out", "run", ...tiny];
  await succeed(f, "train", ...args, "--steps", "200", "--log-every", "10");
  const before = await contentsOf(`${f}/run`);
  const names = namesIn(`${f}/run`);
  for (
    const [wrong, code] of [
      [["none.txt", "--out", "run"], 2],
      [["short.txt", "--seq-length", "9", "--out", "run"], 2],
      [[...args, "--hidden", "0"], 2],
      [[...args, "--lr", "1e300"], 1],
    ] as const
  ) {
    assertEquals((await run(f, ["train", ...wrong, "--force"])).code, code);
    assertEquals(await contentsOf(`${f}/run`), before);
    assertEquals(namesIn(`${f}/run`), names);
  }
  // Killed before its first checkpoint: the old run is kept, and can be resumed.
  const child = start(f, ["train", ...args, "--force", "--seed", "2"]);
  const { reader } = await untilPrinted(child, /\n +1 /);
  child.kill("SIGKILL");
  await finish(child, reader);
  assert(namesIn(`${f}/run`).some((name) => name.startsWith(".unroll-replacement-")));
  assertEquals(await contentsOf(`${f}/run`), before);
  await succeed(f, "train", "--resume", "run");
  assertEquals(await contentsOf(`${f}/run`), before);
  assertEquals(namesIn(`${f}/run`), names);

  await succeed(f, "train", ...args, "--force", "--seed", "2", "--steps", "3");
  assertEquals((await readLatest(`${f}/run`)).config.seed, 2);
  assertEquals((await readCheckpoint(`${f}/run/best.safetensors`)).config.seed, 2);
  assertEquals(configOf(`${f}/run`).config.seed, 2);
  assertEquals(metricsOf(`${f}/run`).map(({ step }) => step), [1, 2, 3]);
  assertEquals(
    namesIn(`${f}/run`),
    ["best.safetensors", "checkpoint.safetensors", "config.json", "metrics.jsonl"],
  );
});

testProgram("train --force without --out replaces the first run of the text", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, rain);
  for (const seed of ["1", "2"]) {
    const options = ["--steps", "1", "--seed", seed, "--force"];
    await succeed(f, "train", "rain.txt", ...tiny, ...options);
    assertEquals(namesIn(`${f}/runs`), ["rain"]);
    assertEquals((await readLatest(`${f}/runs/rain`)).config.seed, Number(seed));
  }
});
