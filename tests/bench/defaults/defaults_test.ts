import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseCandidates } from "../../../bench/defaults/candidates.ts";
import type { RunResult } from "../../../bench/defaults/results.ts";
import { configOf, makeRun } from "../../../bench/defaults/sweep.ts";
import { formatResults } from "../../../bench/defaults/table.ts";
import { InputError } from "../../../src/errors.ts";
import { corpusFromText } from "../../../src/text/corpus.ts";

Deno.test("parseCandidates() reads options of train, one candidate per line", () => {
  const text = "# comment\n\nauto\n--layers 2 --hidden 96 --lr-schedule linear\n";
  assertEquals(parseCandidates(text), [
    { options: "auto", config: {} },
    {
      options: "--layers 2 --hidden 96 --lr-schedule linear",
      config: { layers: 2, hidden: 96, lrSchedule: "linear" },
    },
  ]);
});

Deno.test("parseCandidates() rejects what is no configuration", () => {
  for (const text of ["", "# only a comment", "--wrong 1", "--steps 5", "--hidden 8 --minutes 2"]) {
    assertThrows(() => parseCandidates(text), InputError, "Cannot read", text);
  }
});

Deno.test("makeRun() trains for the steps of its time, and measures the test part", async () => {
  const corpus = corpusFromText("the rain in spain stays mainly in the plain. ".repeat(40));
  const [candidate] = parseCandidates("--hidden 8 --layers 1 --batch-size 2 --seq-length 10");
  const run = { name: "rain", corpus, candidate: candidate!, minutes: 0.01, seed: 3 };
  assertEquals(configOf(run).seed, 3);
  const result = await makeRun(run, 2000);
  // 0.6 s of which 95 % are training, at 2,000 characters a second, in steps of 20.
  assertEquals(result!.chars, 57 * 20);
  assert(result!.testLoss > 0 && result!.testLoss < 4);
  assertEquals((await makeRun(run, 2000))!.testLoss, result!.testLoss);
});

Deno.test("makeRun() needs a text that is long enough for a test part", async () => {
  const corpus = corpusFromText("abcabc");
  const [candidate] = parseCandidates("--hidden 4");
  const run = { name: "abc", corpus, candidate: candidate!, minutes: 0.001, seed: 1 };
  assertEquals(await makeRun(run, 1000), undefined);
});

Deno.test("formatResults() averages seeds, and sorts by the validation loss", () => {
  const run: RunResult = {
    ...{ text: "a.txt", hash: "0", minutes: 0.33, options: "auto", seed: 1, model: "gru" },
    ...{ speed: 100, chars: 1000, bestAt: 1, validationLoss: 2, testLoss: 2.5 },
  };
  const table = formatResults([
    run,
    { ...run, seed: 2, validationLoss: 3, testLoss: 3.5 },
    { ...run, options: "--hidden 8", validationLoss: 1, bestAt: 0.5, minutes: null },
    { ...run, options: "--hidden 8", validationLoss: 1, bestAt: 0.5 },
  ]);
  const rows = table.split("\n");
  assertEquals(rows.filter((line) => line.startsWith("###")), [
    "### a.txt, 20 s",
    "### a.txt, no limit",
  ]);
  assert(rows[4]!.includes("`--hidden 8`") && rows[4]!.includes("| 50 % | 1 | 1.0000 |"));
  assert(rows[5]!.includes("| auto |") && rows[5]!.includes("| 2 | 2.5000 | 3.0000 |"));
});
