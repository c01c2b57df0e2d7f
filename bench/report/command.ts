import type { Command, CommandLine } from "../../src/cli/args.ts";
import { InputError } from "../../src/errors.ts";
import { chartSizes, writeCharts } from "../charts/speed_charts.ts";
import { describe, environment } from "../environment.ts";
import { readTimingOptions, type TimingOptions, timingOptions } from "../timing_options.ts";
import { networkSizes } from "../network_size.ts";
import { measure } from "./measure.ts";
import { jsonOf, type Results, textOf } from "./report.ts";
import { productBenchmark, productSizes, trainingStepBenchmark } from "./benchmarks.ts";

const defaults = { rounds: 15, seconds: 0.1 } as const;

/** `deno task bench-report`: speeds, and their share of what the processor can do. */
export const reportCommand: Command = {
  name: "bench-report",
  summary: "Measure training steps and products against the peak of the processor",
  operands: [],
  options: [
    ...timingOptions(defaults),
    {
      name: "threads",
      value: "N",
      description: "Measure training steps with so many threads too",
      default: "2, if there are two cores",
    },
    { name: "json", value: "FILE", description: "Write all figures into a file" },
    {
      name: "charts",
      description: "Measure more sizes, and draw docs/speed-over-hidden.svg and " +
        "docs/speed-over-streams.svg; takes some minutes",
    },
  ],
  notes: [
    "The peak is that of multiply-adds of 128-bit vectors in registers, in WebAssembly, measured",
    "just before and after each subject. bench/README.md says what each column means.",
  ],
  async run(line) {
    const plan = readTimingOptions(line, defaults);
    const threads = threadsOf(line);
    const results = resultsOf(plan, threads, line.flag("charts"));
    console.log(`${describe(results.environment)}\n\n${textOf(results)}`);
    const path = line.text("json");
    if (path !== undefined) {
      await Deno.writeTextFile(path, `${JSON.stringify(jsonOf(results), null, 2)}\n`);
    }
    if (line.flag("charts")) await writeCharts(results);
    return 0;
  },
};

/** The numbers of threads to measure with. */
export function threadsOf(
  line: CommandLine,
  cores: number = navigator.hardwareConcurrency,
): readonly number[] {
  const threads = line.number("threads") ?? Math.min(2, cores);
  if (!Number.isInteger(threads) || threads < 1 || threads > cores) {
    throw new InputError(
      `Cannot measure: "threads" must be a whole number from 1 to ${cores}, the cores there are, ` +
        `not ${threads}`,
    );
  }
  return threads === 1 ? [1] : [1, threads];
}

function resultsOf(plan: TimingOptions, threads: readonly number[], charts: boolean): Results {
  using stack = new DisposableStack();
  const start = (size: typeof networkSizes[number], count: number) => {
    const subject = trainingStepBenchmark(size, count);
    stack.defer(subject.close);
    return { size, ...subject };
  };
  const seqLength = networkSizes.flatMap((size) => threads.map((count) => start(size, count)));
  const products = productSizes.map((size) => ({ size, ...productBenchmark(size) }));
  const grid = charts ? chartSizes.map((size) => start(size, 1)) : [];
  const { subjects, peaks } = measure([...seqLength, ...products, ...grid], plan, (round) => {
    console.error(round === 0 ? "Warming up" : `RoundResult ${round} of ${plan.rounds}`);
  });
  return {
    environment: environment(),
    plan,
    probes: [...peaks].map(([threads, gflops]) => ({ threads, gflops })),
    seqLength: seqLength.map(({ size, threads }, i) => ({ size, threads, ...subjects[i]! })),
    products: products.map(({ size }, i) => ({ size, ...subjects[seqLength.length + i]! })),
    grid: grid.map(({ size, threads }, i) => ({
      ...{ size, threads },
      ...subjects[seqLength.length + products.length + i]!,
    })),
  };
}
