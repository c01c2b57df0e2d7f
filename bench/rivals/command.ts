import type { Command } from "../../src/cli/args.ts";
import { type Corpus, readCorpus } from "../../src/text/corpus.ts";
import { describe, environment } from "../environment.ts";
import { type Plan, planOf, planOptions } from "../plan.ts";
import { nameOf, tableSizes } from "../sizes.ts";
import { contenders, type Place } from "./contenders.ts";
import { contest, type Entry } from "./contest.ts";
import { Losses } from "./losses.ts";
import { compare, jsonOf, type SizeResult, textOf } from "./results.ts";

const DEFAULT_TEXT = "examples/alice.txt";
const defaults = { rounds: 5, seconds: 1 } as const;

/** `deno task rivals`: unroll and other programs, training the same networks on the same text. */
export const rivalsCommand: Command = {
  name: "rivals",
  summary: "Measure unroll beside NumPy, C, PyTorch and TensorFlow.js on this machine",
  operands: ["[text]"],
  options: [
    ...planOptions(defaults),
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
    const plan = planOf(line, defaults);
    const corpus = await readCorpus(line.operands[0] ?? DEFAULT_TEXT);
    const python = line.text("python");
    const pythons = [...python === undefined ? [] : [python], "python3", "/usr/bin/python3"];
    const folder = await Deno.makeTempDir({ prefix: "unroll-rivals-" });
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
  plan: Plan,
  pythons: readonly string[],
  folder: string,
): Promise<readonly SizeResult[]> {
  const ids = `${folder}/ids`;
  await Deno.writeFile(ids, new Uint8Array(corpus.read(0, corpus.length).buffer));
  const place: Place = {
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
  for (const size of tableSizes) {
    console.error(`Measuring ${nameOf(size)}`);
    const able = entries.filter(({ name }) => !skipped.has(name));
    const outcomes = await contest(able, size, plan, ({ name }, reason) => skip(name, reason));
    using losses = new Losses(corpus, size);
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
  place: Place,
  skip: (name: string, reason: string) => void,
): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (const { name, variant, ours, prepare } of contenders(place.cores)) {
    try {
      const start = await prepare(place);
      entries.push({ name, ...variant && { variant }, ours: ours ?? false, start });
    } catch (error) {
      skip(name, error instanceof Error ? error.message : String(error));
    }
  }
  return entries;
}
