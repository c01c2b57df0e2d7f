import { fileURLToPath } from "node:url";
import type { Command } from "../../src/cli/args.ts";
import { printMessage, printResult } from "../../src/cli/output.ts";
import { writeOutput } from "../../src/cli/output_file.ts";
import { show } from "../../src/json.ts";
import { toJson } from "../../src/printable.ts";
import { readCorpus } from "../../src/files/read_corpus.ts";
import type { Corpus } from "../../src/text/corpus.ts";
import { formatEnvironment, readEnvironment } from "../environment.ts";
import { readTimingOptions, type TimingOptions, timingOptions } from "../timing_options.ts";
import { formatSize, workloadSizes } from "../workload.ts";
import {
  compareWithUnroll,
  type Comparison,
  comparisonToJson,
  formatComparison,
} from "./comparison.ts";
import { measurePrograms, type PreparedProgram } from "./measure.ts";
import { type LaunchContext, listPrograms } from "./programs.ts";
import { UnrollLoss } from "./unroll_loss.ts";

const DEFAULT_TEXT = "examples/alice.txt";
const defaults: TimingOptions = { rounds: 5, seconds: 1 };

/** `deno task compare`: the training speed of unroll and of other programs. */
export const compareCommand: Command = {
  name: "compare",
  summary: "Compare the training speed of unroll, NumPy, C, PyTorch and TensorFlow.js",
  operands: ["[text]"],
  options: [
    ...timingOptions(defaults),
    {
      name: "python",
      value: "COMMAND",
      description: "Python interpreter with NumPy or PyTorch, tried before the default ones",
      default: "python3, then /usr/bin/python3",
    },
    { name: "json", value: "FILE", description: "Write all results to a file" },
  ],
  notes: [
    `All programs train the same networks on the same text, ${DEFAULT_TEXT} by default. Programs ` +
    "that are not installed are skipped. TensorFlow.js is downloaded when the command first runs. " +
    "bench/README.md explains the columns.",
  ],
  async run(line) {
    const timing = readTimingOptions(line, defaults);
    const corpus = await readCorpus(
      line.operands[0] ?? fileURLToPath(new URL(`../../${DEFAULT_TEXT}`, import.meta.url)),
    );
    const python = line.text("python");
    const pythons = [...python === undefined ? [] : [python], "python3", "/usr/bin/python3"];
    const folder = await Deno.makeTempDir({ prefix: "unroll-compare-" });
    try {
      const comparisons = await comparePrograms(corpus, { timing, pythons, folder });
      const path = line.text("json");
      if (path !== undefined) {
        const json = {
          environment: readEnvironment(),
          text: corpus.path,
          ...timing,
          sizes: comparisons.map(comparisonToJson),
        };
        await writeOutput("report", path, `${toJson(json, 2)}\n`);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
    return 0;
  },
};

/** How {@linkcode comparePrograms} finds and measures the programs. */
interface CompareOptions {
  readonly timing: TimingOptions;
  /** Commands of Python interpreters, the preferred one first. */
  readonly pythons: readonly string[];
  /** A temporary folder. */
  readonly folder: string;
}

/** Compares all programs at each size, and prints each table when it is complete. */
async function comparePrograms(
  corpus: Corpus,
  { timing, pythons, folder }: CompareOptions,
): Promise<readonly Comparison[]> {
  const ids = `${folder}/ids`;
  await Deno.writeFile(ids, new Uint8Array(corpus.read(0, corpus.length).buffer));
  const vocabulary = corpus.vocabulary.size;
  printResult(formatEnvironment(readEnvironment()));
  printResult(`Text: ${show(corpus.path)}, vocabulary of ${vocabulary}`);

  const skipped = new Set<string>();
  const skip = (name: string, reason: string) => {
    if (!skipped.has(name)) printResult(`Skipping ${name}: ${reason}`);
    skipped.add(name);
  };
  const programs = await prepare({ text: corpus.path, ids, vocabulary, folder, pythons }, skip);

  const comparisons: Comparison[] = [];
  for (const size of workloadSizes) {
    printMessage(`Measuring ${formatSize(size)}`);
    const results = await measurePrograms(programs.filter(({ name }) => !skipped.has(name)), {
      ...timing,
      size,
      onFailure: ({ name }, reason) => skip(name, reason),
    });
    if (comparisons.length === 0) {
      const versions = results.map(({ name, version }) => `${name.split(",")[0]} ${version}`);
      printResult(`Versions: ${[...new Set(versions)].join(", ")}`);
    }
    using unrollLoss = new UnrollLoss(corpus, size);
    const compared = compareWithUnroll(results, (chars) => unrollLoss.mean(chars));
    const comparison = { size, programs: compared };
    printResult(`\n${formatComparison(comparison)}`);
    comparisons.push(comparison);
  }
  return comparisons;
}

/** Prepares the programs that are installed. */
async function prepare(
  context: LaunchContext,
  onMissing: (name: string, reason: string) => void,
): Promise<readonly PreparedProgram[]> {
  const prepared: PreparedProgram[] = [];
  for (const program of listPrograms(navigator.hardwareConcurrency)) {
    const { name, variant, isUnroll = false } = program;
    try {
      const commandOf = await program.prepare(context);
      prepared.push({ name, ...variant && { variant }, isUnroll, commandOf });
    } catch (error) {
      onMissing(name, error instanceof Error ? error.message : String(error));
    }
  }
  return prepared;
}
