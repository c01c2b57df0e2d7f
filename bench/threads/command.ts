import type { Command } from "../../src/cli/args.ts";
import { table } from "../../src/cli/format.ts";
import { printMessage, printResult } from "../../src/cli/output.ts";
import { writeOutput } from "../../src/cli/output_file.ts";
import { InputError } from "../../src/errors.ts";
import { toJson } from "../../src/printable.ts";
import { formatEnvironment, readEnvironment } from "../environment.ts";
import { readTimingOptions, type TimingOptions, timingOptions } from "../timing_options.ts";
import { measureThreads, type NetworkSpeeds } from "./measure.ts";
import { modelTable } from "./model.ts";
import { formatNetwork } from "./networks.ts";

const defaults: TimingOptions = { rounds: 9, seconds: 0.3 };
/** The most busy processes. */
const MAX_BUSY = 64;

/** `deno task bench-threads`: the default number of threads against fixed ones. */
export const threadsCommand: Command = {
  name: "bench-threads",
  summary: "Measure the chosen number of threads against each fixed number",
  operands: [],
  options: [
    ...timingOptions(defaults),
    {
      name: "busy",
      value: "N",
      description: "Other processes that compute meanwhile; the command starts and ends them",
      default: "0",
    },
    {
      name: "model",
      description: "Estimate steps with 1 to 16 threads from the work of each instead",
    },
    { name: "json", value: "FILE", description: "Write all results to a file" },
  ],
  notes: [
    "bench/README.md explains the columns, and what the estimate is made of.",
  ],
  async run(line) {
    const timing = readTimingOptions(line, defaults);
    const busy = line.number("busy") ?? 0;
    if (!Number.isInteger(busy) || busy < 0 || busy > MAX_BUSY) {
      throw new InputError(
        `Cannot measure: "busy" must be a whole number from 0 to ${MAX_BUSY}, not ${busy}`,
        { option: "busy" },
      );
    }
    if (line.flag("model")) {
      printResult(modelTable());
      return 0;
    }
    const cores = navigator.hardwareConcurrency;
    const threadCounts = [1, 2, 4, 8, 16, 32, 64].filter((n) => n < cores).concat(cores);
    using _ = new BusyProcesses(busy);
    const results = measureThreads({
      ...timing,
      threadCounts,
      onNetwork: (network) => printMessage(formatNetwork(network)),
    });
    printResult(`${formatEnvironment(readEnvironment())}\n\n${formatResults(results)}`);
    const path = line.text("json");
    if (path !== undefined) {
      const json = { environment: readEnvironment(), timing, busy, results };
      await writeOutput("results", path, `${toJson(json, 2)}\n`);
    }
    return 0;
  },
};

/** Processes that each keep a core busy, until they are disposed of. */
class BusyProcesses implements Disposable {
  readonly #processes: readonly Deno.ChildProcess[];

  constructor(count: number) {
    const command = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-lock", "while (true);"],
      stdin: "null",
    });
    this.#processes = Array.from({ length: count }, () => command.spawn());
  }

  [Symbol.dispose](): void {
    for (const process of this.#processes) process.kill("SIGKILL");
  }
}

/** The results as a table. */
export function formatResults(results: readonly NetworkSpeeds[]): string {
  const speed = (n: number) => Math.round(n).toLocaleString("en");
  const counts = results[0]!.fixed.map(({ threads }) => threads);
  return table([
    [
      "chars/s",
      ...counts.map((n) => `${n} thread${n === 1 ? "" : "s"}`),
      "auto",
      "chosen",
      "auto ÷ best",
    ],
    ...results.map(({ network, fixed, auto, share }) => [
      formatNetwork(network),
      ...fixed.map(({ charsPerSecond }) => speed(charsPerSecond)),
      speed(auto.charsPerSecond),
      String(auto.threads),
      share.toFixed(2),
    ]),
  ], { rightFrom: 1 });
}
