/**
 * The two charts of docs/: characters per second over the hidden units, and over the streams.
 */
import { describe } from "../environment.ts";
import type { StepSize } from "../sizes.ts";
import { charsPerSecond, type Results, type StepResult } from "../report/results.ts";
import { draw } from "./draw.ts";

const STEPS = 50;
const hiddenAxis = [32, 64, 96, 128, 192, 256, 384, 512];
const streamsAxis = [1, 2, 4, 8, 16, 32, 64, 128];
/** A line each. */
const hiddenLines = [64, 128, 256, 512];
const streamsLines = [1, 4, 16, 64];

/** All sizes of both charts, each once. */
export const chartSizes: readonly StepSize[] = crossings([
  ...hiddenAxis.flatMap((hidden) => streamsLines.map((streams) => [hidden, streams] as const)),
  ...hiddenLines.flatMap((hidden) => streamsAxis.map((streams) => [hidden, streams] as const)),
]);

function crossings(pairs: readonly (readonly [number, number])[]): readonly StepSize[] {
  const different = new Map(pairs.map((pair) => [pair.join(), pair]));
  return [...different.values()].map(([hidden, streams]) => ({ hidden, steps: STEPS, streams }));
}

/** Draws both charts into docs/. */
export async function writeCharts(results: Results): Promise<void> {
  for (const { path, option } of chartsOf(results)) {
    await Deno.writeTextFile(path, await draw(option));
    console.error(`${path} written`);
  }
}

/** Where each chart belongs, and what it shows, as the drawing library wants it. */
export function chartsOf(
  { grid, environment }: Results,
): readonly { readonly path: string; readonly option: unknown }[] {
  const subtitle = `${STEPS} steps, 65 characters, f32, one thread\n${describe(environment)}`;
  const speed = (hidden: number, streams: number) => speedOf(grid, hidden, streams);
  return [
    {
      path: "docs/speed-over-hidden.svg",
      option: optionOf({
        title: "Training speed over the size of the hidden layer",
        subtitle,
        xName: "hidden units H",
        xs: hiddenAxis,
        lines: streamsLines.map((streams) => ({
          name: streams === 1 ? "1 stream" : `${streams} streams`,
          ys: hiddenAxis.map((hidden) => speed(hidden, streams)),
        })),
      }),
    },
    {
      path: "docs/speed-over-streams.svg",
      option: optionOf({
        title: "Training speed over the number of streams",
        subtitle,
        xName: "streams B, side by side",
        xs: streamsAxis,
        lines: hiddenLines.map((hidden) => ({
          name: `H ${hidden}`,
          ys: streamsAxis.map((streams) => speed(hidden, streams)),
        })),
      }),
    },
  ];
}

function speedOf(grid: readonly StepResult[], hidden: number, streams: number): number {
  const result = grid.find(({ size }) => size.hidden === hidden && size.streams === streams)!;
  return charsPerSecond(result.size, result.milliseconds.median);
}

interface Chart {
  readonly title: string;
  readonly subtitle: string;
  readonly xName: string;
  readonly xs: readonly number[];
  readonly lines: readonly { readonly name: string; readonly ys: readonly number[] }[];
}

/** Okabe and Ito's colours (2008), which all readers can tell apart. */
const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];
const INK = "#333333";
const symbols = ["circle", "rect", "triangle", "diamond"];

function optionOf({ title, subtitle, xName, xs, lines }: Chart): unknown {
  const axis = {
    nameLocation: "middle",
    nameTextStyle: { color: INK, fontSize: 14 },
    axisLine: { show: true, lineStyle: { color: INK } },
    axisLabel: { color: INK, fontSize: 13 },
  };
  const speeds = lines.flatMap(({ ys }) => ys);
  return {
    backgroundColor: "#ffffff", // Also where the page is dark.
    animation: false,
    color: colours,
    title: {
      text: title,
      subtext: subtitle,
      left: 20,
      top: 14,
      textStyle: { color: INK, fontSize: 18 },
      subtextStyle: { color: "#555555", fontSize: 12, lineHeight: 18 },
    },
    legend: {
      selectedMode: false,
      top: 92,
      left: 20,
      itemGap: 24,
      textStyle: { color: INK, fontSize: 14 },
    },
    grid: { left: 110, right: 40, top: 130, bottom: 65 },
    xAxis: {
      ...axis,
      type: "log",
      logBase: 2,
      min: xs.at(0),
      max: xs.at(-1),
      name: xName,
      nameGap: 34,
      splitLine: { lineStyle: { color: "#eeeeee" } },
    },
    yAxis: {
      ...axis,
      type: "log",
      min: bound(Math.floor, Math.min(...speeds)),
      max: bound(Math.ceil, Math.max(...speeds)),
      name: "characters trained per second",
      nameGap: 70,
      minorTick: { show: true, splitNumber: 9 },
      splitLine: { lineStyle: { color: "#cccccc" } },
      minorSplitLine: { show: true, lineStyle: { color: "#eeeeee" } },
    },
    series: lines.map(({ name, ys }, i) => ({
      name,
      type: "line",
      silent: true,
      data: ys.map((y, i) => [xs[i], Math.round(y)]),
      symbol: symbols[i],
      symbolSize: 9,
      lineStyle: { width: 2.5 },
    })),
  };
}

/** The next multiple of a power of ten: 3,456 becomes 3,000 or 4,000. */
function bound(round: (x: number) => number, speed: number): number {
  const power = 10 ** Math.floor(Math.log10(speed));
  return round(speed / power) * power;
}
