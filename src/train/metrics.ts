import type { Progress } from "../model/checkpoint.ts";
import type { Report } from "./train.ts";

/** Appends a line to a metrics file; what a failure leaves of it is taken away. */
export function appendReport(path: string, report: Report): void {
  using file = Deno.openSync(path, { append: true, create: true });
  const { size } = file.statSync();
  try {
    let bytes = new TextEncoder().encode(JSON.stringify(report) + "\n");
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
  { step, reportedStep, validatedStep }: Progress,
): { readonly kept: string; readonly lastStep: number | null } {
  const last = reportedStep ?? step - 1;
  let kept = "";
  let lastStep: number | null = null;
  for (const line of text.split("\n")) {
    const report = parse(line);
    if (report === null) continue;
    if (report.step > last) break;
    const whole = report.step < last || validatedStep === last;
    kept += (whole ? line : JSON.stringify({ ...report, val_loss: null })) + "\n";
    lastStep = report.step;
    if (report.step === last) break;
  }
  return { kept, lastStep };
}

/** The report of a line; `null` when it is none, as of a process that was killed while writing. */
function parse(line: string): Report | null {
  try {
    const report = JSON.parse(line);
    return typeof report?.step === "number" ? report : null;
  } catch {
    return null;
  }
}
