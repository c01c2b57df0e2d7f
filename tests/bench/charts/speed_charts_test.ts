import { assert, assertEquals } from "@std/assert";
import { chartSizes, chartsOf } from "../../../bench/charts/speed_charts.ts";
import { environment } from "../../../bench/environment.ts";

Deno.test("no size of the charts is measured twice", () => {
  const names = chartSizes.map(({ hidden, batchSize }) => `${hidden} ${batchSize}`);
  assertEquals(new Set(names).size, names.length);
});

Deno.test("the charts show the characters per second of every size that was measured", () => {
  const shown = new Set<number>();
  // A different speed for each size: 50·B characters in as many milliseconds as make it so.
  const speeds = chartSizes.map((_, i) => 1000 + i);
  const summary = (value: number) => ({ median: value, minimum: value, maximum: value });
  const grid = chartSizes.map((size, i) => ({
    ...{ size, threads: 1 },
    milliseconds: summary(1000 * size.seqLength * size.batchSize / speeds[i]!),
    gflops: summary(1),
    share: summary(1),
  }));
  const rest = { plan: { rounds: 1, seconds: 1 }, probes: [], seqLength: [], products: [] };
  const charts = chartsOf({ environment: environment(), ...rest, grid });
  assertEquals(charts.map(({ path }) => path), [
    "docs/speed-over-hidden.svg",
    "docs/speed-over-streams.svg",
  ]);
  for (const { option } of charts) {
    const { series } = JSON.parse(JSON.stringify(option)) as {
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
