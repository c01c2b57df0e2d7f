import { InputError } from "../errors.ts";
import { quote, quotePath } from "../json.ts";
import { readMetrics } from "../run/metrics.ts";
import { METRICS_FILE } from "../run/run_files.ts";
import { escapeInvisible } from "../printable.ts";
import type { Command } from "./args.ts";
import { formatBytes, formatCount, listed } from "./format.ts";
import { printResult } from "./output.ts";
import { checkOutput, STANDARD_OUTPUT, writeOutput } from "./output_file.ts";
import { renderChart } from "./plot/render_chart.ts";
import { MAX_RUNS, type PlottedRun, runChart, xAxes, type XAxis } from "./plot/run_chart.ts";

/** `deno task plot` draws the losses and learning rates of runs. */
export const plotCommand: Command = {
  name: "plot",
  summary: "Draw the losses and learning rates of runs as an SVG picture",
  operands: ["<run>", "[run...]"],
  options: [
    {
      name: "out",
      value: "FILE",
      description:
        "The picture to write; an existing SVG picture is replaced, but no other file; " +
        "- is standard output",
    },
    {
      name: "x",
      value: "AXIS",
      description: "What the x axis shows: chars, the characters trained on; time; or steps",
      default: "chars",
    },
  ],
  examples: [
    "deno task plot runs/alice --out loss.svg",
    "deno task plot runs/rnn runs/gru runs/lstm --x time --out loss.svg",
  ],
  notes: [
    `Each run is a run folder, which may still be training; at most ${MAX_RUNS}. Losses and rates ` +
    "are read from its metrics.jsonl. The picture follows the dark or light scheme of the page " +
    "that shows it. It is drawn by Apache ECharts, which the first call downloads.",
  ],
  async run(line) {
    const out = line.text("out");
    if (out === undefined) {
      throw new InputError("Cannot draw without --out: write --out FILE, the picture to write");
    }
    const x = readAxis(line.text("x"));
    const folders = line.operands;
    if (folders.length > MAX_RUNS) {
      throw new InputError(
        `Cannot draw ${
          formatCount(folders.length, "run")
        }: a chart may have ${MAX_RUNS}; name fewer`,
      );
    }
    checkOutput(out, {
      what: "picture",
      inputs: folders.map((folder) => `${folder}/${METRICS_FILE}`),
    });
    const names = namesOf(folders);
    const runs: PlottedRun[] = [];
    for (const [i, folder] of folders.entries()) {
      const metrics = await readMetrics(folder);
      if (metrics.length === 0) {
        throw new InputError(
          `Cannot draw the run ${
            quotePath(folder)
          }: it has no metrics yet; train it for some steps`,
        );
      }
      runs.push({ name: names[i]!, metrics });
    }
    const bytes = await writeOutput("picture", out, await renderChart(runChart(runs, x)));
    if (out !== STANDARD_OUTPUT) {
      printResult(`Picture: ${escapeInvisible(out)}, ${formatBytes(bytes)}`);
    }
    return 0;
  },
};

function readAxis(name = "chars"): XAxis {
  if (xAxes.includes(name as XAxis)) return name as XAxis;
  throw new InputError(`Cannot use --x ${quote(name)}: it must be ${listed(xAxes)}`);
}

/** Distinct names of folders: their last parts, or their paths where these are the same. */
function namesOf(folders: readonly string[]): string[] {
  const short = folders.map((folder) =>
    folder.replace(/(?<=.)\/+$/, "").split("/").at(-1) || folder
  );
  const isUnique = (name: string, folder: string) =>
    short.every((other, i) => other !== name || folders[i] === folder);
  return short.map((name, i) => {
    const rank = folders.slice(0, i).filter((folder) => folder === folders[i]).length;
    const distinct = isUnique(name, folders[i]!) ? name : folders[i]!;
    return escapeInvisible(rank === 0 ? distinct : `${distinct} (${rank + 1})`);
  });
}
