import { assertEquals, assertThrows } from "@std/assert";
import {
  lossChart,
  parseValidationLosses,
  readValidationLosses,
} from "../../../bench/charts/loss_chart.ts";
import { InputError } from "../../../src/errors.ts";

Deno.test("lossChart() has a line per run", () => {
  const lines = [
    { name: "gru", points: [[1, 2], [2, 1.5]] },
    { name: "lstm", points: [[1, 2.5]] },
  ] as const;
  const { series } = lossChart(lines) as { series: { name: string; data: unknown }[] };
  assertEquals(series.map(({ name, data }) => ({ name, points: data })), [...lines]);
});

Deno.test("parseValidationLosses() skips lines without a validation loss", () => {
  const metrics = [
    { chars: 1e6, val_loss: 2.5 },
    { chars: 2e6, val_loss: null },
    { chars: 3e6, val_loss: 2 },
  ];
  const text = metrics.map((line) => `${JSON.stringify(line)}\n`).join("");
  assertEquals(parseValidationLosses(text), [[1, 2.5], [3, 2]]);
});

Deno.test({
  name: "readValidationLosses() rejects a folder without metrics.jsonl (needs --allow-read)",
  ignore: Deno.permissions.querySync({ name: "read" }).state !== "granted",
  fn() {
    assertThrows(() => readValidationLosses("bench"), InputError, "bench/metrics.jsonl");
  },
});
