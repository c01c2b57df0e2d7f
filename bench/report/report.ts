import { table } from "../../src/cli/format.ts";
import type { Environment } from "../environment.ts";
import type { TimingOptions } from "../timing_options.ts";
import { formatSize, type NetworkSize, VOCABULARY_SIZE } from "../network_size.ts";
import type { Summary } from "../statistics.ts";
import type { Measurement } from "./measure.ts";
import { PRODUCT_ROWS } from "./benchmarks.ts";

/** A training step that was measured. */
export interface StepResult extends Measurement {
  readonly size: NetworkSize;
  readonly threads: number;
}

/** A product that was measured. */
export interface ProductResult extends Measurement {
  /** K. */
  readonly size: number;
}

/** What the peak probe reached. */
export interface ProbeResult {
  readonly threads: number;
  readonly gflops: Summary;
}

/** All that a report tells. */
export interface Results {
  readonly environment: Environment;
  readonly plan: TimingOptions;
  readonly probes: readonly ProbeResult[];
  readonly seqLength: readonly StepResult[];
  readonly products: readonly ProductResult[];
  /** Sizes that only the charts show. */
  readonly grid: readonly StepResult[];
}

/** T·B, over the time that a step takes. */
export function charsPerSecond(
  { seqLength, batchSize }: NetworkSize,
  milliseconds: number,
): number {
  return seqLength * batchSize / milliseconds * 1000;
}

/** The tables, for people. */
export function textOf({ probes, seqLength, products }: Results): string {
  const peak = (threads: number) => probes.find((probe) => probe.threads === threads)!.gflops;
  const head = ["GFLOP/s", "of the peak", "from", "to"];
  const speeds = ({ gflops, share }: Measurement) => [
    gflops.median.toFixed(1),
    ...[share.median, share.minimum, share.maximum].map(percent),
  ];
  const stepRows = seqLength.map((step) => {
    const { size, threads, milliseconds } = step;
    return [
      formatSize(size),
      String(threads),
      time(milliseconds.median),
      time(milliseconds.minimum),
      whole(charsPerSecond(size, milliseconds.median)),
      whole(charsPerSecond(size, milliseconds.minimum)),
      ...speeds(step),
    ];
  });
  const trainingHead = [
    "training step",
    "threads",
    "ms",
    "least ms",
    "chars/s",
    "most chars/s",
    ...head,
  ];
  const productRows = products.map((product) => [
    `${PRODUCT_ROWS} × ${product.size} × ${product.size}`,
    time(product.milliseconds.median),
    time(product.milliseconds.minimum),
    ...speeds(product),
  ]);
  const probeRows = probes.map(({ threads }) => [
    String(threads),
    ...[peak(threads).median, peak(threads).maximum].map((gflops) => gflops.toFixed(1)),
  ]);
  return [
    table([["peak probe, threads", "GFLOP/s", "most"], ...probeRows], 1),
    table([trainingHead, ...stepRows], 1),
    table([["product alone", "ms", "least ms", ...head], ...productRows], 1),
  ].join("\n\n");
}

/** Everything, for machines. */
export function jsonOf(results: Results): unknown {
  const speeds = ({ milliseconds, gflops, share }: Measurement) => ({
    milliseconds,
    gflops,
    share_of_peak: share,
  });
  const step = (result: StepResult) => ({
    ...result.size,
    vocabulary: VOCABULARY_SIZE,
    threads: result.threads,
    chars_per_s: {
      median: charsPerSecond(result.size, result.milliseconds.median),
      maximum: charsPerSecond(result.size, result.milliseconds.minimum),
    },
    ...speeds(result),
  });
  return {
    environment: results.environment,
    ...results.plan,
    peak: results.probes,
    seqLength: results.seqLength.map(step),
    products: results.products.map((product) => ({
      rows: PRODUCT_ROWS,
      depth: product.size,
      columns: product.size,
      ...speeds(product),
    })),
    grid: results.grid.map(step),
  };
}

function time(milliseconds: number): string {
  return milliseconds.toFixed(milliseconds < 10 ? 3 : 1);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
