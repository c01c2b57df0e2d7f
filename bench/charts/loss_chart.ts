/** The chart of validation losses over the time of training, of unroll and other programs. */
import { formatLoss } from "../../src/cli/format.ts";
import { darkColors } from "../../src/cli/plot/chart_colors.ts";
import type { Chart } from "../../src/cli/plot/render_chart.ts";
import type { LossComparison } from "../comparisons/loss_table.ts";
import { formatNetwork } from "../comparisons/networks.ts";
import { chartOptions, type Line } from "./chart_options.ts";

const TITLE = "Validation loss over time";

/** The chart of comparisons with one or more networks: a line for each network and program. */
export function lossChart(comparisons: readonly LossComparison[]): Chart {
  const lines = comparisons.flatMap(({ network, curves }) =>
    curves.map(({ name, points }): Line => ({
      name: comparisons.length === 1 ? name : `${network.name}, ${name}`,
      points: points.map(({ seconds, loss }) => [round(seconds, 1), round(loss, 4)] as const),
    }))
  );
  const networks = comparisons.map(({ network: { name, config } }) =>
    `${name}: ${formatNetwork(config)}`
  );
  const versions = new Set(
    comparisons.flatMap(({ curves }) =>
      curves.map(({ name, version }) => `${name.split(",")[0]} ${version}`)
    ),
  );
  const ends = lines.map(({ name, points }) => {
    const [seconds, loss] = points.at(-1)!;
    return `${name}: ${formatLoss(loss)} after ${seconds} seconds.`;
  });
  return {
    title: TITLE,
    description: ends.join(" "),
    darkColors,
    options: chartOptions({
      title: TITLE,
      subtitle: `${networks.join("; ")}\n${[...versions].join(", ")}`,
      xAxis: { type: "value", min: 0, name: "seconds of training" },
      yAxis: { type: "value", scale: true, name: "nats per character" },
      lines,
    }),
  };
}

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
