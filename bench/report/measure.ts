/** Measures benchmarks against the peak of the processor, round after round. */
import { PeakProbe } from "../peak/probe.ts";
import { summarize, type Summary } from "../statistics.ts";
import type { TimingOptions } from "../timing_options.ts";
import { Disposables } from "../../src/disposables.ts";

/** A function to be timed. */
export interface Benchmark {
  /** The threads that it computes with. */
  readonly threads: number;
  /** Useful floating-point operations of one run. */
  readonly flop: number;
  readonly run: () => void;
}

/** The results of one benchmark. */
export interface Measurement {
  /** Milliseconds of one run: the mean of each round, summarized over the rounds. */
  readonly milliseconds: Summary;
  /** Useful GFLOP/s. */
  readonly gflops: Summary;
  /** These GFLOP/s as a fraction of those of the peak probe, run just before and after. */
  readonly shareOfPeak: Summary;
}

/** The results of all benchmarks. */
export interface Measurements {
  /** One per benchmark, in the same order. */
  readonly benchmarks: readonly Measurement[];
  /** GFLOP/s of the peak probe, by the number of threads. */
  readonly peaks: ReadonlyMap<number, Summary>;
}

/** How {@linkcode measure} runs the benchmarks. */
export interface MeasureOptions extends TimingOptions {
  /** Called before each round with its number; round 0 warms up and is not counted. */
  readonly onRound?: (round: number) => void;
}

/** Seconds that the peak probe runs before and after each benchmark. */
const PROBE_SECONDS = 0.02;

/**
 * Runs all benchmarks in turns, so that a change of the machine's load affects all of them alike.
 */
export function measure(
  benchmarks: readonly Benchmark[],
  { rounds, seconds, onRound = () => {} }: MeasureOptions,
): Measurements {
  using stack = new Disposables();
  const probes = new Map<number, PeakProbe>();
  const peaks = new Map<number, number[]>();
  for (const { threads } of benchmarks) {
    if (probes.has(threads)) continue;
    probes.set(threads, stack.use(new PeakProbe(threads)));
    peaks.set(threads, []);
  }
  const times = benchmarks.map(() => [] as number[]);
  const shares = benchmarks.map(() => [] as number[]);
  for (let round = 0; round <= rounds; round++) {
    onRound(round);
    benchmarks.forEach(({ threads, flop, run }, i) => {
      const probe = probes.get(threads)!;
      const before = probe.measure(PROBE_SECONDS);
      const milliseconds = meanTime(run, seconds);
      const after = probe.measure(PROBE_SECONDS);
      if (round === 0) return; // V8 still compiles in the first round.
      peaks.get(threads)!.push(before, after);
      times[i]!.push(milliseconds);
      shares[i]!.push(toGflops(flop, milliseconds) / ((before + after) / 2));
    });
  }
  return {
    benchmarks: benchmarks.map(({ flop }, i) => ({
      milliseconds: summarize(times[i]!),
      gflops: summarize(times[i]!.map((milliseconds) => toGflops(flop, milliseconds))),
      shareOfPeak: summarize(shares[i]!),
    })),
    peaks: new Map([...peaks].map(([threads, gflops]) => [threads, summarize(gflops)])),
  };
}

/** Runs a function for some seconds, at least once; returns the mean milliseconds of a run. */
function meanTime(run: () => void, seconds: number): number {
  const begin = performance.now();
  let runs = 0;
  let elapsed = 0;
  while (elapsed < 1000 * seconds) {
    run();
    runs++;
    elapsed = performance.now() - begin;
  }
  return elapsed / runs;
}

function toGflops(flop: number, milliseconds: number): number {
  return flop / milliseconds / 1e6;
}
