/** The results of `deno task bench-report --start`, as a table and as JSON. */
import { formatNumber, table } from "../../src/cli/format.ts";
import type { Summary } from "../statistics.ts";
import type { StartResult } from "./start.ts";

/** Medians as a table; bench/README.md explains the columns. */
export function formatStart(results: readonly StartResult[]): string {
  const seconds = ({ median }: Summary) => (median / 1000).toFixed(2);
  const megabytes = (memory: Summary | null) => memory === null ? "" : memory.median.toFixed(0);
  return table([
    [
      ...["GRU", "first step (s)", "first character (s)", "sampled chars/s"],
      ...["training (MB)", "sampling (MB)"],
    ],
    ...results.map((result) => [
      nameOf(result),
      seconds(result.firstStep),
      seconds(result.firstCharacter),
      formatNumber(Math.round(result.samplingSpeed.median)),
      megabytes(result.trainingMemory),
      megabytes(result.samplingMemory),
    ]),
  ], { rightFrom: 1 });
}

function nameOf({ layers, hidden, isAutomatic }: StartResult): string {
  const units = layers === 1 ? `H ${hidden}` : `H ${layers} × ${hidden}`;
  return isAutomatic ? `${units}, the automatic choice` : units;
}

/** The results as a value for `JSON.stringify`. */
export function startToJson(results: readonly StartResult[]): unknown {
  return results.map((result) => ({
    layers: result.layers,
    hidden: result.hidden,
    automatic: result.isAutomatic,
    first_step_ms: result.firstStep,
    first_character_ms: result.firstCharacter,
    sampling_chars_per_s: result.samplingSpeed,
    training_mb: result.trainingMemory,
    sampling_mb: result.samplingMemory,
  }));
}
