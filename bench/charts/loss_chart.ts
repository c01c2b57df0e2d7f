/** The chart of validation losses over the characters trained on. */
import { InputError } from "../../src/errors.ts";
import { quotePath } from "../../src/json.ts";
import { chartOptions, type Line } from "./chart_options.ts";

/**
 * Reads the validation losses of a run folder.
 *
 * @returns A line with the name of the folder, from millions of characters to nats per character.
 * @throws {InputError} if metrics.jsonl cannot be read.
 */
export function readValidationLosses(folder: string): Line {
  const name = folder.replace(/\/+$/, "").split("/").at(-1)!;
  return { name, points: parseValidationLosses(readMetrics(`${folder}/metrics.jsonl`)) };
}

function readMetrics(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new InputError(
      `Cannot draw ${quotePath(path)}: there is no such file; name a run folder`,
      { cause },
    );
  }
}

/** The points of metrics.jsonl; a line without a validation loss has none. */
export function parseValidationLosses(metrics: string): Line["points"] {
  const points: [number, number][] = [];
  for (const line of metrics.trimEnd().split("\n")) {
    const { chars, val_loss } = JSON.parse(line);
    if (val_loss !== null) points.push([chars / 1e6, val_loss]);
  }
  return points;
}

/** The options of ECharts for a chart with one line per run. */
export function lossChart(lines: readonly Line[]): unknown {
  return chartOptions({
    title: "Validation loss",
    subtitle: "by characters trained on",
    xAxis: { type: "value", name: "millions of characters trained on" },
    yAxis: {
      type: "value",
      scale: true,
      name: "validation loss (nats per character)",
      nameGap: 55,
    },
    lines,
  });
}
