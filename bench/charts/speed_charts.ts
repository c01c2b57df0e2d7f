/**
 * The two charts of docs/: characters per second over the hidden units, and over the streams.
 */
import { describe } from "../environment.ts";
import type { NetworkSize } from "../network_size.ts";
import { charsPerSecond, type Results, type StepResult } from "../report/report.ts";
import { renderSvg } from "./render_svg.ts";
import { chartOptions } from "./chart_options.ts";

const STEPS = 50;
const hiddenAxis = [32, 64, 96, 128, 192, 256, 384, 512];
const streamsAxis = [1, 2, 4, 8, 16, 32, 64, 128];
/** A line each. */
const hiddenLines = [64, 128, 256, 512];
const streamsLines = [1, 4, 16, 64];

/** All sizes of both charts, each once. */
export const chartSizes: readonly NetworkSize[] = crossings([
  ...hiddenAxis.flatMap((hidden) => streamsLines.map((batchSize) => [hidden, batchSize] as const)),
  ...hiddenLines.flatMap((hidden) => streamsAxis.map((batchSize) => [hidden, batchSize] as const)),
]);

function crossings(pairs: readonly (readonly [number, number])[]): readonly NetworkSize[] {
  const different = new Map(pairs.map((pair) => [pair.join(), pair]));
  return [...different.values()].map(([hidden, batchSize]) => ({
    hidden,
    seqLength: STEPS,
    batchSize,
  }));
}

/** Draws both charts into docs/. */
export async function writeCharts(results: Results): Promise<void> {
  for (const { path, option } of chartsOf(results)) {
    await Deno.writeTextFile(path, await renderSvg(option));
    console.error(`${path} written`);
  }
}

/** Where each chart belongs, and what it shows, as the drawing library wants it. */
export function chartsOf(
  { grid, environment }: Results,
): readonly { readonly path: string; readonly option: unknown }[] {
  const subtitle = `${STEPS} steps, 65 characters, f32, one thread\n${describe(environment)}`;
  const speed = (hidden: number, batchSize: number) => speedOf(grid, hidden, batchSize);
  return [
    {
      path: "docs/speed-over-hidden.svg",
      option: speedChart({
        title: "Training speed over the size of the hidden layer",
        subtitle,
        xName: "hidden units H",
        xs: hiddenAxis,
        lines: streamsLines.map((batchSize) => ({
          name: batchSize === 1 ? "1 stream" : `${batchSize} streams`,
          ys: hiddenAxis.map((hidden) => speed(hidden, batchSize)),
        })),
      }),
    },
    {
      path: "docs/speed-over-streams.svg",
      option: speedChart({
        title: "Training speed over the number of streams",
        subtitle,
        xName: "streams B, side by side",
        xs: streamsAxis,
        lines: hiddenLines.map((hidden) => ({
          name: `H ${hidden}`,
          ys: streamsAxis.map((batchSize) => speed(hidden, batchSize)),
        })),
      }),
    },
  ];
}

function speedOf(grid: readonly StepResult[], hidden: number, batchSize: number): number {
  const result = grid.find(({ size }) => size.hidden === hidden && size.batchSize === batchSize)!;
  return charsPerSecond(result.size, result.milliseconds.median);
}

interface Speeds {
  readonly title: string;
  readonly subtitle: string;
  readonly xName: string;
  readonly xs: readonly number[];
  readonly lines: readonly { readonly name: string; readonly ys: readonly number[] }[];
}

function speedChart({ title, subtitle, xName, xs, lines }: Speeds): unknown {
  const speeds = lines.flatMap(({ ys }) => ys);
  return chartOptions({
    title,
    subtitle,
    xAxis: { type: "log", logBase: 2, min: xs.at(0), max: xs.at(-1), name: xName },
    yAxis: {
      type: "log",
      min: bound(Math.floor, Math.min(...speeds)),
      max: bound(Math.ceil, Math.max(...speeds)),
      name: "characters trained per second",
      minorTick: { show: true, splitNumber: 9 },
      minorSplitLine: { show: true, lineStyle: { color: "#eeeeee" } },
    },
    lines: lines.map(({ name, ys }) => ({
      name,
      points: ys.map((y, i) => [xs[i]!, Math.round(y)] as const),
    })),
  });
}

/** The next multiple of a power of ten: 3,456 becomes 3,000 or 4,000. */
function bound(round: (x: number) => number, speed: number): number {
  const power = 10 ** Math.floor(Math.log10(speed));
  return round(speed / power) * power;
}
