/** The charts of training speed in docs/: over the hidden units, and over the streams. */
import { printMessage } from "../../src/cli/output.ts";
import { formatEnvironment } from "../environment.ts";
import { charsPerSecond, type Report, type TrainingStepResult } from "../report/report.ts";
import { VOCABULARY_SIZE, type WorkloadSize } from "../workload.ts";
import { chartOptions } from "./chart_options.ts";
import { darkColors, GRID } from "../../src/cli/plot/chart_colors.ts";
import { type Chart, renderChart } from "../../src/cli/plot/render_chart.ts";

const SEQ_LENGTH = 50;
/** The values along each x axis. */
const hiddenAxis = [32, 64, 96, 128, 192, 256, 384, 512];
const batchAxis = [1, 2, 4, 8, 16, 32, 64, 128];
/** The values with a line of their own in the other chart. */
const hiddenLines = [64, 128, 256, 512];
const batchLines = [1, 4, 16, 64];

/** The sizes of both charts, without duplicates. */
export const chartSizes: readonly WorkloadSize[] = distinctSizes([
  ...hiddenAxis.flatMap((hidden) => batchLines.map((batchSize) => [hidden, batchSize] as const)),
  ...hiddenLines.flatMap((hidden) => batchAxis.map((batchSize) => [hidden, batchSize] as const)),
]);

function distinctSizes(pairs: readonly (readonly [number, number])[]): readonly WorkloadSize[] {
  const distinct = new Map(pairs.map((pair) => [pair.join(), pair]));
  return [...distinct.values()].map(([hidden, batchSize]) => ({
    hidden,
    seqLength: SEQ_LENGTH,
    batchSize,
  }));
}

/** Draws charts into docs/. */
export async function writeCharts(charts: readonly ChartFile[]): Promise<void> {
  for (const { path, ...chart } of charts) {
    const svg = await renderChart({ darkColors, ...chart });
    await Deno.writeTextFile(new URL(`../../${path}`, import.meta.url), svg);
    printMessage(`Wrote ${path}`);
  }
}

/** A chart and the file that it is written to. */
export interface ChartFile extends Chart {
  /** Relative to the project. */
  readonly path: string;
}

/** Both charts of a report that measured {@linkcode chartSizes}. */
export function speedCharts({ chartSteps, environment }: Report): readonly ChartFile[] {
  const subtitle =
    `sequence length ${SEQ_LENGTH}, vocabulary of ${VOCABULARY_SIZE}, f32, one thread\n` +
    formatEnvironment(environment);
  const speed = (hidden: number, batchSize: number) => findSpeed(chartSteps, { hidden, batchSize });
  return [
    {
      path: "docs/speed-over-hidden.svg",
      title: "Training speed by hidden units",
      description: subtitle.replaceAll("\n", ". "),
      options: speedChart({
        title: "Training speed by hidden units",
        subtitle,
        xName: "hidden units (H)",
        xs: hiddenAxis,
        lines: batchLines.map((batchSize) => ({
          name: batchSize === 1 ? "1 stream" : `${batchSize} streams`,
          ys: hiddenAxis.map((hidden) => speed(hidden, batchSize)),
        })),
      }),
    },
    {
      path: "docs/speed-over-streams.svg",
      title: "Training speed by batch size",
      description: subtitle.replaceAll("\n", ". "),
      options: speedChart({
        title: "Training speed by batch size",
        subtitle,
        xName: "streams of a batch (B)",
        xs: batchAxis,
        lines: hiddenLines.map((hidden) => ({
          name: `H ${hidden}`,
          ys: batchAxis.map((batchSize) => speed(hidden, batchSize)),
        })),
      }),
    },
  ];
}

function findSpeed(
  steps: readonly TrainingStepResult[],
  { hidden, batchSize }: Omit<WorkloadSize, "seqLength">,
): number {
  const step = steps.find(({ size }) => size.hidden === hidden && size.batchSize === batchSize)!;
  return charsPerSecond(step.size, step.milliseconds.median);
}

interface SpeedChart {
  readonly title: string;
  readonly subtitle: string;
  readonly xName: string;
  readonly xs: readonly number[];
  /** Characters per second at each x. */
  readonly lines: readonly { readonly name: string; readonly ys: readonly number[] }[];
}

function speedChart({ title, subtitle, xName, xs, lines }: SpeedChart): unknown {
  const speeds = lines.flatMap(({ ys }) => ys);
  return chartOptions({
    title,
    subtitle,
    xAxis: { type: "log", logBase: 2, min: xs.at(0), max: xs.at(-1), name: xName },
    yAxis: {
      type: "log",
      min: roundToLeadingDigit(Math.min(...speeds), Math.floor),
      max: roundToLeadingDigit(Math.max(...speeds), Math.ceil),
      name: "characters per second",
      minorTick: { show: true, splitNumber: 9 },
      minorSplitLine: { show: true, lineStyle: { color: GRID } },
    },
    lines: lines.map(({ name, ys }) => ({
      name,
      points: ys.map((y, i) => [xs[i]!, Math.round(y)] as const),
    })),
  });
}

/** Rounds to one significant digit: 3456 becomes 3000 or 4000. */
function roundToLeadingDigit(value: number, round: (x: number) => number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return round(value / power) * power;
}
