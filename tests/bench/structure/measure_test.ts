import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseCandidates } from "../../../bench/structure/candidates.ts";
import {
  count,
  makeText,
  sampleRecords,
  type StructuredText,
  trainOn,
} from "../../../bench/structure/measure.ts";
import type { Structure } from "../../../bench/structure/structure.ts";
import { formatTable } from "../../../bench/structure/table.ts";
import { InputError } from "../../../src/errors.ts";

/** Lines of a and b. */
const structure: Structure = {
  name: "ab",
  description: "a and b",
  criteria: ["letters", "even"],
  extent: "length",
  separator: "\n",
  makeText: () => "ab\nabab\n".repeat(60),
  check: (record) => ({
    holds: [/^[ab]*$/.test(record), record.length % 2 === 0],
    extent: record.length,
  }),
};

Deno.test("parseCandidates() reads options of train, configuration and limits", () => {
  assertEquals(parseCandidates("auto; --lines --minutes 2 ;--hidden 8 --steps 5"), [
    { options: "auto", config: {}, limits: {} },
    { options: "--lines --minutes 2", config: { holdout: "lines" }, limits: { minutes: 2 } },
    { options: "--hidden 8 --steps 5", config: { hidden: 8 }, limits: { steps: 5 } },
  ]);
  for (const text of ["", "auto;", "--wrong", "--out a", "--hidden 8 --tensorboard"]) {
    assertThrows(() => parseCandidates(text), InputError, "Cannot read the candidate", text);
  }
});

Deno.test("count() counts criteria, whole records and copies", async () => {
  const text = await makeText(structure, 1);
  assertEquals(count(text, [["ab", "aba", "cd"], ["bb"]]), {
    ...{ records: 4, holding: [3, 3], whole: 2, copied: 1, extent: 9 / 4 },
  });
});

Deno.test("sampleRecords() drops what a sample cuts off, and keeps what never ends", async () => {
  const text = await makeText(structure, 1);
  const run = { seed: 1, threads: 1 };
  const sampling = { chars: 100, seed: 1, promptRecords: 0 };
  for (const [options, lines] of [["--lr 0.01", false], ["--lines", true]] as const) {
    const [candidate] = parseCandidates(`${options} --hidden 16 --steps 300`);
    const { model, steps } = await trainOn(text, { ...run, candidate: candidate! });
    assertEquals(steps, 300);
    const texts = sampleRecords(model, text, sampling);
    assert(texts.every((records) => lines ? records.length <= 1 : records.length > 1));
    const { whole, records } = count(text, texts);
    assert(whole > records / 2, `${whole} of ${records}`);
    const prompted = sampleRecords(model, text, { ...sampling, promptRecords: 2 });
    assert(lines || JSON.stringify(prompted) !== JSON.stringify(texts));
  }
  // A model that has seen no line break but the last writes lines without end.
  const endless = "abababab".repeat(40);
  const records = ["abab"];
  const long: StructuredText = { structure, text: `${endless}\n`, records };
  const [candidate] = parseCandidates("--hidden 8 --steps 100");
  const { model } = await trainOn(long, { ...run, candidate: candidate! });
  const [first] = sampleRecords(model, { structure, text: "abab\n", records }, sampling);
  assert(first!.some((record) => record.length >= 4));
});

Deno.test("formatTable() has a row for each training and sampling", () => {
  const trained = {
    ...{ description: "gru", steps: 2000, bestStep: 1500, seconds: 3, validationLoss: 0.5 },
  };
  const counts = { records: 40, holding: [40, 20], whole: 20, copied: 4, extent: 3 };
  const lines = formatTable(structure, [
    { options: "auto", sampling: "", trained, counts },
    { options: "--lines", sampling: "--top-p 0.9", trained, counts: { ...counts, records: 0 } },
  ]).split("\n");
  assertEquals(lines.length, 6);
  assertEquals(
    lines[4],
    "| auto | gru | 2,000 | 1,500 | 0.5000 | default | 40 | 100 % | 50 % | 3.0 | **50 %** | 10 % |",
  );
  assert(lines[5]!.startsWith("| `--lines` | gru |"));
});
