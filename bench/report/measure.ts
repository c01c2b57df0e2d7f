import { PeakProbe } from "../peak/probe.ts";
import type { TimingOptions } from "../timing_options.ts";
import { summarize, type Summary } from "../statistics.ts";

/** Something to be timed. */
export interface Benchmark {
  /** Threads that it computes with. */
  readonly threads: number;
  /** Useful operations of one run. */
  readonly flop: number;
  readonly run: () => void;
}

/** What was found of a subject. */
export interface Measurement {
  /** Of one run: the mean of a round, summarised over the rounds. */
  readonly milliseconds: Summary;
  /** Useful GFLOP/s. */
  readonly gflops: Summary;
  /** GFLOP/s over those of the peak probe, which is measured just before and after. */
  readonly share: Summary;
}

/** What was found. */
export interface Measurements {
  /** As many as subjects, in their order. */
  readonly subjects: readonly Measurement[];
  /** GFLOP/s of the peak probe, by the number of threads. */
  readonly peaks: ReadonlyMap<number, Summary>;
}

/** How long the probe runs beside each subject. */
const PROBE_SECONDS = 0.02;

/**
 * Measures all subjects in turns, so that whatever else the machine does meets all alike.
 *
 * @param onRound Called before each round with its number; 0 is for warming up and not counted.
 */
export function measure(
  subjects: readonly Benchmark[],
  { rounds, seconds }: TimingOptions,
  onRound: (round: number) => void = () => {},
): Measurements {
  using stack = new DisposableStack();
  const probes = new Map<number, PeakProbe>();
  const peaks = new Map<number, number[]>();
  for (const { threads } of subjects) {
    if (probes.has(threads)) continue;
    probes.set(threads, stack.use(new PeakProbe(threads)));
    peaks.set(threads, []);
  }
  const times = subjects.map(() => [] as number[]);
  const shares = subjects.map(() => [] as number[]);
  for (let round = 0; round <= rounds; round++) {
    onRound(round);
    subjects.forEach(({ threads, flop, run }, i) => {
      const probe = probes.get(threads)!;
      const before = probe.measure(PROBE_SECONDS);
      const milliseconds = timeOf(run, seconds);
      const after = probe.measure(PROBE_SECONDS);
      if (round === 0) return; // V8 has just met the code.
      peaks.get(threads)!.push(before, after);
      times[i]!.push(milliseconds);
      shares[i]!.push(gflopsOf(flop, milliseconds) / ((before + after) / 2));
    });
  }
  return {
    subjects: subjects.map(({ flop }, i) => ({
      milliseconds: summarize(times[i]!),
      gflops: summarize(times[i]!.map((milliseconds) => gflopsOf(flop, milliseconds))),
      share: summarize(shares[i]!),
    })),
    peaks: new Map([...peaks].map(([threads, values]) => [threads, summarize(values)])),
  };
}

/** Runs for so many seconds, at least once, and gives the mean time of a run in milliseconds. */
function timeOf(run: () => void, seconds: number): number {
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

function gflopsOf(flop: number, milliseconds: number): number {
  return flop / milliseconds / 1e6;
}
