import { basename } from "node:path";
import type { Command, CommandLine } from "../../src/cli/args.ts";
import { printMessage, printResult } from "../../src/cli/output.ts";
import { InputError } from "../../src/errors.ts";
import { readCorpus } from "../../src/files/read_corpus.ts";
import { type Candidate, parseCandidates } from "./candidates.ts";
import { Results } from "./results.ts";
import { configOf, makeRun, measureSpeed, type PlannedRun } from "./sweep.ts";
import { describeModel } from "../../src/train/auto_reasons.ts";
import { formatResults } from "./table.ts";

const defaults = { minutes: "0.33,1,3", seeds: 1, results: "defaults.jsonl" };

/** `deno task choose-defaults`: trains candidates for the automatic configuration on texts. */
export const defaultsCommand: Command = {
  name: "choose-defaults",
  summary: "Compare configurations by what they learn in a given time",
  operands: ["<text>", "[text...]"],
  options: [
    {
      name: "minutes",
      value: "LIST",
      description: "Time limits, separated by commas; none stands for a run without limits",
      default: defaults.minutes,
    },
    {
      name: "seeds",
      value: "N",
      description: "Runs of each candidate, with seeds from 1 on",
      default: String(defaults.seeds),
    },
    {
      name: "candidates",
      value: "FILE",
      description: "Configurations, one per line, as options of train; auto for the defaults",
      default: "bench/defaults/candidates.txt",
    },
    {
      name: "results",
      value: "FILE",
      description: "JSON lines of all runs; runs that are in the file are not made again",
      default: defaults.results,
    },
  ],
  notes: [
    "A time limit becomes a number of steps by the speed of the model, which is measured before " +
    "its first run, so measure on an idle machine. Other programs then change no result. The " +
    "validation loss chooses; the test loss is measured on a part that chooses nothing.",
  ],
  async run(line) {
    const paths = line.operands;
    const [times, seeds] = [readTimes(line), readSeeds(line)];
    const candidates = await readCandidates(line);
    const results = await Results.open(line.text("results") ?? defaults.results);
    for (const path of paths) {
      using corpus = await readCorpus(path);
      for (const minutes of times) {
        for (let seed = 1; seed <= seeds; seed++) {
          for (const candidate of candidates) {
            await runOnce({ name: basename(path), corpus, candidate, minutes, seed }, results);
          }
        }
      }
    }
    printResult(formatResults(results.runs));
    return 0;
  },
};

async function runOnce(run: PlannedRun, results: Results): Promise<void> {
  const { name, corpus, candidate: { options }, minutes, seed } = run;
  const hash = corpus.sha256;
  if (results.find({ hash, minutes, options, seed }) !== undefined) return;
  const model = describeModel(configOf(run));
  const result = await makeRun(run, results.findSpeed({ hash, model }) ?? measureSpeed(run));
  if (result === undefined) {
    throw new InputError(`Cannot compare on "${name}": it is too short to hold out a test part`);
  }
  await results.add(result);
  const { validationLoss, testLoss, speed } = result;
  printMessage(
    `${name}, ${minutes ?? "no"} min, seed ${seed}: ${validationLoss.toFixed(4)} validation, ` +
      `${testLoss.toFixed(4)} test, ${speed.toLocaleString("en")} chars/s: ${options}`,
  );
}

async function readCandidates(line: CommandLine): Promise<Candidate[]> {
  const path = line.text("candidates") ?? new URL("candidates.txt", import.meta.url);
  try {
    return parseCandidates(await Deno.readTextFile(path));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new InputError(`Cannot read candidates: the file "${path}" does not exist`, {
      option: "candidates",
    });
  }
}

function readTimes(line: CommandLine): (number | null)[] {
  return (line.text("minutes") ?? defaults.minutes).split(",").map((part) => {
    if (part === "none") return null;
    const minutes = Number(part);
    if (part.trim() !== "" && minutes > 0 && Number.isFinite(minutes)) return minutes;
    throw new InputError(
      `Cannot compare: "minutes" must be numbers above 0 or none, separated by commas, not "${part}"`,
      { option: "minutes" },
    );
  });
}

function readSeeds(line: CommandLine): number {
  const seeds = line.number("seeds") ?? defaults.seeds;
  if (Number.isSafeInteger(seeds) && seeds >= 1) return seeds;
  throw new InputError(`Cannot compare: "seeds" must be a whole number, 1 or above, not ${seeds}`, {
    option: "seeds",
  });
}
