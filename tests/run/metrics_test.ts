import { assertEquals } from "@std/assert";
import { appendMetrics, formatMetrics, metricsUntil } from "../../src/run/metrics.ts";
import { testFiles } from "./folders.ts";

const report = {
  epoch: 0.5,
  chars: 10,
  loss: 2,
  batchLoss: 3,
  validationLoss: null,
  charsPerSecond: 5,
  elapsedSeconds: 1,
};
const line = (step: number, validationLoss: number | null = null) =>
  formatMetrics({ step, ...report, validationLoss });
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
  loggedStep: 20,
  validationsSinceBest: 0,
  lrReductions: 0,
  ended: false,
  elapsedSeconds: 1,
};

Deno.test("the reports up to a checkpoint stay as they are, to the character", () => {
  const kept = line(1) + line(10, 1.5) + ' {"step": 20, "odd":  "spacing", "val_loss": null}\n';
  const same = { ...progress, validatedStep: 20 };
  for (const more of ["", line(25), line(30) + line(40, 2), '{"step":3', "\n\n", line(20, 1)]) {
    assertEquals(metricsUntil(kept + more, same), { kept, lastStep: 20 });
  }
});

Deno.test("what only the end of a run validated is taken from its last regular report", () => {
  const ended = line(1) + line(10, 1.5) + line(20, 1.25);
  assertEquals(metricsUntil(ended, progress).kept, line(1) + line(10, 1.5) + line(20));
  const validated = { ...progress, validatedStep: 20 };
  assertEquals(metricsUntil(ended, validated).kept, ended);
});

Deno.test("lines that are no reports go, and a report that is missing is noticed", () => {
  const torn = line(1) + '{"step":10,"epo\n' + "null\n[]\n" + line(10, 1.5);
  assertEquals(metricsUntil(torn, progress), { kept: line(1) + line(10, 1.5), lastStep: 10 });
  assertEquals(metricsUntil("", progress), { kept: "", lastStep: null });
});

Deno.test("a run without a report at its interval keeps none", () => {
  const none = { ...progress, step: 1, loggedStep: null };
  assertEquals(metricsUntil(line(1), none), { kept: "", lastStep: null });
  // Of a checkpoint that does not know its reports, those before it are kept.
  const unknown = { ...progress, loggedStep: null };
  assertEquals(metricsUntil(line(24) + line(25) + line(26), unknown).kept, line(24));
});

testFiles("a report is appended as one line", (folder) => {
  const path = `${folder}/metrics.jsonl`;
  for (const step of [1, 2]) appendMetrics(path, { step, ...report });
  assertEquals(Deno.readTextFileSync(path), line(1) + line(2));
  assertEquals(
    line(1),
    '{"step":1,"epoch":0.5,"chars":10,"loss":2,"batch_loss":3,"val_loss":null,' +
      '"chars_per_s":5,"elapsed_s":1}\n',
  );
});
