import type { Command, CommandLine } from "../../src/cli/args.ts";
import { formatCount, formatNumber, listed } from "../../src/cli/format.ts";
import { printMessage, printResult } from "../../src/cli/output.ts";
import { InputError } from "../../src/errors.ts";
import { quote } from "../../src/json.ts";
import { type Candidate, parseCandidates } from "./candidates.ts";
import { count, makeText, sampleRecords, type Sampling, trainOn } from "./measure.ts";
import type { Structure } from "./structure.ts";
import { structures } from "./structures.ts";
import { formatTable, type Row } from "./table.ts";

const defaults = { options: "auto", temperatures: "1", chars: 40_000, seed: 1, promptRecords: 0 };

/** `deno task measure-structure`: how many sampled rows, tunes, games and so on are right. */
export const structureCommand: Command = {
  name: "measure-structure",
  summary: "Count what is right in samples of models of structured texts",
  operands: ["[kind...]"],
  options: [
    {
      name: "options",
      value: "LIST",
      description: "Trainings, separated by semicolons, as options of train; auto for the defaults",
      default: defaults.options,
    },
    {
      name: "temperatures",
      value: "LIST",
      description: "Temperatures to sample at, separated by commas",
      default: defaults.temperatures,
    },
    {
      name: "top-p",
      value: "LIST",
      description: "Values of top-p to sample with at a temperature of 1, separated by commas",
    },
    {
      name: "prompt-records",
      value: "N",
      description: "Let samples continue the last N records of the text, except with --lines",
      default: `${defaults.promptRecords}, which begins after a burn-in`,
    },
    {
      name: "chars",
      value: "N",
      description: "Characters to sample from each model, in each way",
      default: String(defaults.chars),
    },
    {
      name: "seed",
      value: "N",
      description: "Seed of the texts, the trainings and the samples",
      default: String(defaults.seed),
    },
    {
      name: "threads",
      value: "N",
      description: "Number of threads, or auto; it changes no result unless a time is limited",
      default: "auto",
    },
    {
      name: "write-text",
      description: "Print the text of one kind, and train nothing",
    },
  ],
  examples: [
    "deno task measure-structure abc --temperatures 1,0.5",
    'deno task measure-structure csv json --options "auto; --lines; --seq-length 100"',
    "deno task measure-structure abc --write-text > tunes.abc",
  ],
  notes: [
    `The kinds of text: ${
      structures.map(({ name, description }) => `${name}, ${description}`).join("; ")
    }. Without a kind, all are measured.`,
    "A record is whole if all that is checked is right, and copied if the text has it, too.",
  ],
  async run(line) {
    const kinds = readKinds(line.operands);
    const options = readOptions(line);
    if (line.flag("write-text")) {
      if (kinds.length !== 1) throw new InputError("Cannot print the text: name one kind");
      printResult((await kinds[0]!.makeText(options.seed)).replace(/\n$/, ""));
      return 0;
    }
    for (const structure of kinds) printResult(`${await measure(structure, options)}\n`);
    return 0;
  },
};

/** What the command line decides. */
interface Options {
  readonly candidates: readonly Candidate[];
  readonly samplings: readonly Sampling[];
  readonly seed: number;
  readonly threads: number | "auto";
}

async function measure(structure: Structure, options: Options): Promise<string> {
  const { candidates, samplings } = options;
  const text = await makeText(structure, options.seed);
  const rows: Row[] = [];
  for (const candidate of candidates) {
    const { model, ...trained } = await trainOn(text, { ...options, candidate });
    printMessage(
      `${structure.name}, ${candidate.options}: ${
        formatCount(trained.steps, "step")
      }, the best at ` +
        `${formatNumber(trained.bestStep)}, in ${trained.seconds.toFixed(0)} s`,
    );
    for (const sampling of samplings) {
      const counts = count(text, sampleRecords(model, text, sampling));
      rows.push({
        options: candidate.options,
        sampling: describeSampling(sampling),
        trained,
        counts,
      });
    }
  }
  return formatTable(structure, rows);
}

function describeSampling({ temperature, topP }: Sampling): string {
  return [
    ...temperature === undefined || temperature === 1 ? [] : [`--temperature ${temperature}`],
    ...topP === undefined ? [] : [`--top-p ${topP}`],
  ].join(" ");
}

function readKinds(names: readonly string[]): readonly Structure[] {
  if (names.length === 0) return structures;
  return names.map((name) => {
    const found = structures.find((structure) => structure.name === name);
    if (found !== undefined) return found;
    throw new InputError(
      `Cannot measure ${quote(name)}: a kind of text is ${
        listed(structures.map(({ name }) => name))
      }`,
    );
  });
}

function readOptions(line: CommandLine): Options {
  const seed = line.number("seed") ?? defaults.seed;
  const common = {
    seed,
    chars: readWhole(line, "chars", 1) ?? defaults.chars,
    promptRecords: readWhole(line, "prompt-records", 0) ?? defaults.promptRecords,
  };
  return {
    candidates: parseCandidates(line.text("options") ?? defaults.options),
    samplings: [
      ...readNumbers(line.text("temperatures") ?? defaults.temperatures, "temperatures")
        .map((temperature) => ({ ...common, temperature })),
      ...readNumbers(line.text("top-p"), "top-p").map((topP) => ({ ...common, topP })),
    ],
    seed,
    ...{ threads: line.text("threads") === "auto" ? "auto" : line.number("threads") ?? "auto" },
  };
}

function readWhole(line: CommandLine, name: string, least: number): number | undefined {
  const value = line.number(name);
  if (value === undefined || Number.isSafeInteger(value) && value >= least) return value;
  throw new InputError(
    `Cannot measure: "${name}" must be a whole number, ${least} or above, not ${value}`,
    { option: name },
  );
}

function readNumbers(list: string | undefined, option: string): number[] {
  return (list === undefined ? [] : list.split(",")).map((part) => {
    const value = Number(part);
    if (part.trim() !== "" && value > 0 && Number.isFinite(value)) return value;
    throw new InputError(
      `Cannot measure: "${option}" must be numbers above 0, separated by commas, not ${
        quote(list)
      }`,
      { option },
    );
  });
}
