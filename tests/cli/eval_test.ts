/** `eval` and `gradcheck`: their tables and their JSON. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { gzipSync } from "node:zlib";
import {
  denoArgs,
  rain,
  run,
  runInside,
  succeed,
  testProgram,
  tiny,
  trainedInside,
} from "./program.ts";

testProgram("eval prints nats, bits and perplexity next to baselines and gzip", async (f) => {
  await trainedInside(f, "run", "--steps", "50");
  const json = JSON.parse(await succeed(f, "eval", "run", "rain.txt", "--json"));
  assertEquals(json.chars, 587);
  assertEquals(json.bits_per_char, json.nats_per_char / Math.LN2);
  assertEquals(json.perplexity, Math.exp(json.nats_per_char));
  assertEquals(json.uniform_nats_per_char, Math.log(19));
  assert(json.bigram_nats_per_char < json.unigram_nats_per_char);
  const zipped = gzipSync(await Deno.readFile(`${f}/rain.txt`), { level: 9 }).length;
  assertEquals(json.gzip_nats_per_char, 8 * zipped * Math.LN2 / 588);
  const table = await succeed(f, "eval", "run", "rain.txt");
  for (
    const [row, key] of [
      ["model of step 50", "nats_per_char"],
      ["bigram", "bigram_nats_per_char"],
      ["unigram", "unigram_nats_per_char"],
      ["uniform", "uniform_nats_per_char"],
      ["gzip", "gzip_nats_per_char"],
    ] as const
  ) {
    const nats = json[key].toFixed(4);
    const bits = (json[key] / Math.LN2).toFixed(4);
    assertMatch(table, new RegExp(`^${row} +${nats} +${bits} `, "m"));
  }
  assertMatch(table, /^587 characters predicted\n/);
});

testProgram("eval rejects a text of one character, which predicts none", async (f) => {
  await Deno.writeTextFile(`${f}/a.txt`, "a".repeat(300));
  await succeed(f, "train", "a.txt", "--out", "run", ...tiny, "--steps", "3");
  assertEquals(await succeed(f, "sample", "run", "--length", "7"), "aaaaaaa");
  const json = JSON.parse(await succeed(f, "eval", "run", "a.txt", "--json"));
  assertEquals([json.chars, json.nats_per_char, json.perplexity], [299, 0, 1]);
  await Deno.writeTextFile(`${f}/one.txt`, "a");
  const { code, err } = await runInside(["eval", `${f}/run`, `${f}/one.txt`]);
  assertEquals(code, 2);
  assertMatch(err, /^error: Cannot evaluate .*"\S+\/one\.txt".* 1 character/);
});

Deno.test("gradcheck compares every element, and passes", async () => {
  const check = async (...args: string[]) => {
    const { code, out, err } = await runInside(["gradcheck", ...args]);
    assertEquals([code, err], [0, ""]);
    assertMatch(out, /^Passed: the largest relative error is /m);
    return out;
  };
  const out = await check("--hidden", "4", "--seq-length", "3", "--batch-size", "2");
  for (const [name, elements] of [["Wxh", 44], ["Whh", 16], ["Why", 44], ["bh", 4], ["by", 11]]) {
    assertMatch(out, new RegExp(`^${name} +${elements} +\\d\\.\\d+e-\\d+ `, "m"));
  }
  assertEquals(await check(), await check("--hidden", "16"));
  const sizes = ["--hidden", "3", "--seq-length", "3", "--layers", "2", "--dropout", "0.5"];
  const gru = await check("--cell", "gru", ...sizes, "--threads", "2");
  assertMatch(gru, /^bhn_l1 +3 /m);
});

testProgram("train, eval and score read standard input and pipes alike", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, rain);
  const shell = async (line: string, args: readonly string[]) => {
    const { code, stdout, stderr } = await new Deno.Command("sh", {
      args: ["-c", line, Deno.execPath(), ...denoArgs(args)],
      cwd: f,
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, out: decode(stdout), err: decode(stderr) };
  };
  const input = (...args: string[]) => shell('exec "$0" "$@" < rain.txt', args);
  const piped = (...args: string[]) => shell('cat rain.txt | "$0" "$@"', args);
  const log = await input("train", "-", ...tiny, "--steps", "20");
  assertMatch(log.out, /^Text: +standard input, 588 characters, /);
  assertMatch(log.out, /saved in runs\/stdin\n/);
  assertMatch(
    (await piped("train", "/dev/stdin", ...tiny, "--steps", "20")).out,
    /runs\/stdin-2\n/,
  );
  for (const [command, ...options] of [["eval"], ["score", "--json"]] as const) {
    const file = await succeed(f, command, "runs/stdin", "rain.txt", ...options);
    assertEquals((await input(command, "runs/stdin", "-", ...options)).out, file);
    assertEquals((await piped(command, "runs/stdin", "/dev/stdin", ...options)).out, file);
  }
  const again = await run(f, ["train", "--resume", "runs/stdin", "--steps", "30"]);
  assertEquals(again.code, 2);
  assertMatch(again.err, /came from standard input; .* train - --resume runs\/stdin\n$/);
  const resumed = await input("train", "-", "--resume", "runs/stdin", "--steps", "30");
  assertMatch(resumed.out, /\n(Done|Ended) after 30 steps; /);
  const fifo = await shell('mkfifo p; cat rain.txt > p & exec "$0" "$@"', [
    "eval",
    "runs/stdin",
    "p",
  ]);
  assertMatch(fifo.out, /^587 characters predicted\n/);
  const { err } = await run(f, ["train", "/dev/zero"]);
  assertMatch(err, /"\/dev\/zero": it seems to be a binary file; it must be a text\n$/);
});

testProgram("commands name the folder in which a relative path leads to nothing", async (f) => {
  const current = `; the current folder is ${JSON.stringify(Deno.realPathSync(f))}\n`;
  for (const args of [["train", "none.txt"], ["eval", "none", "none.txt"], ["sample", "none"]]) {
    const relative = await run(f, args);
    assertEquals(relative.code, 2);
    assert(relative.err.endsWith(current), relative.err);
    const absolute = await run(f, args.map((arg, i) => i === 0 ? arg : `${f}/${arg}`));
    assert(!absolute.err.includes("current folder"), absolute.err);
  }
  assert(!(await run(f, ["train", ""])).err.includes("current folder"));
});
