import type { Command, CommandLine } from "../../src/cli/args.ts";
import { printMessage, printResult } from "../../src/cli/output.ts";
import { writeOutput } from "../../src/cli/output_file.ts";
import { InputError } from "../../src/errors.ts";
import { toJson } from "../../src/printable.ts";
import { chartSizes, speedCharts, writeCharts } from "../charts/speed_charts.ts";
import { startCharts } from "../charts/start_charts.ts";
import { formatEnvironment, readEnvironment } from "../environment.ts";
import { readTimingOptions, type TimingOptions, timingOptions } from "../timing_options.ts";
import { type WorkloadSize, workloadSizes } from "../workload.ts";
import { productBenchmark, productSizes, trainingStepBenchmark } from "./benchmarks.ts";
import { measure } from "./measure.ts";
import { measureStart } from "./start.ts";
import { formatStart, startToJson } from "./start_report.ts";
import { formatReport, type Report, reportToJson } from "./report.ts";
import { Disposables } from "../../src/disposables.ts";

const defaults: TimingOptions = { rounds: 15, seconds: 0.1 };
/** Those of `--start`. */
const startDefaults: TimingOptions = { rounds: 5, seconds: 0.3 };

/** `deno task bench-report`: the speed of training, as a share of the processor's peak. */
export const reportCommand: Command = {
  name: "bench-report",
  summary: "Measure training steps and matrix products against the processor's peak",
  operands: [],
  options: [
    ...timingOptions(defaults),
    {
      name: "threads",
      value: "N",
      description: "Threads of the multi-threaded training steps",
      default: "2 if the machine has two cores",
    },
    { name: "json", value: "FILE", description: "Write all results to a file" },
    {
      name: "charts",
      description: "Measure more sizes and draw docs/speed-over-hidden.svg and " +
        "docs/speed-over-streams.svg; takes several minutes",
    },
    {
      name: "start",
      description:
        "Measure instead, by model size: time to the first step and to the first sampled " +
        "character, sampling speed and peak memory; with --charts, draw them into docs/",
    },
  ],
  notes: [
    "The peak is the speed of 128-bit multiply-adds in registers, in WebAssembly. It is measured " +
    "just before and after each entry. bench/README.md explains the columns.",
  ],
  async run(line) {
    if (line.flag("start")) return await reportStart(line);
    const timing = readTimingOptions(line, defaults);
    const threadCounts = readThreadCounts(line);
    const report = createReport({ timing, threadCounts, charts: line.flag("charts") });
    printResult(`${formatEnvironment(report.environment)}\n\n${formatReport(report)}`);
    const path = line.text("json");
    if (path !== undefined) {
      await writeOutput("report", path, `${toJson(reportToJson(report), 2)}\n`);
    }
    if (line.flag("charts")) await writeCharts(speedCharts(report));
    return 0;
  },
};

/**
 * The thread counts with which training steps are measured: 1, and that of `--threads`.
 *
 * @throws {InputError} if there are more threads than cores.
 */
export function readThreadCounts(
  line: CommandLine,
  cores: number = navigator.hardwareConcurrency,
): readonly number[] {
  const threads = line.number("threads") ?? Math.min(2, cores);
  if (!Number.isInteger(threads) || threads < 1 || threads > cores) {
    throw new InputError(
      `Cannot measure: "threads" must be a whole number from 1 to ${cores}, the number of cores, ` +
        `not ${threads}`,
      { option: "threads" },
    );
  }
  return threads === 1 ? [1] : [1, threads];
}

/** `bench-report --start`. */
async function reportStart(line: CommandLine): Promise<number> {
  const timing = readTimingOptions(line, startDefaults);
  const environment = readEnvironment();
  const results = await measureStart({
    ...timing,
    onRound: (round) => printMessage(`Round ${round} of ${timing.rounds}`),
  });
  printResult(`${formatEnvironment(environment)}\n\n${formatStart(results)}`);
  const path = line.text("json");
  if (path !== undefined) {
    const report = { environment, ...timing, start: startToJson(results) };
    await writeOutput("report", path, `${toJson(report, 2)}\n`);
  }
  if (line.flag("charts")) await writeCharts(startCharts(results, environment));
  return 0;
}

/** What {@linkcode createReport} measures. */
interface ReportOptions {
  readonly timing: TimingOptions;
  readonly threadCounts: readonly number[];
  /** Whether to measure the sizes of the charts too. */
  readonly charts: boolean;
}

function createReport({ timing, threadCounts, charts }: ReportOptions): Report {
  using stack = new Disposables();
  const start = (size: WorkloadSize, threads: number) => {
    return { size, ...stack.use(trainingStepBenchmark(size, threads)) };
  };
  const trainingSteps = workloadSizes.flatMap((size) =>
    threadCounts.map((threads) => start(size, threads))
  );
  const products = productSizes.map((size) => ({ size, ...productBenchmark(size) }));
  const chartSteps = charts ? chartSizes.map((size) => start(size, 1)) : [];
  const { benchmarks: measurements, peaks } = measure(
    [...trainingSteps, ...products, ...chartSteps],
    {
      ...timing,
      onRound: (round) =>
        printMessage(round === 0 ? "Warming up" : `Round ${round} of ${timing.rounds}`),
    },
  );
  const chartsBegin = trainingSteps.length + products.length;
  return {
    environment: readEnvironment(),
    timing,
    peaks: [...peaks].map(([threads, gflops]) => ({ threads, gflops })),
    trainingSteps: trainingSteps.map(({ size, threads }, i) => ({
      ...{ size, threads },
      ...measurements[i]!,
    })),
    products: products.map(({ size }, i) => ({ size, ...measurements[trainingSteps.length + i]! })),
    chartSteps: chartSteps.map(({ size, threads }, i) => ({
      ...{ size, threads },
      ...measurements[chartsBegin + i]!,
    })),
  };
}
