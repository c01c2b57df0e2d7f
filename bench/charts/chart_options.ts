/** The look that all charts share. */

/** The palette of Okabe and Ito (2008), which readers with color blindness can tell apart. */
const colors = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];
const symbols = ["circle", "rect", "triangle", "diamond"];
const TEXT_COLOR = "#333333";

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
    nameTextStyle: { color: TEXT_COLOR, fontSize: 14 },
    axisLine: { show: true, lineStyle: { color: TEXT_COLOR } },
    axisLabel: { color: TEXT_COLOR, fontSize: 13 },
  };
  return {
    backgroundColor: "#ffffff", // Keeps the chart readable on a dark page.
    animation: false,
    color: colors,
    title: {
      text: title,
      subtext: subtitle,
      left: 20,
      top: 14,
      textStyle: { color: TEXT_COLOR, fontSize: 18 },
      subtextStyle: { color: "#555555", fontSize: 12, lineHeight: 18 },
    },
    legend: {
      selectedMode: false,
      top: 92,
      left: 20,
      itemGap: 24,
      textStyle: { color: TEXT_COLOR, fontSize: 14 },
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
