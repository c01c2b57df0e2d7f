import type { Command } from "../../src/cli/args.ts";
import { table } from "../../src/cli/format.ts";
import { printMessage, printResult } from "../../src/cli/output.ts";
import { formatEnvironment, readEnvironment } from "../environment.ts";
import { PeakProbe } from "../peak/probe.ts";
import { readThreadCounts } from "../report/command.ts";
import { readTimingOptions, type TimingOptions, timingOptions } from "../timing_options.ts";
import { formatSize } from "../workload.ts";
import { boundsOf, flopOf } from "./bounds.ts";
import { type NetworkSize, TimedNetwork } from "./timed_network.ts";

const defaults: TimingOptions = { rounds: 3, seconds: 0.3 };

/** The networks whose steps are measured: small and large ones of every cell. */
const networkSizes: readonly NetworkSize[] = [
  { cell: "rnn", layers: 1, hidden: 100, seqLength: 25, batchSize: 1 },
  { cell: "gru", layers: 1, hidden: 128, seqLength: 50, batchSize: 8 },
  { cell: "gru", layers: 1, hidden: 192, seqLength: 50, batchSize: 16 },
  { cell: "gru", layers: 2, hidden: 128, seqLength: 64, batchSize: 12 },
  { cell: "lstm", layers: 2, hidden: 128, seqLength: 50, batchSize: 50 },
  { cell: "lstm", layers: 1, hidden: 256, seqLength: 50, batchSize: 32 },
  { cell: "lstm", layers: 1, hidden: 512, seqLength: 50, batchSize: 64 },
];

/** Operations of a multiply-add of a vector, of which a core does two in a cycle. */
const FLOP_PER_CYCLE = 16;
/** Seconds of each measurement of the peak. */
const PROBE_SECONDS = 0.02;

/** `deno task bench-phases`: where the time of a training step goes. */
export const phasesCommand: Command = {
  name: "bench-phases",
  summary: "Measure the phases of a training step, each beside the least time it can take",
  operands: [],
  options: [
    ...timingOptions(defaults),
    {
      name: "threads",
      value: "N",
      description: "Threads of the training steps; the phases are those of the first",
      default: "2 if the machine has two cores",
    },
  ],
  notes: ["bench/README.md explains the columns."],
  async run(line) {
    const timing = readTimingOptions(line, defaults);
    const threads = readThreadCounts(line).at(-1)!;
    printMessage("Compiling the kernels with marks");
    // The compiler reads the environment when it is loaded, which other users of this table need not
    // allow.
    const { compilePhases } = await import("../../build.ts");
    const bytes = await compilePhases();
    printResult(formatEnvironment(readEnvironment()));
    for (const size of networkSizes) {
      for (const count of size.batchSize > 1 && threads > 1 ? [1, threads] : [1]) {
        printResult(`\n${formatPhases(size, { bytes, threads: count, timing })}`);
      }
    }
    return 0;
  },
};

/** Measures the phases of a step and returns them as a table. */
function formatPhases(
  size: NetworkSize,
  { bytes, threads, timing: { rounds, seconds } }: {
    readonly bytes: Uint8Array<ArrayBuffer>;
    readonly threads: number;
    readonly timing: TimingOptions;
  },
): string {
  using network = new TimedNetwork(size, { bytes, threads });
  using probe = new PeakProbe(threads);
  network.measure(seconds); // V8 still compiles.
  let peak = 0;
  let times = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    peak = Math.max(peak, probe.measure(PROBE_SECONDS));
    const measured = network.measure(seconds);
    times = new Map(
      Array.from(measured, ([name, ms]) => [name, Math.min(ms, times.get(name) ?? Infinity)]),
    );
  }
  const total = Array.from(times.values()).reduce((sum, ms) => sum + ms, 0);
  const bounds = boundsOf(size);
  const cyclesPerMs = peak * 1e6 / FLOP_PER_CYCLE;
  const rows = Array.from(times, ([name, ms]) => {
    const bound = bounds.get(name);
    const least = bound === undefined ? 0 : bound.cycles / cyclesPerMs;
    return [
      name,
      ms.toFixed(4),
      `${(100 * ms / total).toFixed(1)} %`,
      ...(least === 0
        ? ["", "", ""]
        : [least.toFixed(4), `${(100 * least / ms).toFixed(0)} %`, bound!.unit]),
    ];
  }).filter(([, ms]) => Number(ms) > 0);
  const name = `${size.cell.toUpperCase()}, ${size.layers} × ${formatSize(size).slice(2)}`;
  const share = flopOf(size) / total / 1e6 / peak;
  return [
    `${name}, ${threads === 1 ? "1 thread" : `${threads} threads`}: ${total.toFixed(3)} ms, ` +
    `${(100 * share).toFixed(1)} % of the peak`,
    table([["phase", "ms", "of the step", "bound (ms)", "bound ÷ time", "unit"], ...rows], {
      rightFrom: 1,
    }),
  ].join("\n");
}
