/** The results of a sweep as Markdown. */
import type { RunResult } from "./results.ts";

/** Means over the seeds of a candidate. */
interface Row {
  readonly options: string;
  readonly model: string;
  readonly seeds: number;
  readonly chars: number;
  readonly bestAt: number;
  readonly validationLoss: number;
  readonly testLoss: number;
}

/**
 * One table for each text and time: a row per candidate, the lowest validation loss first. The
 * test loss chose nothing.
 */
export function formatResults(runs: readonly RunResult[]): string {
  const groups = Map.groupBy(runs, ({ text, minutes }) => `### ${text}, ${formatTime(minutes)}`);
  return [...groups].map(([title, group]) => `${title}\n\n${formatGroup(group)}`).join("\n\n");
}

function formatTime(minutes: number | null): string {
  if (minutes === null) return "no limit";
  return minutes < 1 ? `${Math.round(minutes * 60)} s` : `${minutes} min`;
}

function formatGroup(runs: readonly RunResult[]): string {
  const rows = [...Map.groupBy(runs, ({ options }) => options).values()].map(meansOf)
    .sort((a, b) => a.validationLoss - b.validationLoss);
  return [
    "| candidate | model | characters | best at | seeds | validation loss | test loss |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...rows.map((row) => {
      const cells = [
        row.options === "auto" ? "auto" : `\`${row.options}\``,
        row.model,
        Math.round(row.chars).toLocaleString("en"),
        `${Math.round(row.bestAt * 100)} %`,
        row.seeds,
        row.validationLoss.toFixed(4),
        row.testLoss.toFixed(4),
      ];
      return `| ${cells.join(" | ")} |`;
    }),
  ].join("\n");
}

function meansOf(runs: readonly RunResult[]): Row {
  const mean = (key: "chars" | "bestAt" | "validationLoss" | "testLoss") =>
    runs.reduce((sum, run) => sum + run[key], 0) / runs.length;
  return {
    options: runs[0]!.options,
    model: runs[0]!.model,
    seeds: runs.length,
    chars: mean("chars"),
    bestAt: mean("bestAt"),
    validationLoss: mean("validationLoss"),
    testLoss: mean("testLoss"),
  };
}
