import { assert, assertEquals } from "@std/assert";
import { runChart } from "../../../src/cli/plot/run_chart.ts";
import { metricsAt } from "../../train/metrics.ts";

interface Options {
  readonly series: readonly { name: string; data: number[][]; yAxisIndex?: number }[];
  readonly xAxis: readonly { name?: string }[];
  readonly legend: { data: readonly { name: string }[] };
}

const metrics = [
  metricsAt(0, { chars: 0, elapsedSeconds: 0, lr: 0.1 }),
  metricsAt(100, { chars: 5e6, elapsedSeconds: 90, loss: 2, validationLoss: 1.5, lr: 0.2 }),
  metricsAt(200, { chars: 1e7, elapsedSeconds: 240, loss: 1.5, validationLoss: 1.75, lr: 0.1 }),
];

Deno.test("runChart() draws validation, training and rate of each run", () => {
  const { options, title } = runChart(
    [{ name: "a", metrics }, { name: "b", metrics: [] }],
    "chars",
  );
  const { series, xAxis, legend } = options as Options;
  assertEquals(series.slice(0, 3).map(({ name, data }) => [name, data]), [
    ["a", [[5, 1.5], [10, 1.75]]],
    ["a (training)", [[5, 2], [10, 1.5]]],
    ["a (learning rate)", [[0, 0.1], [5, 0.2], [10, 0.1]]],
  ]);
  assertEquals(series.map(({ yAxisIndex }) => yAxisIndex), [
    undefined,
    undefined,
    1,
    undefined,
    undefined,
    1,
  ]);
  assertEquals(xAxis[1]!.name, "millions of characters trained on");
  assertEquals(legend.data, [{ name: "a" }, { name: "b" }]);
  assertEquals(title, "Losses and learning rate of a, b");
});

Deno.test("runChart() describes runs in words", () => {
  const runs = [{ name: "a", metrics }, { name: "b", metrics: metrics.slice(0, 1) }, {
    name: "c",
    metrics: [],
  }];
  const { description } = runChart(runs, "chars");
  assertEquals(
    description,
    "a: 200 steps, 10,000,000 characters, 4:00; training loss 1.5000, lowest validation loss " +
      "1.5000 at step 100. b: 0 steps, 0 characters, 0.0 s; training loss 2.0000. c: no metrics yet.",
  );
});

Deno.test("runChart() has units for each axis and length", () => {
  const at = (x: "chars" | "time" | "steps", factor: number) => {
    const scaled = metrics.map((one) => ({
      ...one,
      chars: one.chars * factor,
      elapsedSeconds: one.elapsedSeconds * factor,
    }));
    const { series, xAxis } = runChart([{ name: "a", metrics: scaled }], x).options as Options;
    return [xAxis[1]!.name, series[2]!.data.at(-1)![0]];
  };
  assertEquals(at("chars", 0.01), ["thousands of characters trained on", 100]);
  assertEquals(at("time", 0.1), ["seconds of training", 24]);
  assertEquals(at("time", 1), ["minutes of training", 4]);
  assertEquals(at("time", 60), ["hours of training", 4]);
  assertEquals(at("steps", 1), ["steps", 200]);
});

Deno.test("runChart() has colors of enough contrast on light and dark pages", () => {
  const runs = Array.from({ length: 8 }, (_, i) => ({ name: String(i), metrics }));
  const { darkColors = {} } = runChart(runs, "chars");
  const luminance = (color: string) => {
    const [r, g, b] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) / 255)
      .map((x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  const contrast = (a: string, b: string) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high! + 0.05) / (low! + 0.05);
  };
  const { "#ffffff": darkPage, "#dddddd": _, ...inks } = darkColors;
  assertEquals(Object.keys(inks).length, 9);
  for (const [light, dark] of Object.entries(inks)) {
    assert(contrast(light, "#ffffff") >= 3, light);
    assert(contrast(dark, darkPage!) >= 3, dark);
  }
});
