/** The charts of start, sampling and memory by model size in docs/. */
import { formatCount } from "../../src/cli/format.ts";
import { type Environment, formatEnvironment } from "../environment.ts";
import type { StartResult } from "../report/start.ts";
import { chartOptions, type Line } from "./chart_options.ts";
import type { ChartFile } from "./speed_charts.ts";

/** All charts of some results. */
export function startCharts(
  results: readonly StartResult[],
  environment: Environment,
): readonly ChartFile[] {
  const layers = formatCount(results[0]!.layers, "layer");
  const subtitle = `GRU of ${layers}, vocabulary of examples/alice.txt, f32\n${
    formatEnvironment(environment)
  }`;
  const line = (name: string, valueOf: (result: StartResult) => number | undefined): Line => ({
    name,
    points: results.flatMap((result) => {
      const value = valueOf(result);
      return value === undefined ? [] : [[result.hidden, Math.round(value)] as const];
    }),
  });
  const chart = (name: string, title: string, yName: string, lines: readonly Line[]) => ({
    path: `docs/${name}-over-hidden.svg`,
    title,
    description: subtitle.replaceAll("\n", ". "),
    options: chartOptions({
      title,
      subtitle,
      xAxis: {
        ...{ type: "log", logBase: 2, name: "hidden units (H)" },
        ...{ min: results.at(0)?.hidden, max: results.at(-1)?.hidden },
      },
      yAxis: { type: "value", min: 0, name: yName },
      lines,
    }),
  });
  return [
    chart("start", "Time from command to result by hidden units", "milliseconds", [
      line("train: first step", ({ firstStep }) => firstStep.median),
      line("sample: first character", ({ firstCharacter }) => firstCharacter.median),
    ]),
    chart("sampling", "Sampling speed by hidden units", "characters per second", [
      line("one sample", ({ samplingSpeed }) => samplingSpeed.median),
    ]),
    chart("memory", "Peak memory by hidden units", "megabytes", [
      line("train", ({ trainingMemory }) => trainingMemory?.median),
      line("sample", ({ samplingMemory }) => samplingMemory?.median),
    ]),
  ];
}
