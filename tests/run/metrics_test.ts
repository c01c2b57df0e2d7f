import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import {
  appendMetrics,
  formatMetrics,
  keptMetrics,
  readMetrics,
  truncateMetrics,
} from "../../src/run/metrics.ts";
import { testInFolder } from "../folders.ts";
import { metricsAt } from "../train/metrics.ts";

const line = (step: number, validationLoss: number | null = null) =>
  formatMetrics(metricsAt(step, { validationLoss }));
const progress = {
  step: 25,
  epoch: 0,
  chars: 0,
  position: 0,
  loss: 1,
  batchLoss: 1,
  validationLoss: 1,
  bestValidationLoss: 1,
  validatedStep: 10,
  bestStep: 10,
  loggedStep: 20,
  validationsSinceBest: 0,
  lrReductions: 0,
  badSteps: 0,
  badLoss: null,
  ended: false,
  threads: 2,
  elapsedSeconds: 1,
};

Deno.test("truncateMetrics() keeps lines up to a checkpoint to the character", () => {
  const kept = line(1) + line(10, 1.5) + ' {"step": 20, "odd":  "spacing", "val_loss": null}\n';
  const same = { ...progress, validatedStep: 20 };
  for (const more of ["", line(25), line(30) + line(40, 2), '{"step":3', "\n\n", line(20, 1)]) {
    assertEquals(truncateMetrics(kept + more, same), { kept, lastStep: 20 });
  }
});

Deno.test("truncateMetrics() removes a validation loss that only the end of the run added", () => {
  const ended = line(1) + line(10, 1.5) + line(20, 1.25);
  assertEquals(truncateMetrics(ended, progress).kept, line(1) + line(10, 1.5) + line(20));
  const validated = { ...progress, validatedStep: 20 };
  assertEquals(truncateMetrics(ended, validated).kept, ended);
});

Deno.test("truncateMetrics() removes incomplete lines, and finds the last step", () => {
  const torn = line(1) + '{"step":10,"epo\n' + "null\n[]\n" + line(10, 1.5);
  assertEquals(truncateMetrics(torn, progress), { kept: line(1) + line(10, 1.5), lastStep: 10 });
  assertEquals(truncateMetrics("", progress), { kept: "", lastStep: null });
});

Deno.test("truncateMetrics() keeps no line of a run that logged no regular metrics", () => {
  const none = { ...progress, step: 1, loggedStep: null };
  assertEquals(truncateMetrics(line(1), none), { kept: "", lastStep: null });
  // A checkpoint without a logged step keeps the lines before its own.
  const unknown = { ...progress, loggedStep: null };
  assertEquals(truncateMetrics(line(24) + line(25) + line(26), unknown).kept, line(24));
});

testInFolder("appendMetrics() writes one line, in snake case", (folder) => {
  const path = `${folder}/metrics.jsonl`;
  for (const step of [1, 2]) appendMetrics(path, metricsAt(step));
  assertEquals(Deno.readTextFileSync(path), line(1) + line(2));
  assertEquals(
    line(1),
    '{"step":1,"epoch":0.5,"chars":10,"loss":2,"batch_loss":3,"val_loss":null,' +
      '"lr":0.01,"chars_per_s":5,"threads":1,"elapsed_s":1}\n',
  );
});

testInFolder("readMetrics() rejects a folder without metrics, and names it", async (folder) => {
  const { message } = await assertRejects(() => readMetrics(folder), InputError);
  assertEquals(message.startsWith(`Cannot read the metrics "${folder}/metrics.jsonl": `), true);
});

testInFolder("appendMetrics() replaces the last line of the same step", (folder) => {
  const path = `${folder}/metrics.jsonl`;
  for (const step of [1, 20, 30]) appendMetrics(path, metricsAt(step));
  appendMetrics(path, metricsAt(30, { validationLoss: 1.25, loss: 1 / 3 }));
  assertEquals(
    Deno.readTextFileSync(path),
    line(1) + line(20) + formatMetrics(metricsAt(30, { validationLoss: 1.25, loss: 1 / 3 })),
  );
  appendMetrics(path, metricsAt(30));
  assertEquals(Deno.readTextFileSync(path), line(1) + line(20) + line(30));
});

testInFolder("keptMetrics() reads files of any length from their end", async (folder) => {
  const path = `${folder}/metrics.jsonl`;
  const count = 40_000;
  const lines = Array.from({ length: count }, (_, i) => line(i + 1));
  const text = lines.join("");
  assert(text.length > 4 * 2 ** 20);
  Deno.writeTextFileSync(path, text);
  for (const loggedStep of [1, 2, 7_001, 20_000, count - 1, count, count + 1]) {
    const at = { ...progress, step: loggedStep, loggedStep, validatedStep: null };
    const { kept, lastStep } = truncateMetrics(text, at);
    const found = keptMetrics(path, at);
    assertEquals(found.lastStep, lastStep);
    assertEquals(text.slice(0, found.length) + found.suffix === kept, true, String(loggedStep));
    assertEquals(found.isWhole, kept === text);
  }
  assertEquals((await readMetrics(folder)).length, count);
});

testInFolder("keptMetrics() passes over zeros that a crash left, and refuses endless ones", (f) => {
  const path = `${f}/metrics.jsonl`;
  const at = { ...progress, validatedStep: null };
  Deno.writeTextFileSync(path, line(1) + line(20));
  Deno.truncateSync(path, 3 * 2 ** 20);
  const { length, suffix, isWhole } = keptMetrics(path, at);
  assertEquals([length, suffix, isWhole], [0, line(1) + line(20), false]);
  Deno.truncateSync(path, 2 ** 40);
  assertThrows(() => keptMetrics(path, at), InputError, "are no metrics");
});
