/** The report of `deno task bench-report`, as tables and as JSON. */
import { formatCount, formatNumber, table } from "../../src/cli/format.ts";
import type { Environment } from "../environment.ts";
import type { Summary } from "../statistics.ts";
import type { TimingOptions } from "../timing_options.ts";
import { formatSize, VOCABULARY_SIZE, type WorkloadSize } from "../workload.ts";
import { PRODUCT_ROWS } from "./benchmarks.ts";
import type { Measurement } from "./measure.ts";

/** The measurement of a training step. */
export interface TrainingStepResult extends Measurement {
  readonly size: WorkloadSize;
  readonly threads: number;
}

/** The measurement of a product [96, K]·[K, K]. */
export interface ProductResult extends Measurement {
  /** K. */
  readonly size: number;
}

/** The speed of the peak probe. */
export interface PeakResult {
  readonly threads: number;
  readonly gflops: Summary;
}

/** Everything that was measured. */
export interface Report {
  readonly environment: Environment;
  readonly timing: TimingOptions;
  readonly peaks: readonly PeakResult[];
  readonly trainingSteps: readonly TrainingStepResult[];
  readonly products: readonly ProductResult[];
  /** Training steps of the sizes that only the charts show. */
  readonly chartSteps: readonly TrainingStepResult[];
}

/** Characters per second of a training step: T·B over its time. */
export function charsPerSecond(
  { seqLength, batchSize }: WorkloadSize,
  milliseconds: number,
): number {
  return seqLength * batchSize / milliseconds * 1000;
}

/** The report as tables; bench/README.md explains the columns. */
export function formatReport({ peaks, trainingSteps, products }: Report): string {
  const speedHead = ["GFLOP/s", "share of peak", "min", "max"];
  const speedCells = ({ gflops, shareOfPeak: { median, minimum, maximum } }: Measurement) => [
    gflops.median.toFixed(1),
    ...[median, minimum, maximum].map(formatShare),
  ];
  const peakTable = [
    ["peak probe", "GFLOP/s", "max"],
    ...peaks.map(({ threads, gflops }) => [
      formatCount(threads, "thread"),
      gflops.median.toFixed(1),
      gflops.maximum.toFixed(1),
    ]),
  ];
  const trainingTable = [
    ["training step", "threads", "ms", "min ms", "chars/s", "max chars/s", ...speedHead],
    ...trainingSteps.map((step) => [
      formatSize(step.size),
      String(step.threads),
      formatTime(step.milliseconds.median),
      formatTime(step.milliseconds.minimum),
      formatNumber(charsPerSecond(step.size, step.milliseconds.median)),
      formatNumber(charsPerSecond(step.size, step.milliseconds.minimum)),
      ...speedCells(step),
    ]),
  ];
  const productTable = [
    ["matrix product", "ms", "min ms", ...speedHead],
    ...products.map((product) => [
      `${PRODUCT_ROWS} × ${product.size} × ${product.size}`,
      formatTime(product.milliseconds.median),
      formatTime(product.milliseconds.minimum),
      ...speedCells(product),
    ]),
  ];
  return [peakTable, trainingTable, productTable].map((rows) => table(rows, { rightFrom: 1 })).join(
    "\n\n",
  );
}

/** The report as a value for `JSON.stringify`. */
export function reportToJson(report: Report): unknown {
  const speeds = ({ milliseconds, gflops, shareOfPeak }: Measurement) => ({
    milliseconds,
    gflops,
    share_of_peak: shareOfPeak,
  });
  const trainingStep = ({ size, threads, ...measurement }: TrainingStepResult) => ({
    hidden: size.hidden,
    seq_length: size.seqLength,
    batch_size: size.batchSize,
    vocabulary: VOCABULARY_SIZE,
    threads,
    chars_per_s: {
      median: charsPerSecond(size, measurement.milliseconds.median),
      maximum: charsPerSecond(size, measurement.milliseconds.minimum),
    },
    ...speeds(measurement),
  });
  return {
    environment: report.environment,
    ...report.timing,
    peaks: report.peaks,
    training_steps: report.trainingSteps.map(trainingStep),
    products: report.products.map((product) => ({
      rows: PRODUCT_ROWS,
      depth: product.size,
      columns: product.size,
      ...speeds(product),
    })),
    chart_steps: report.chartSteps.map(trainingStep),
  };
}

function formatTime(milliseconds: number): string {
  return milliseconds.toFixed(milliseconds < 10 ? 3 : 1);
}

function formatShare(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
