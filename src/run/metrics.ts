/** `metrics.jsonl`, the file of a run's metrics: a JSON object a line. */

import type { Progress } from "../checkpoint/checkpoint.ts";
import { withContextAsync } from "../errors.ts";
import { isSameInode, lstatIfExists } from "../file_identity.ts";
import { quotePath } from "../json.ts";
import { toInputError } from "../os_errors.ts";
import type { TrainingMetrics } from "../train/metrics.ts";
import { checkRegular, checkSize, MAX_METRICS_BYTES } from "./ownership.ts";
import { METRICS_FILE } from "./run_files.ts";

/** A line of the file: the metrics in snake case, as plotting scripts and pandas expect. */
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

/**
 * Reads the metrics of a run; needs `--allow-read`. The run may still be training.
 *
 * @param path The run folder.
 * @returns The metrics in the order of steps. A line that is not complete is left out.
 * @throws {InputError} if the folder has no metrics, or they cannot be read.
 *
 * @example
 * ```ts
 * import { readMetrics } from "./mod.ts";
 *
 * for (const path of Deno.args) {
 *   for (const { step, loss } of await readMetrics(path)) console.log(step, loss);
 * }
 * ```
 */
export async function readMetrics(path: string): Promise<TrainingMetrics[]> {
  const file = `${path}/${METRICS_FILE}`;
  const text = await withContextAsync(`Cannot read the metrics ${quotePath(file)}`, async () => {
    try {
      // Checked before it is opened: opening a named pipe would wait for a writer.
      const info = await Deno.stat(file);
      checkRegular(info);
      checkSize(info, MAX_METRICS_BYTES);
      return await Deno.readTextFile(file);
    } catch (error) {
      const missing = "the folder must be a run folder with metrics";
      throw toInputError(error, { path: file, action: "read", missing });
    }
  });
  return text.split("\n").flatMap((line) => {
    const record = parseRecord(line);
    return record === null ? [] : [fromRecord(record)];
  });
}

/** The line of the file for these metrics. */
export function formatMetrics(metrics: TrainingMetrics): string {
  return formatRecord({
    step: metrics.step,
    epoch: metrics.epoch,
    chars: metrics.chars,
    loss: metrics.loss,
    batch_loss: metrics.batchLoss,
    val_loss: metrics.validationLoss,
    chars_per_s: metrics.charsPerSecond,
    elapsed_s: metrics.elapsedSeconds,
  });
}

/**
 * Appends a line to a metrics file; if that fails, the file is as it was before.
 *
 * @throws {InputError} if the path is that of a link, or of anything but a regular file.
 */
export function appendMetrics(path: string, metrics: TrainingMetrics): void {
  const found = lstatIfExists(path);
  if (found !== null) checkRegular(found);
  using file = Deno.openSync(path, { append: true, createNew: found === null });
  const opened = file.statSync();
  if (found !== null && !isSameInode(found, opened)) throw new Error("it was replaced");
  try {
    let bytes = new TextEncoder().encode(formatMetrics(metrics));
    while (bytes.length > 0) bytes = bytes.subarray(file.writeSync(bytes));
  } catch (error) {
    file.truncateSync(opened.size);
    throw error;
  }
}

/**
 * Truncates metrics to what a run had logged at a checkpoint, from which it is resumed.
 *
 * Later lines are not part of the resumed run, which logs these steps again. Neither is what the
 * end of the run added: a line of its last step, or a validation loss in the last regular line.
 *
 * @param text The contents of a metrics file.
 * @returns The contents to keep, and the step of their last line; `null` if there is none.
 */
export function truncateMetrics(
  text: string,
  { step, loggedStep, validatedStep }: Progress,
): { readonly kept: string; readonly lastStep: number | null } {
  // A checkpoint without a logged step keeps the lines before its own step.
  const last = loggedStep ?? step - 1;
  let kept = "";
  let lastStep: number | null = null;
  // One line at a time: an array of all lines takes several times the memory of the text.
  for (let start = 0, end; start < text.length; start = end + 1) {
    end = text.indexOf("\n", start);
    if (end < 0) end = text.length;
    const line = text.slice(start, end);
    const record = parseRecord(line);
    if (record === null) continue;
    if (record.step > last) break;
    const isRegular = record.step < last || validatedStep === last;
    kept += isRegular ? `${line}\n` : formatRecord({ ...record, val_loss: null });
    lastStep = record.step;
    if (record.step === last) break;
  }
  return { kept, lastStep };
}

function formatRecord(record: MetricsRecord): string {
  return JSON.stringify(record) + "\n";
}

/** Parses a line; `null` if it is incomplete, as after a process was killed while writing it. */
function parseRecord(line: string): MetricsRecord | null {
  try {
    const record = JSON.parse(line);
    return typeof record?.step === "number" ? record : null;
  } catch {
    return null;
  }
}

function fromRecord(record: MetricsRecord): TrainingMetrics {
  return {
    step: record.step,
    epoch: record.epoch,
    chars: record.chars,
    loss: record.loss,
    batchLoss: record.batch_loss,
    validationLoss: record.val_loss,
    charsPerSecond: record.chars_per_s,
    elapsedSeconds: record.elapsed_s,
  };
}
