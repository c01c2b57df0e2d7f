/** The chart of runs: their losses, and below them their learning rates. */

import type { TrainingMetrics } from "../../train/metrics.ts";
import { formatCount, formatDuration, formatLoss, formatNumber } from "../format.ts";
import { BACKGROUND, darkColors, GRID, lineColors, TEXT } from "./chart_colors.ts";
import type { Chart } from "./render_chart.ts";

/** A run and its metrics. */
export interface PlottedRun {
  /** The name in the legend. */
  readonly name: string;
  readonly metrics: readonly TrainingMetrics[];
}

/** What the x axis shows. */
export type XAxis = "chars" | "time" | "steps";

interface Scale {
  /** The unit, for so large a value. */
  readonly unit: (max: number) => { readonly name: string; readonly size: number };
  readonly of: (metrics: TrainingMetrics) => number;
}

const scales: Readonly<Record<XAxis, Scale>> = {
  chars: {
    of: ({ chars }) => chars,
    unit: (max) =>
      max >= 1e6
        ? { name: "millions of characters trained on", size: 1e6 }
        : { name: "thousands of characters trained on", size: 1e3 },
  },
  time: {
    of: ({ elapsedSeconds }) => elapsedSeconds,
    unit: (max) =>
      max >= 7200
        ? { name: "hours of training", size: 3600 }
        : max >= 120
        ? { name: "minutes of training", size: 60 }
        : { name: "seconds of training", size: 1 },
  },
  steps: { of: ({ step }) => step, unit: () => ({ name: "steps", size: 1 }) },
};

/** The names of what the x axis may show. */
export const xAxes: readonly XAxis[] = Object.keys(scales) as XAxis[];

/** How many runs a chart may have. */
export const MAX_RUNS = lineColors.length;

const FONT = "system-ui, sans-serif";

/**
 * The chart of runs.
 *
 * @param runs At most {@linkcode MAX_RUNS}.
 * @param x What the x axis shows.
 */
export function runChart(runs: readonly PlottedRun[], x: XAxis): Chart {
  const { of, unit } = scales[x];
  const max = Math.max(0, ...runs.flatMap(({ metrics }) => metrics.slice(-1).map(of)));
  const { name, size } = unit(max);
  const points = (
    metrics: readonly TrainingMetrics[],
    y: (metrics: TrainingMetrics) => number | null,
  ) =>
    metrics.flatMap((one) => {
      const value = y(one);
      return value === null ? [] : [[of(one) / size, value]];
    });
  const line = { type: "line", silent: true, symbol: "none", sampling: "lttb" };
  const series = runs.flatMap(({ name, metrics }, i) => {
    const color = lineColors[i]![0];
    return [
      {
        ...line,
        name,
        data: points(metrics, ({ validationLoss }) => validationLoss),
        lineStyle: { color, width: 2.5 },
        itemStyle: { color },
        symbol: "circle",
        symbolSize: 5,
      },
      {
        ...line,
        name: `${name} (training)`,
        data: points(metrics, ({ step, loss }) => step === 0 ? null : loss),
        lineStyle: { color, width: 1.5, type: [3, 3] },
      },
      {
        ...line,
        name: `${name} (learning rate)`,
        xAxisIndex: 1,
        yAxisIndex: 1,
        data: points(metrics, ({ lr }) => lr),
        lineStyle: { color, width: 1.5 },
      },
    ];
  });
  const label = { color: TEXT, fontFamily: FONT, fontSize: 13 };
  const axis = {
    type: "value",
    nameLocation: "middle",
    nameTextStyle: { ...label, fontSize: 14 },
    axisLine: { show: true, lineStyle: { color: TEXT } },
    axisLabel: label,
    splitLine: { lineStyle: { color: GRID } },
  };
  const xAxis = { ...axis, max: max / size || 1, axisLabel: { ...label, showMaxLabel: false } };
  const legendRows = Math.ceil(runs.length / 4);
  const top = 62 + 38 * legendRows;
  return {
    title: `Losses and learning rate of ${runs.map(({ name }) => name).join(", ")}`,
    description: runs.map(describe).join(" "),
    height: 620,
    darkColors,
    options: {
      animation: false,
      backgroundColor: BACKGROUND,
      title: {
        text: "Loss",
        borderColor: TEXT,
        subtext: "nats per character; solid: validation, dotted: training, smoothed",
        left: 20,
        top: 14,
        textStyle: { color: TEXT, fontFamily: FONT, fontSize: 18 },
        subtextStyle: { color: TEXT, fontFamily: FONT, fontSize: 13 },
      },
      legend: {
        selectedMode: false,
        borderColor: TEXT,
        data: runs.map(({ name }) => ({ name })),
        top: 66,
        left: 20,
        itemGap: 24,
        textStyle: { ...label, width: 150, overflow: "truncate" },
      },
      grid: [
        { left: 80, right: 30, top, bottom: 210 },
        { left: 80, right: 30, height: 90, bottom: 62 },
      ],
      xAxis: [
        { ...xAxis, gridIndex: 0, axisLabel: { show: false } },
        { ...xAxis, gridIndex: 1, name, nameGap: 34 },
      ],
      yAxis: [
        { ...axis, gridIndex: 0, scale: true, name: "loss", nameGap: 50 },
        { ...axis, gridIndex: 1, splitNumber: 2, name: "learning rate", nameGap: 50 },
      ],
      series,
    },
  };
}

/** A run in a sentence. */
function describe({ name, metrics }: PlottedRun): string {
  const last = metrics.at(-1);
  if (last === undefined) return `${name}: no metrics yet.`;
  const validated = metrics.filter(({ validationLoss }) => validationLoss !== null);
  const best = validated.toSorted((a, b) => a.validationLoss! - b.validationLoss!)[0];
  const trained = `${name}: ${formatCount(last.step, "step")}, ` +
    `${formatCount(last.chars, "character")}, ${formatDuration(last.elapsedSeconds)}; ` +
    `training loss ${formatLoss(last.loss)}`;
  if (best === undefined) return `${trained}.`;
  return `${trained}, lowest validation loss ${formatLoss(best.validationLoss!)} at step ` +
    `${formatNumber(best.step)}.`;
}
