/** One run, one writer; and a run that takes the place of another one. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readCheckpoint } from "../../src/checkpoint/file.ts";
import { namesIn, rest, run, start, succeed, testProgram, untilSaid } from "./program.ts";
import { configOf, contentsOf, metricsOf } from "./runs.ts";

const text = "The rain in Spain\r\nstays mainly 🌧 in the plain.\r\n".repeat(12);
const tiny = ["--hidden", "6", "--seq-length", "8", "--batch-size", "2"];

testProgram(
  "a second process on the same folder is told who has it, and exits with 1",
  async (f) => {
    await Deno.writeTextFile(`${f}/rain.txt`, text);
    const child = start(f, [
      "train",
      "rain.txt",
      "--out",
      "run",
      ...tiny,
      "--checkpoint-every",
      "500",
    ]);
    const { reader } = await untilSaid(child, /\n +1 /);
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
    // Reading it meanwhile is fine.
    while (!namesIn(`${f}/run`).includes("checkpoint.safetensors")) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await succeed(f, "eval", "run", "rain.txt");
    child.kill("SIGKILL");
    await rest(child, reader);
    // The lock went with the process; the file that it left hinders nobody.
    assertEquals(Deno.readTextFileSync(`${f}/run/lock`), `${child.pid}\n`);
    const { step } = (await readCheckpoint(`${f}/run`)).progress;
    await succeed(f, "train", "--resume", "run", "--steps", String(step + 1));
    assert(!namesIn(`${f}/run`).includes("lock"));
  },
);

testProgram("only one of several that resume at the same moment does", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, text);
  const size = [...tiny, "--log-every", "50"];
  await succeed(f, "train", "rain.txt", "--out", "run", ...size, "--steps", "100");
  await succeed(f, "train", "rain.txt", "--out", "whole", ...size, "--steps", "40000");
  const outcomes = await Promise.all(
    [1, 2, 3, 4].map(() => run(f, ["train", "--resume", "run", "--steps", "40000"])),
  );
  const codes = outcomes.map(({ code }) => code).toSorted();
  // One that came after the end finds nothing to do.
  assert(codes.every((code) => code === 0 || code === 1), codes.join());
  for (const { code, err } of outcomes) {
    assertMatch(
      err,
      code === 0 ? /^$/ : /^error: Cannot write into the run folder "run": [^\n]*\n$/,
    );
  }
  assertEquals(await contentsOf(`${f}/run`), await contentsOf(`${f}/whole`));
});

testProgram("--force replaces a run, and not before the new one can be used", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, text);
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
  // Killed before it had a checkpoint: the old run is there, and can even be resumed.
  const child = start(f, ["train", ...args, "--force", "--seed", "2"]);
  const { reader } = await untilSaid(child, /\n +1 /);
  child.kill("SIGKILL");
  await rest(child, reader);
  assert(namesIn(`${f}/run`).includes("replacement"));
  assertEquals(await contentsOf(`${f}/run`), before);
  await succeed(f, "train", "--resume", "run");
  assertEquals(await contentsOf(`${f}/run`), before);
  assertEquals(namesIn(`${f}/run`), names);

  await succeed(f, "train", ...args, "--force", "--seed", "2", "--steps", "3");
  assertEquals((await readCheckpoint(`${f}/run`)).config.seed, 2);
  assertEquals((await readCheckpoint(`${f}/run/best.safetensors`)).config.seed, 2);
  assertEquals(configOf(`${f}/run`).config.seed, 2);
  assertEquals(metricsOf(`${f}/run`).map(({ step }) => step), [1, 2, 3]);
  assertEquals(
    namesIn(`${f}/run`),
    ["best.safetensors", "checkpoint.safetensors", "config.json", "metrics.jsonl"],
  );
});

testProgram("--force without --out begins anew where the first run of the text is", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, text);
  for (const seed of ["1", "2"]) {
    const options = ["--steps", "1", "--seed", seed, "--force"];
    await succeed(f, "train", "rain.txt", ...tiny, ...options);
    assertEquals(namesIn(`${f}/runs`), ["rain"]);
    assertEquals((await readCheckpoint(`${f}/runs/rain`)).config.seed, Number(seed));
  }
});
