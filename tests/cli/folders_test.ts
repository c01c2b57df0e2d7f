/** Run folders: a new run never overwrites another one, not even one that begins at the same moment. */
import { assert, assertEquals } from "@std/assert";
import { assertOneLine, namesIn, rain, run, start, succeed, testProgram, tiny } from "./program.ts";
import { readLatest } from "./runs.ts";

const short = [...tiny, "--steps", "3"];

testProgram(
  "train creates one folder for each of several runs that begin at the same moment",
  async (f) => {
    await Deno.writeTextFile(`${f}/rain.txt`, rain);
    const seeds = [1, 2, 3, 4, 5];
    const outcomes = await Promise.all(
      seeds.map((seed) => run(f, ["train", "rain.txt", ...short, "--seed", String(seed)])),
    );
    for (const { code, err } of outcomes) assertEquals({ code, err }, { code: 0, err: "" });
    assertEquals(namesIn(`${f}/runs`), ["rain", "rain-2", "rain-3", "rain-4", "rain-5"]);
    const kept: number[] = [];
    for (const name of namesIn(`${f}/runs`)) {
      const { seed } = (await readLatest(`${f}/runs/${name}`)).config;
      const written = JSON.parse(Deno.readTextFileSync(`${f}/runs/${name}/config.json`));
      assertEquals(written.config.seed, seed);
      const lines = Deno.readTextFileSync(`${f}/runs/${name}/metrics.jsonl`).trimEnd().split("\n");
      assertEquals(lines.map((line) => JSON.parse(line).step), [1, 2, 3]);
      kept.push(seed);
    }
    assertEquals(kept.toSorted(), seeds);
  },
);

testProgram(
  "train --out rejects a folder that holds a run, and leaves that run as it is",
  async (f) => {
    await Deno.writeTextFile(`${f}/rain.txt`, rain);
    await succeed(f, "train", "rain.txt", ...short, "--out", "run");
    const read = () => namesIn(`${f}/run`).map((name) => Deno.readTextFileSync(`${f}/run/${name}`));
    const before = read();
    for (const out of ["run", "run/", "./run"]) {
      const outcome = await run(f, ["train", "rain.txt", ...short, "--seed=2", "--out", out]);
      assertOneLine(outcome, 2, /already holds a run/);
    }
    assertEquals(read(), before);
  },
);

testProgram("train names a permission that it lacks, and writes nothing", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, rain);
  for (
    const [permissions, line] of [
      [[], /^Cannot read the text "rain.txt": .*run with --allow-read$/],
      [["--allow-read"], /^Cannot create the run folder "run": .*--allow-write/],
    ] as const
  ) {
    const outcome = await run(f, ["train", "rain.txt", "--out", "run", ...short], permissions);
    assertOneLine(outcome, 2, line);
    assertEquals(namesIn(f), ["rain.txt"]);
  }
});

testProgram("train runs to its end when its standard output is closed", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, rain);
  const child = start(f, ["train", "rain.txt", ...short, "--steps", "2000", "--out", "run"]);
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const [{ code }, err] = await Promise.all([child.status, new Response(child.stderr).text()]);
  assertEquals({ code, err }, { code: 0, err: "" });
  assertEquals((await readLatest(`${f}/run`)).progress.step, 2000);
});

testProgram(
  "sample generates emoji, combining marks and line ends as they were trained",
  async (f) => {
    const round = "e\u0301 👩‍👧 \r\n\t\ufeff𝔘";
    await Deno.writeTextFile(`${f}/round.txt`, round.repeat(60));
    const sizes = ["--hidden", "32", "--seq-length", "14", "--batch-size", "1", "--steps", "600"];
    const out = await succeed(f, "train", "round.txt", "--out", "run", ...sizes);
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x08\x0b-\x1f]/.test(out), "a sample moves no cursor");
    const length = String([...round].length);
    const options = ["--prompt", round, "--length", length, "--greedy"];
    assertEquals(await succeed(f, "sample", "run", ...options), round + round);
    const outcome = await run(f, ["sample", "run", "--prompt", "e\u0300"]);
    assertOneLine(outcome, 2, /does not know, U\+0300 once; .*--unknown/);
  },
);
