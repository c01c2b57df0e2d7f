/** The look that all charts share. */

import { BACKGROUND, GRID, lineColors, TEXT } from "../../src/cli/plot/chart_colors.ts";

const symbols = [
  ...["circle", "rect", "triangle", "diamond"],
  ...["emptyCircle", "emptyRect", "emptyTriangle", "emptyDiamond"],
];

/** The most lines of a chart: each has a color and a symbol of its own. */
export const MAX_LINES = symbols.length;

/** A line of a chart. */
export interface Line {
  /** The entry in the legend. */
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** A line chart. */
export interface Chart {
  readonly title: string;
  /** One or two lines of text. */
  readonly subtitle: string;
  /** Options of ECharts for the x axis; they override the shared ones. */
  readonly xAxis: Readonly<Record<string, unknown>>;
  /** Options of ECharts for the y axis; they override the shared ones. */
  readonly yAxis: Readonly<Record<string, unknown>>;
  /** At most {@linkcode MAX_LINES}. */
  readonly lines: readonly Line[];
}

/** The options of ECharts for a chart. */
export function chartOptions({ title, subtitle, xAxis, yAxis, lines }: Chart): unknown {
  const axis = {
    nameLocation: "middle",
    nameTextStyle: { color: TEXT, fontSize: 14 },
    axisLine: { show: true, lineStyle: { color: TEXT } },
    axisLabel: { color: TEXT, fontSize: 13 },
  };
  return {
    backgroundColor: BACKGROUND,
    animation: false,
    color: lineColors.map(([light]) => light),
    title: {
      text: title,
      borderColor: TEXT,
      subtext: subtitle,
      left: 20,
      top: 14,
      textStyle: { color: TEXT, fontSize: 18 },
      subtextStyle: { color: TEXT, fontSize: 12, lineHeight: 18 },
    },
    legend: {
      selectedMode: false,
      borderColor: TEXT,
      top: 92,
      left: 20,
      itemGap: 24,
      textStyle: { color: TEXT, fontSize: 14 },
    },
    grid: { left: 110, right: 40, top: 130, bottom: 65 },
    xAxis: { ...axis, nameGap: 34, splitLine: { lineStyle: { color: GRID } }, ...xAxis },
    yAxis: { ...axis, nameGap: 70, splitLine: { lineStyle: { color: GRID } }, ...yAxis },
    series: lines.map(({ name, points }, i) => ({
      name,
      type: "line",
      silent: true,
      data: points,
      symbol: symbols[i],
      symbolSize: 9,
      lineStyle: { width: 2.5 },
    })),
  };
}
