import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { appendMetrics, formatMetrics } from "../../src/run/metrics.ts";
import { MetricsReader } from "../../src/run/metrics_reader.ts";
import type { TrainingMetrics } from "../../src/train/metrics.ts";
import { testInFolder } from "../folders.ts";
import { metricsAt } from "../train/metrics.ts";

/** A reader, and what a program has of the metrics that it reads. */
function following(folder: string) {
  const reader = new MetricsReader(folder);
  const metrics: TrainingMetrics[] = [];
  return {
    reader,
    /** The steps, and how many of them were read. */
    async read(): Promise<[steps: number[], read: number]> {
      const { kept, added } = await reader.read();
      metrics.splice(kept, Infinity, ...added);
      return [metrics.map(({ step }) => step), added.length];
    },
    /** How many lines are no metrics. */
    unreadable: async () => (await reader.read()).unreadable,
    metrics,
  };
}

const lines = (...steps: number[]) => steps.map((step) => formatMetrics(metricsAt(step))).join("");

testInFolder("MetricsReader reads only lines that were appended", async (folder) => {
  const path = `${folder}/metrics.jsonl`;
  const { read } = following(folder);
  assertEquals(await read(), [[], 0]);
  appendMetrics(path, metricsAt(1));
  assertEquals(await read(), [[1], 1]);
  assertEquals(await read(), [[1], 0]);
  for (const step of [2, 3]) appendMetrics(path, metricsAt(step));
  assertEquals(await read(), [[1, 2, 3], 2]);
});

testInFolder("MetricsReader replaces a last line of the same step", async (folder) => {
  const path = `${folder}/metrics.jsonl`;
  const { read, metrics } = following(folder);
  for (const step of [1, 2]) appendMetrics(path, metricsAt(step));
  await read();
  appendMetrics(path, metricsAt(2, { validationLoss: 1.25 }));
  assertEquals(await read(), [[1, 2], 1]);
  assertEquals(metrics[1]!.validationLoss, 1.25);
  // Of the same length, within the resolution of a clock.
  appendMetrics(path, metricsAt(2, { validationLoss: 1.75 }));
  appendMetrics(path, metricsAt(3));
  assertEquals(await read(), [[1, 2, 3], 2]);
  assertEquals(metrics[1]!.validationLoss, 1.75);
});

testInFolder("MetricsReader waits for the end of a line", async (folder) => {
  const path = `${folder}/metrics.jsonl`;
  const { read } = following(folder);
  const text = lines(1, 2);
  for (let length = 1; length < text.length; length += 7) {
    Deno.writeTextFileSync(path, text.slice(0, length));
    const count = text.slice(0, length).split("\n").length - 1;
    assertEquals((await read())[0], [1, 2].slice(0, count));
  }
});

testInFolder(
  "MetricsReader reads a file that was cut, replaced or removed again",
  async (folder) => {
    const path = `${folder}/metrics.jsonl`;
    const { read } = following(folder);
    Deno.writeTextFileSync(path, lines(1, 2, 3, 4));
    await read();
    // As a run that is resumed does.
    Deno.writeTextFileSync(`${path}.tmp`, lines(1, 2));
    Deno.renameSync(`${path}.tmp`, path);
    assertEquals((await read())[0], [1, 2]);
    Deno.writeTextFileSync(path, lines(1));
    assertEquals((await read())[0], [1]);
    Deno.writeTextFileSync(path, lines(7, 8, 9));
    assertEquals((await read())[0], [7, 8, 9]);
    Deno.removeSync(path);
    assertEquals((await read())[0], []);
    Deno.writeTextFileSync(path, lines(5));
    assertEquals((await read())[0], [5]);
  },
);

testInFolder(
  "MetricsReader leaves out lines that are no metrics, and counts them",
  async (folder) => {
    const path = `${folder}/metrics.jsonl`;
    const { read, unreadable } = following(folder);
    const wrong = [
      "null",
      "[]",
      "{",
      '{"step":2}',
      "\0".repeat(5000),
      lines(3).trim().replace("2,", '"2",'),
      "x".repeat(3 * 2 ** 20),
      lines(4).trim().replace('"loss":2', '"loss":1e999'),
    ];
    Deno.writeTextFileSync(path, lines(1) + wrong.map((line) => `${line}\n`).join("") + lines(5));
    assertEquals(await read(), [[1, 5], 2]);
    assertEquals(await unreadable(), wrong.length);
    Deno.writeTextFileSync(path, `${wrong.join("\n")}\n`, { append: true });
    for (let i = 0; i < 2; i++) assertEquals(await unreadable(), 2 * wrong.length);
    // A line without its end is still being written.
    Deno.writeTextFileSync(path, lines(6).slice(0, -1), { append: true });
    assertEquals(await unreadable(), 2 * wrong.length);
    Deno.writeTextFileSync(path, "\n", { append: true });
    assertEquals(await read(), [[1, 5, 6], 1]);
    assertEquals(await unreadable(), 2 * wrong.length);
    Deno.writeTextFileSync(path, lines(1));
    assertEquals(await read(), [[1], 1]);
    assertEquals(await unreadable(), 0);
  },
);

testInFolder("MetricsReader reads a hundred thousand lines", async (folder) => {
  const path = `${folder}/metrics.jsonl`;
  const { read } = following(folder);
  const steps = Array.from({ length: 100_000 }, (_, i) => i);
  Deno.writeTextFileSync(path, lines(...steps));
  assertEquals((await read())[1], 100_000);
  Deno.writeTextFileSync(path, lines(100_000), { append: true });
  assertEquals((await read())[1], 1);
});

testInFolder("MetricsReader names a file that is none, and reads the next one", async (folder) => {
  const path = `${folder}/metrics.jsonl`;
  const { read } = following(folder);
  Deno.writeTextFileSync(path, lines(1));
  await read();
  Deno.removeSync(path);
  Deno.mkdirSync(path);
  const { message } = await assertRejects(read, InputError);
  assertEquals(message.startsWith(`Cannot read the metrics "${path}": it is a folder`), true);
  Deno.removeSync(path);
  Deno.writeTextFileSync(path, lines(1, 2));
  assertEquals(await read(), [[1, 2], 2]);
});
