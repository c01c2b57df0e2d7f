/** How all charts look. */

/** Okabe and Ito's colors (2008), which all readers can tell apart. */
const colors = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];
const INK = "#333333";
const symbols = ["circle", "rect", "triangle", "diamond"];

/** Lines that a chart can tell apart. */
export const MAX_LINES = symbols.length;

/** A line of a chart. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** What a chart shows, and its axes as the library wants them, over those of all charts. */
export interface Chart {
  readonly title: string;
  /** One or two lines. */
  readonly subtitle: string;
  readonly xAxis: Readonly<Record<string, unknown>>;
  readonly yAxis: Readonly<Record<string, unknown>>;
  readonly lines: readonly Line[];
}

/** A chart, as the library wants it. */
export function chartOptions({ title, subtitle, xAxis, yAxis, lines }: Chart): unknown {
  const axis = {
    nameLocation: "middle",
    nameTextStyle: { color: INK, fontSize: 14 },
    axisLine: { show: true, lineStyle: { color: INK } },
    axisLabel: { color: INK, fontSize: 13 },
  };
  return {
    backgroundColor: "#ffffff", // Also where the page is dark.
    animation: false,
    color: colors,
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
    xAxis: { ...axis, nameGap: 34, splitLine: { lineStyle: { color: "#eeeeee" } }, ...xAxis },
    yAxis: { ...axis, nameGap: 70, splitLine: { lineStyle: { color: "#cccccc" } }, ...yAxis },
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
