import type { Command } from "../../src/cli/args.ts";
import { type Corpus, readCorpus } from "../../src/text/corpus.ts";
import { describe, environment } from "../environment.ts";
import { readTimingOptions, type TimingOptions, timingOptions } from "../timing_options.ts";
import { formatSize, networkSizes } from "../network_size.ts";
import { programs, type Setup } from "./programs.ts";
import { measurePrograms, type PreparedProgram } from "./measure.ts";
import { UnrollLoss } from "./unroll_loss.ts";
import { compare, jsonOf, type SizeResult, textOf } from "./comparison.ts";

const DEFAULT_TEXT = "examples/alice.txt";
const defaults = { rounds: 5, seconds: 1 } as const;

/** `deno task compare`: unroll and other programs, training the same networks on the same text. */
export const compareCommand: Command = {
  name: "compare",
  summary: "Measure unroll beside NumPy, C, PyTorch and TensorFlow.js on this machine",
  operands: ["[text]"],
  options: [
    ...timingOptions(defaults),
    {
      name: "python",
      value: "COMMAND",
      description: "A Python to look into first for NumPy and PyTorch",
      default: "python3, then /usr/bin/python3",
    },
    { name: "json", value: "FILE", description: "Write all figures into a file" },
  ],
  notes: [
    `Without a text, ${DEFAULT_TEXT}. What is not installed is left out, with a line that says so.`,
    "TensorFlow.js is downloaded when this is first run. bench/README.md says what each column means.",
  ],
  async run(line) {
    const plan = readTimingOptions(line, defaults);
    const corpus = await readCorpus(line.operands[0] ?? DEFAULT_TEXT);
    const python = line.text("python");
    const pythons = [...python === undefined ? [] : [python], "python3", "/usr/bin/python3"];
    const folder = await Deno.makeTempDir({ prefix: "unroll-compare-" });
    try {
      const results = await resultsOf(corpus, plan, pythons, folder);
      const path = line.text("json");
      if (path !== undefined) {
        const about = { environment: environment(), text: corpus.path, ...plan };
        const json = JSON.stringify({ ...about, sizes: results.map(jsonOf) }, null, 2);
        await Deno.writeTextFile(path, `${json}\n`);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
    return 0;
  },
};

/** Measures and prints, size after size. */
async function resultsOf(
  corpus: Corpus,
  plan: TimingOptions,
  pythons: readonly string[],
  folder: string,
): Promise<readonly SizeResult[]> {
  const ids = `${folder}/ids`;
  await Deno.writeFile(ids, new Uint8Array(corpus.read(0, corpus.length).buffer));
  const place: Setup = {
    ...{ text: corpus.path, ids, folder, pythons },
    vocabulary: corpus.vocabulary.size,
    cores: navigator.hardwareConcurrency,
  };
  console.log(`${describe(environment())}; ${corpus.path}, V ${place.vocabulary}`);
  const skipped = new Set<string>();
  const skip = (name: string, reason: string) => {
    if (!skipped.has(name)) console.log(`${name}: left out: ${reason}`);
    skipped.add(name);
  };
  const entries = await prepare(place, skip);
  const results: SizeResult[] = [];
  for (const size of networkSizes) {
    console.error(`Measuring ${formatSize(size)}`);
    const able = entries.filter(({ name }) => !skipped.has(name));
    const outcomes = await measurePrograms(
      able,
      size,
      plan,
      ({ name }, reason) => skip(name, reason),
    );
    using losses = new UnrollLoss(corpus, size);
    const result = { size, comparisons: compare(outcomes, (chars) => losses.mean(chars)) };
    if (results.length === 0) {
      const versions = outcomes.map(({ name, version }) => `${name.split(",")[0]} ${version}`);
      console.log([...new Set(versions)].join(", "));
    }
    console.log(`\n${textOf(result)}`);
    results.push(result);
  }
  return results;
}

async function prepare(
  place: Setup,
  skip: (name: string, reason: string) => void,
): Promise<readonly PreparedProgram[]> {
  const entries: PreparedProgram[] = [];
  for (const { name, variant, ours, prepare } of programs(place.cores)) {
    try {
      const start = await prepare(place);
      entries.push({ name, ...variant && { variant }, ours: ours ?? false, start });
    } catch (error) {
      skip(name, error instanceof Error ? error.message : String(error));
    }
  }
  return entries;
}
