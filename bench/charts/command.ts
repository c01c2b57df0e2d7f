import type { Command } from "../../src/cli/args.ts";
import { checkOutput, writeOutput } from "../../src/cli/output_file.ts";
import { MAX_LINES } from "./chart_options.ts";
import { lossChart, readValidationLosses } from "./loss_chart.ts";
import { renderSvg } from "./render_svg.ts";

/** `deno task plot`: the validation loss of one or more runs as a chart. */
export const plotCommand: Command = {
  name: "plot",
  summary: "Draw the validation loss of runs over the characters trained on, as SVG",
  operands: ["<out.svg>", "<run>", ...Array<string>(MAX_LINES - 1).fill("[run]")],
  options: [],
  notes: ["Each run is a run folder; its validation losses are read from metrics.jsonl."],
  examples: ["deno task plot loss.svg runs/gru runs/lstm"],
  async run(line) {
    const [path, ...runs] = line.operands;
    checkOutput("chart", path!, runs.map((run) => `${run}/metrics.jsonl`));
    await writeOutput("chart", path!, await renderSvg(lossChart(runs.map(readValidationLosses))));
    return 0;
  },
};
