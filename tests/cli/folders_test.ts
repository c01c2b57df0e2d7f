/** Where a run goes: never over another one, not even one that begins at the same moment. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readCheckpoint } from "../../src/checkpoint/file.ts";
import { namesIn, run, start, succeed, testProgram } from "./program.ts";

const text = "The rain in Spain\r\nstays mainly 🌧 in the plain.\r\n".repeat(12);
const tiny = ["--hidden", "6", "--seq-length", "8", "--batch-size", "2", "--steps", "3"];

testProgram("runs that begin at the same moment get a folder each", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, text);
  const seeds = [1, 2, 3, 4, 5];
  const outcomes = await Promise.all(
    seeds.map((seed) => run(f, ["train", "rain.txt", ...tiny, "--seed", String(seed)])),
  );
  for (const { code, err } of outcomes) assertEquals({ code, err }, { code: 0, err: "" });
  assertEquals(namesIn(`${f}/runs`), ["rain", "rain-2", "rain-3", "rain-4", "rain-5"]);
  const kept: number[] = [];
  for (const name of namesIn(`${f}/runs`)) {
    const { seed } = (await readCheckpoint(`${f}/runs/${name}`)).config;
    const written = JSON.parse(Deno.readTextFileSync(`${f}/runs/${name}/config.json`));
    assertEquals(written.config.seed, seed);
    const lines = Deno.readTextFileSync(`${f}/runs/${name}/metrics.jsonl`).trimEnd().split("\n");
    assertEquals(lines.map((line) => JSON.parse(line).step), [1, 2, 3]);
    kept.push(seed);
  }
  assertEquals(kept.toSorted(), seeds);
});

testProgram("a run that is refused leaves the run that was there as it was", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, text);
  await succeed(f, "train", "rain.txt", ...tiny, "--out", "run");
  const read = () => namesIn(`${f}/run`).map((name) => Deno.readTextFileSync(`${f}/run/${name}`));
  const before = read();
  for (const out of ["run", "run/", "./run"]) {
    const { code, err } = await run(f, ["train", "rain.txt", ...tiny, "--seed=2", "--out", out]);
    assertEquals(code, 2);
    assertMatch(err, /^error: Cannot create a run in ".*": it already holds a run; .*\n$/);
  }
  assertEquals(read(), before);
});

testProgram("without its permissions, train says which are wanted and makes nothing", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, text);
  const root = new URL("../../", import.meta.url).pathname;
  const program = [`${root}src/cli/main.ts`, "train", "rain.txt", "--out", "run", ...tiny];
  for (
    const [flags, line] of [
      [[], /^error: Cannot read the text "rain.txt": .*run with --allow-read\n$/],
      [["--allow-read"], /^error: Cannot create the run folder "run": .*--allow-write;.*\n$/],
    ] as const
  ) {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "--no-check", "--no-prompt", "--config", `${root}deno.json`, ...flags]
        .concat(program),
      cwd: f,
      stdin: "null",
    }).output();
    assertEquals(code, 2);
    assertMatch(new TextDecoder().decode(stderr), line);
    assertEquals(namesIn(f), ["rain.txt"]);
  }
});

testProgram("training goes on to its end when nobody reads what it says", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, text);
  const child = start(f, ["train", "rain.txt", ...tiny, "--steps", "2000", "--out", "run"]);
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const [{ code }, err] = await Promise.all([child.status, new Response(child.stderr).text()]);
  assertEquals({ code, err }, { code: 0, err: "" });
  assertEquals((await readCheckpoint(`${f}/run`)).progress.step, 2000);
});

testProgram("a text of one character trains, samples and is evaluated", async (f) => {
  await Deno.writeTextFile(`${f}/a.txt`, "a".repeat(300));
  await succeed(f, "train", "a.txt", "--out", "run", ...tiny);
  assertEquals(await succeed(f, "sample", "run", "--length", "7"), "aaaaaaa");
  const json = JSON.parse(await succeed(f, "eval", "run", "a.txt", "--json"));
  assertEquals([json.chars, json.nats_per_char, json.perplexity], [299, 0, 1]);
  await Deno.writeTextFile(`${f}/one.txt`, "a");
  const { code, err } = await run(f, ["eval", "run", "one.txt"]);
  assertEquals(code, 2);
  assertMatch(
    err,
    /^error: Cannot evaluate on "one\.txt": it has 1 character; it must have at least 2.*\n$/,
  );
});

testProgram("emoji, combining marks and line ends come out as they went in", async (f) => {
  const round = "e\u0301 👩‍👧 \r\n\t\ufeff𝔘";
  await Deno.writeTextFile(`${f}/round.txt`, round.repeat(60));
  const sizes = ["--hidden", "32", "--seq-length", "14", "--batch-size", "1", "--steps", "600"];
  const out = await succeed(f, "train", "round.txt", "--out", "run", ...sizes);
  // deno-lint-ignore no-control-regex
  assert(!/[\x00-\x08\x0b-\x1f]/.test(out), "a sample moves no cursor");
  const length = String([...round].length);
  const options = ["--prompt", round, "--length", length, "--greedy"];
  assertEquals(await succeed(f, "sample", "run", ...options), round + round);
  const { code, err } = await run(f, ["sample", "run", "--prompt", "e\u0300"]);
  assertEquals(code, 2);
  assertMatch(err, /^error: .*character 2, U\+0300, is not among the \d+ characters .*\n$/);
});

testProgram("a value may begin with a dash, and the last of several counts", async (f) => {
  await Deno.writeTextFile(`${f}/-dash.txt`, "--a -b --c ".repeat(40));
  await succeed(
    f,
    "train",
    "--out",
    "run",
    ...tiny,
    "--steps=9",
    "--steps",
    "4",
    "--",
    "-dash.txt",
  );
  assertEquals((await readCheckpoint(`${f}/run`)).progress.step, 4);
  const greedy = (...prompt: string[]) =>
    succeed(f, "sample", "run", "--greedy", "--length", "0", ...prompt);
  assertEquals(await greedy("--prompt=--c"), "--c");
  assertEquals(await greedy("--prompt", "-b"), "-b");
});

testProgram("training that diverges at its last step fails with 1 and one line", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, text);
  for (
    const options of [["--val-fraction", "0"], ["--val-fraction", "0.1"], ["--sample-every", "1"]]
  ) {
    const out = `run${options.join("")}`;
    const args = [...tiny, "--steps", "1", "--lr", "1e300", "--out", out, ...options];
    const { code, err } = await run(f, ["train", "rain.txt", ...args]);
    assertEquals(code, 1, err);
    assertMatch(
      err,
      /^error: Training diverged at step 1: a weight is (NaN|-?Infinity); [^\n]*\n$/,
    );
    assert(!namesIn(`${f}/${out}`).some((name) => name.endsWith(".safetensors")));
  }
});
