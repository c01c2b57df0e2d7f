/** `eval` and `gradcheck`: their tables and their JSON. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { gzipSync } from "node:zlib";
import { runInside, succeed, testProgram, tiny, trainedInside } from "./program.ts";

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
      ["model", "nats_per_char"],
      ["bigram", "bigram_nats_per_char"],
      ["unigram", "unigram_nats_per_char"],
      ["uniform", "uniform_nats_per_char"],
      ["gzip -9", "gzip_nats_per_char"],
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
