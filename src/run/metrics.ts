import type { Progress } from "../checkpoint/checkpoint.ts";
import type { TrainingMetrics } from "../train/metrics.ts";

/** Appends a line to a metrics file; what a failure leaves of it is taken away. */
export function appendMetrics(path: string, report: TrainingMetrics): void {
  using file = Deno.openSync(path, { append: true, create: true });
  const { size } = file.statSync();
  try {
    let bytes = new TextEncoder().encode(formatMetrics(report));
    while (bytes.length > 0) bytes = bytes.subarray(file.writeSync(bytes));
  } catch (error) {
    file.truncateSync(size);
    throw error;
  }
}

/**
 * What a metrics file has of the run up to a checkpoint: the reports at their interval. What came
 * later is not part of the run that goes on from there, nor is what the end of a run adds: its own
 * report, or a validation in one.
 *
 * @param text The file.
 * @returns The lines to keep, and the step of the last of them; `null` without any.
 */
export function metricsUntil(
  text: string,
  { step, loggedStep, validatedStep }: Progress,
): { readonly kept: string; readonly lastStep: number | null } {
  const last = loggedStep ?? step - 1;
  let kept = "";
  let lastStep: number | null = null;
  for (const line of text.split("\n")) {
    const report = parse(line);
    if (report === null) continue;
    if (report.step > last) break;
    const whole = report.step < last || validatedStep === last;
    kept += whole ? `${line}\n` : formatRecord({ ...report, val_loss: null });
    lastStep = report.step;
    if (report.step === last) break;
  }
  return { kept, lastStep };
}

/** One line of the file: the metrics under the names that plotting scripts expect. */
interface MetricsRecord {
  readonly step: number;
  readonly epoch: number;
  readonly chars: number;
  readonly loss: number;
  readonly batch_loss: number | null;
  readonly val_loss: number | null;
  readonly chars_per_s: number;
  readonly elapsed_s: number;
}

/** The line of a metrics file for these metrics. */
export function formatMetrics(metrics: TrainingMetrics): string {
  const { batchLoss, validationLoss, charsPerSecond, elapsedSeconds, ...rest } = metrics;
  return formatRecord({
    ...rest,
    batch_loss: batchLoss,
    val_loss: validationLoss,
    chars_per_s: charsPerSecond,
    elapsed_s: elapsedSeconds,
  });
}

function formatRecord(record: MetricsRecord): string {
  return JSON.stringify(record) + "\n";
}

/** The report of a line; `null` when it is none, as of a process that was killed while writing. */
function parse(line: string): MetricsRecord | null {
  try {
    const report = JSON.parse(line);
    return typeof report?.step === "number" ? report : null;
  } catch {
    return null;
  }
}
