import { fileURLToPath } from "node:url";
import type { Command, CommandLine } from "../../src/cli/args.ts";
import { listed } from "../../src/cli/format.ts";
import { printMessage, printResult } from "../../src/cli/output.ts";
import { checkOutput, writeOutput } from "../../src/cli/output_file.ts";
import { renderChart } from "../../src/cli/plot/render_chart.ts";
import { InputError } from "../../src/errors.ts";
import { readCorpus } from "../../src/files/read_corpus.ts";
import { quote, show } from "../../src/json.ts";
import { toJson } from "../../src/printable.ts";
import type { Corpus } from "../../src/text/corpus.ts";
import { MAX_LINES } from "../charts/chart_options.ts";
import { lossChart } from "../charts/loss_chart.ts";
import { formatEnvironment, readEnvironment } from "../environment.ts";
import { readTimingOptions, type TimingOptions, timingOptions } from "../timing_options.ts";
import {
  compareWithUnroll,
  type Comparison,
  comparisonToJson,
  formatComparison,
} from "./comparison.ts";
import { measureCurves } from "./loss_curves.ts";
import { formatLossComparison, type LossComparison, lossComparisonToJson } from "./loss_table.ts";
import { measurePrograms, type PreparedProgram } from "./measure.ts";
import {
  type ComparedNetwork,
  listNetworks,
  networkNames,
  selectNetworks,
  speedConfig,
} from "./networks.ts";
import {
  type LaunchContext,
  type Library,
  libraryNames,
  listPrograms,
  type Program,
  torchProgram,
  unrollProgram,
} from "./programs.ts";
import { type RunLength, writeTask } from "./task.ts";
import { UnrollLoss } from "./unroll_loss.ts";

const DEFAULT_TEXT = "examples/alice.txt";
const defaults: TimingOptions = { rounds: 5, seconds: 1 };
/** How the faster number of threads of PyTorch is found. */
const threadTiming: TimingOptions = { rounds: 3, seconds: 0.5 };
/** The networks whose losses are compared over time without `--networks`. */
const LOSS_NETWORKS = "defaults,char-rnn";
const MAX_MINUTES = 1440;

/** `deno task compare`: the training speed of unroll and of other programs. */
export const compareCommand: Command = {
  name: "compare",
  summary: "Compare the training of unroll with that of PyTorch, NumPy, C and TensorFlow.js",
  operands: ["[text]"],
  options: [
    ...timingOptions(defaults),
    {
      name: "networks",
      value: "NAMES",
      description: `Networks to compare, with commas between them: ${listed(networkNames)}`,
      default: `all; with --minutes, ${LOSS_NETWORKS}`,
    },
    {
      name: "programs",
      value: "NAMES",
      description: `Programs to compare unroll with: ${listed(libraryNames)}`,
      default: "all",
    },
    {
      name: "minutes",
      value: "N",
      description:
        "Compare validation losses over time with PyTorch instead: train each network for N " +
        "minutes with both",
    },
    {
      name: "chart",
      value: "FILE",
      description: "With --minutes: draw the losses over time as an SVG picture",
    },
    {
      name: "python",
      value: "COMMAND",
      description: "Python interpreter with NumPy or PyTorch, tried before the default ones",
      default: "python3, then /usr/bin/python3",
    },
    { name: "json", value: "FILE", description: "Write all results to a file" },
  ],
  notes: [
    `All programs train the same networks from the same weights on the same text, ${DEFAULT_TEXT} by ` +
    "default; defaults is the automatic configuration of the text. Programs that are not installed " +
    "are skipped. TensorFlow.js is downloaded when the command first runs. bench/README.md explains " +
    "the columns.",
  ],
  async run(line) {
    const timing = readTimingOptions(line, defaults);
    const minutes = readMinutes(line);
    const libraries = readLibraries(line.text("programs"));
    const corpus = await readCorpus(
      line.operands[0] ?? fileURLToPath(new URL(`../../${DEFAULT_TEXT}`, import.meta.url)),
    );
    const networks = selectNetworks(
      listNetworks(corpus, minutes === undefined ? {} : { minutes }),
      line.text("networks") ?? (minutes === undefined ? undefined : LOSS_NETWORKS),
    );
    const chart = readChart(line, { networks: minutes === undefined ? 0 : networks.length });
    const python = line.text("python");
    const pythons = [...python === undefined ? [] : [python], "python3", "/usr/bin/python3"];
    printResult(formatEnvironment(readEnvironment()));
    printResult(`Text: ${show(corpus.path)}, vocabulary of ${corpus.vocabulary.size}`);
    const folder = await Deno.makeTempDir({ prefix: "unroll-compare-" });
    try {
      const context = { corpus, networks, folder, pythons };
      if (minutes === undefined) {
        const programs = listPrograms(navigator.hardwareConcurrency)
          .filter(({ library }) => library === "unroll" || libraries.includes(library));
        const comparisons = await compareSpeeds({ ...context, programs, timing });
        await writeJson(line, { text: corpus.path, ...timing }, comparisons.map(comparisonToJson));
      } else {
        const comparisons = await compareLosses({ ...context, minutes });
        await writeJson(
          line,
          { text: corpus.path, minutes },
          comparisons.map(lossComparisonToJson),
        );
        if (chart !== undefined) {
          await writeOutput("picture", chart, await renderChart(lossChart(comparisons)));
        }
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
    return 0;
  },
};

function readMinutes(line: CommandLine): number | undefined {
  const minutes = line.number("minutes");
  if (minutes === undefined || minutes > 0 && minutes <= MAX_MINUTES) return minutes;
  throw new InputError(
    `Cannot compare losses: "minutes" must be above 0 and at most ${MAX_MINUTES}, not ${minutes}`,
    { option: "minutes" },
  );
}

/** @throws {InputError} if there is no library of a name. */
export function readLibraries(text: string | undefined): readonly Library[] {
  if (text === undefined) return libraryNames;
  return text.split(",").map((name) => {
    const library = libraryNames.find((library) => library === name.trim());
    if (library !== undefined) return library;
    throw new InputError(
      `Cannot compare with ${quote(name)}: it must be ${listed(libraryNames)}`,
      { option: "programs" },
    );
  });
}

/** @throws {InputError} if no losses are compared, or too many. */
function readChart(
  line: CommandLine,
  { networks }: { readonly networks: number },
): string | undefined {
  const chart = line.text("chart");
  if (chart === undefined) return undefined;
  if (networks === 0) {
    throw new InputError('Cannot draw speeds: "chart" requires "minutes"', { option: "chart" });
  }
  const most = MAX_LINES / 2;
  if (networks > most) {
    throw new InputError(
      `Cannot draw the losses of ${networks} networks: a chart may have ${most}; name fewer with ` +
        '"networks"',
      { option: "networks" },
    );
  }
  checkOutput(chart, { what: "picture", inputs: [] });
  return chart;
}

async function writeJson(
  line: CommandLine,
  options: Readonly<Record<string, unknown>>,
  networks: readonly unknown[],
): Promise<void> {
  const path = line.text("json");
  if (path === undefined) return;
  const json = { environment: readEnvironment(), ...options, networks };
  await writeOutput("report", path, `${toJson(json, 2)}\n`);
}

/** What both comparisons need. */
interface CompareOptions extends LaunchContext {
  readonly corpus: Corpus;
  readonly networks: readonly ComparedNetwork[];
}

/** Compares speeds with each network, and prints each table when it is complete. */
async function compareSpeeds(
  { corpus, networks, programs, timing, ...context }: CompareOptions & {
    readonly programs: readonly Program[];
    readonly timing: TimingOptions;
  },
): Promise<readonly Comparison[]> {
  const skipped = new Set<string>();
  const prepared = await prepare(programs, context);
  const comparisons: Comparison[] = [];
  for (const { name, config } of networks) {
    const network = { name, config: speedConfig(config) };
    printMessage(`Measuring ${name}`);
    const results = await measurePrograms(prepared.filter(({ name }) => !skipped.has(name)), {
      ...timing,
      task: await taskOf(network, { corpus, folder: context.folder }),
      onFailure: ({ name }, reason) => {
        if (!skipped.has(name)) printResult(`Skipping ${name}: ${reason}`);
        skipped.add(name);
      },
    });
    if (comparisons.length === 0) {
      const versions = results.map(({ name, version }) => `${name.split(",")[0]} ${version}`);
      printResult(`Versions: ${[...new Set(versions)].join(", ")}`);
    }
    using unrollLoss = new UnrollLoss(corpus, network.config);
    const compared = compareWithUnroll(results, (chars) => unrollLoss.mean(chars));
    const comparison = { network, programs: compared };
    printResult(`\n${formatComparison(comparison)}`);
    comparisons.push(comparison);
  }
  return comparisons;
}

/** Compares losses over time with each network, and prints each table when it is complete. */
async function compareLosses(
  { corpus, networks, minutes, ...context }: CompareOptions & { readonly minutes: number },
): Promise<readonly LossComparison[]> {
  const cores = navigator.hardwareConcurrency;
  const [unroll] = await prepare([unrollProgram("auto")], context);
  const torch = await prepare((cores === 1 ? [1] : [1, cores]).map(torchProgram), context);
  const comparisons: LossComparison[] = [];
  for (const network of networks) {
    const seconds = minutes * 60;
    const task = await taskOf(network, { corpus, folder: context.folder, run: { seconds } });
    const others = torch.length === 0 ? [] : [await fastestOf(torch, task)];
    const curves = await measureCurves([unroll!, ...others], {
      ...{ task, seconds },
      onRound: (round, rounds) => printMessage(`${network.name}: round ${round} of ${rounds}`),
    });
    if (comparisons.length === 0) {
      printResult(
        `Versions: ${curves.map(({ name, version }) => `${name} ${version}`).join("; ")}`,
      );
    }
    const comparison = { network, curves };
    printResult(`\n${formatLossComparison(comparison)}`);
    comparisons.push(comparison);
  }
  return comparisons;
}

/** The program that trains fastest. */
async function fastestOf(
  programs: readonly PreparedProgram[],
  task: Awaited<ReturnType<typeof writeTask>>,
): Promise<PreparedProgram> {
  // One name, so that the fastest variant is returned.
  const variants = programs.map((program) => ({ ...program, name: "", variant: program.name }));
  const [fastest] = await measurePrograms(variants, {
    ...threadTiming,
    task,
    onFailure: (_, reason) => {
      throw new Error(`Cannot compare losses: ${reason}`);
    },
  });
  return programs.find(({ name }) => name === fastest!.variant)!;
}

/** Writes the task of a network into a folder of its own. */
async function taskOf(
  { name, config }: ComparedNetwork,
  { corpus, folder, run = {} }: {
    readonly corpus: Corpus;
    readonly folder: string;
    readonly run?: RunLength;
  },
): Promise<Awaited<ReturnType<typeof writeTask>>> {
  const path = `${folder}/${name}`;
  await Deno.mkdir(path, { recursive: true });
  return await writeTask(corpus, { config, folder: path, run });
}

/** Prepares the programs that are installed, and prints why others are skipped. */
async function prepare(
  programs: readonly Program[],
  context: LaunchContext,
): Promise<readonly PreparedProgram[]> {
  const prepared: PreparedProgram[] = [];
  const missing = new Set<string>();
  for (const program of programs) {
    const { name, variant, isUnroll = false } = program;
    const family = name.split(",")[0]!;
    if (missing.has(family)) continue;
    try {
      const commandOf = await program.prepare(context);
      prepared.push({ name, ...variant && { variant }, isUnroll, commandOf });
    } catch (error) {
      missing.add(family);
      printResult(`Skipping ${family}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return prepared;
}
