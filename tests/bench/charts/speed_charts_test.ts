import { assert, assertEquals } from "@std/assert";
import { chartSizes, speedCharts } from "../../../bench/charts/speed_charts.ts";
import { readEnvironment } from "../../../bench/environment.ts";

Deno.test("chartSizes has no duplicates", () => {
  const names = chartSizes.map(({ hidden, batchSize }) => `${hidden} ${batchSize}`);
  assertEquals(new Set(names).size, names.length);
});

Deno.test("speedCharts() shows the characters per second of every size", () => {
  const shown = new Set<number>();
  // Every size has a speed of its own, which identifies it in the charts.
  const speeds = chartSizes.map((_, i) => 1000 + i);
  const summary = (value: number) => ({ median: value, minimum: value, maximum: value });
  const chartSteps = chartSizes.map((size, i) => ({
    size,
    threads: 1,
    milliseconds: summary(1000 * size.seqLength * size.batchSize / speeds[i]!),
    gflops: summary(1),
    shareOfPeak: summary(1),
  }));
  const charts = speedCharts({
    environment: readEnvironment(),
    timing: { rounds: 1, seconds: 1 },
    peaks: [],
    trainingSteps: [],
    products: [],
    chartSteps,
  });
  assertEquals(charts.map(({ path }) => path), [
    "docs/speed-over-hidden.svg",
    "docs/speed-over-streams.svg",
  ]);
  for (const { options } of charts) {
    const { series } = JSON.parse(JSON.stringify(options)) as {
      series: { name: string; data: [number, number][] }[];
    };
    for (const { name, data } of series) {
      for (const [x, speed] of data) {
        const { hidden, batchSize } = chartSizes[speeds.indexOf(speed)]!;
        const line = /^H (\d+)$/.exec(name)?.[1];
        assert(line ? batchSize === x && hidden === Number(line) : hidden === x, name);
        if (!line) assertEquals(name, batchSize === 1 ? "1 stream" : `${batchSize} streams`);
        shown.add(speed);
      }
    }
  }
  assertEquals(shown.size, chartSizes.length);
});
