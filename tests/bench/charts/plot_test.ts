import { assertEquals } from "@std/assert";
import { lossChart } from "../../../bench/charts/plot.ts";

Deno.test("a chart of curves has a line for each run, through its validations", () => {
  const lines = [
    { name: "gru", points: [[1, 2], [2, 1.5]] },
    { name: "lstm", points: [[1, 2.5]] },
  ] as const;
  const { series } = lossChart(lines) as { series: { name: string; data: unknown }[] };
  assertEquals(series.map(({ name, data }) => ({ name, points: data })), [...lines]);
});
