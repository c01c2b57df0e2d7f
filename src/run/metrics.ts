/** `metrics.jsonl`, the file of a run's metrics: a JSON object a line. */

import { checkFolderPath } from "../arguments.ts";
import type { Progress } from "../checkpoint/checkpoint.ts";
import { InputError, withContextAsync } from "../errors.ts";
import { isSameInode, lstatIfExists } from "../files/file_identity.ts";
import { quotePath } from "../json.ts";
import { toInputError } from "../files/os_errors.ts";
import type { TrainingMetrics } from "../train/metrics.ts";
import { checkMetricsStart, checkRegular, openRegular, readAtMost } from "./ownership.ts";
import { METRICS_FILE } from "./run_files.ts";
import { type FileInfo, OpenFile, stat } from "../files/fs.ts";

const LINE_END = 10;

/** Far above the length of a line, some 200. */
const MAX_LINE = 4096;

/** Bytes of a metrics file that are in memory at a time. */
const WINDOW_BYTES = 2 ** 20;

/** A crash of the system may leave a file that ends with zeros; one with more is not the run's. */
const MAX_MISSING_BYTES = 2 ** 28;

/** A line of the file: the metrics in snake case, as plotting scripts and pandas expect. */
interface MetricsRecord {
  readonly step: number;
  readonly epoch: number;
  readonly chars: number;
  readonly loss: number;
  readonly batch_loss: number | null;
  readonly val_loss: number | null;
  readonly lr: number;
  readonly chars_per_s: number;
  readonly threads: number;
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
  checkFolderPath(path, { context: "Cannot read metrics", name: "path" });
  const file = `${path}/${METRICS_FILE}`;
  return await withContextAsync(`Cannot read the metrics ${quotePath(file)}`, async () => {
    try {
      // Checked before it is opened: opening a named pipe would wait for a writer.
      checkRegular(stat(file));
      using opened = OpenFile.open(file);
      checkRegular(opened.stat());
      const metrics: TrainingMetrics[] = [];
      for await (const { line } of linesOf(opened)) {
        const parsed = parseMetrics(line);
        if (parsed !== null) metrics.push(parsed);
      }
      return metrics;
    } catch (error) {
      const missing = "the folder must be a run folder with metrics";
      throw toInputError(error, { path: file, action: "read", missing });
    }
  });
}

/** A line of a file. */
export interface Line {
  /** The line without its end. Of one that no metrics can have only the start, whatever its length. */
  readonly line: string;
  /** Its length in the file, with its end. */
  readonly bytes: number;
  /** Whether it has an end. */
  readonly isComplete: boolean;
}

/** The lines of a file, from its position on. */
export async function* linesOf(file: OpenFile): AsyncGenerator<Line> {
  const decoder = new TextDecoder();
  const window = new Uint8Array(WINDOW_BYTES);
  let start = new Uint8Array(0);
  let length = 0;
  for (let count = 1; (count = await file.readAsync(window)) > 0;) {
    const read = window.subarray(0, count);
    for (let from = 0; from < count;) {
      const end = read.indexOf(LINE_END, from);
      const part = read.subarray(from, end < 0 ? count : end);
      length += part.length;
      const kept = part.subarray(0, MAX_LINE - start.length);
      if (end < 0) {
        start = new Uint8Array([...start, ...kept]);
        break;
      }
      const line = decoder.decode(start.length === 0 ? kept : new Uint8Array([...start, ...kept]));
      yield { line, bytes: length + 1, isComplete: true };
      start = new Uint8Array(0);
      length = 0;
      from = end + 1;
    }
  }
  if (length > 0) yield { line: decoder.decode(start), bytes: length, isComplete: false };
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
    lr: metrics.lr,
    chars_per_s: metrics.charsPerSecond,
    threads: metrics.threads,
    elapsed_s: metrics.elapsedSeconds,
  });
}

/**
 * Appends a line to a metrics file, or replaces its last one if that is of the same step: a run that
 * ends at a step which it has logged adds a validation. If that fails, the file is as it was before.
 *
 * @returns Information about the file that was written.
 * @throws {InputError} if the path is that of a link, or of anything but a file of metrics.
 */
export function appendMetrics(path: string, metrics: TrainingMetrics): FileInfo {
  const found = lstatIfExists(path);
  if (found !== null) checkRegular(found);
  using file = OpenFile.open(path, { access: "write", createNew: found === null });
  const opened = file.stat();
  if (found !== null && !isSameInode(found, opened)) throw new Error("it was replaced");
  checkMetricsStart(file);
  const last = readLastLine(file, opened.size);
  const isSameStep = parseRecord(new TextDecoder().decode(last))?.step === metrics.step;
  const start = isSameStep ? opened.size - last.length : opened.size;
  const line = new TextEncoder().encode(formatMetrics(metrics));
  try {
    file.seek(start);
    file.write(line);
    if (isSameStep) file.truncate(start + line.length);
    return file.stat();
  } catch (error) {
    if (isSameStep) {
      file.seek(start);
      file.write(last);
    }
    file.truncate(opened.size);
    throw error;
  }
}

/** The last line of a file of metrics, with its end; empty if it is none. */
function readLastLine(file: OpenFile, size: number): Uint8Array {
  file.seek(Math.max(0, size - MAX_LINE));
  const bytes = readAtMost(file, Math.min(size, MAX_LINE));
  return bytes.subarray(bytes.lastIndexOf(LINE_END, bytes.length - 2) + 1);
}

/** What is kept of a metrics file; see {@linkcode truncateMetrics}. */
export interface KeptMetrics {
  /** How many bytes at the start of the file are kept as they are. */
  readonly length: number;
  /** What follows them. */
  readonly suffix: string;
  /** The step of the last line; `null` if there is none. */
  readonly lastStep: number | null;
  /** Whether this is all that the file has. */
  readonly isWhole: boolean;
}

/**
 * Finds what {@linkcode truncateMetrics} keeps of a file. Reads it from its end, so that it may have
 * any length: a run logs for as long as it trains.
 *
 * @throws {InputError} if the file is a link, no regular file, or has no metrics for long.
 */
export function keptMetrics(path: string, progress: Progress): KeptMetrics {
  using file = openRegular(path);
  const { size } = file.stat();
  const lastKept = lastKeptStep(progress);
  let missing = 0;
  for (let end = size;;) {
    const begin = Math.max(0, end - WINDOW_BYTES);
    file.seek(begin);
    const bytes = readAtMost(file, end - begin);
    // The first line may be a part of one, unless the file begins with it.
    const from = begin === 0 ? 0 : bytes.indexOf(LINE_END) + 1;
    const text = new TextDecoder().decode(bytes.subarray(from));
    const steps = text.split("\n").flatMap((line) => parseRecord(line)?.step ?? []);
    if (begin === 0 || steps.some((step) => step <= lastKept)) {
      const { kept: suffix, lastStep } = truncateMetrics(text, progress);
      const isWhole = end === size && suffix === text;
      return { length: begin + from, suffix, lastStep, isWhole };
    }
    missing = steps.length === 0 ? missing + bytes.length : 0;
    if (missing > MAX_MISSING_BYTES) {
      throw new InputError(
        `${missing} bytes of it are no metrics; it must be one JSON object a line`,
      );
    }
    end = from < bytes.length ? begin + from : begin;
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
  progress: Progress,
): { readonly kept: string; readonly lastStep: number | null } {
  const last = lastKeptStep(progress);
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
    const isRegular = record.step < last || progress.validatedStep === last;
    kept += isRegular ? `${line}\n` : formatRecord({ ...record, val_loss: null });
    lastStep = record.step;
    if (record.step === last) break;
  }
  return { kept, lastStep };
}

/** A checkpoint without a logged step keeps the lines before its own step. */
function lastKeptStep({ step, loggedStep }: Progress): number {
  return loggedStep ?? step - 1;
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

/** Parses a line, which is untrusted; `null` if it is incomplete, or is no metrics. */
export function parseMetrics(line: string): TrainingMetrics | null {
  const record = parseRecord(line);
  if (record === null) return null;
  const metrics = {
    step: record.step,
    epoch: record.epoch,
    chars: record.chars,
    loss: record.loss,
    batchLoss: record.batch_loss,
    validationLoss: record.val_loss,
    lr: record.lr,
    charsPerSecond: record.chars_per_s,
    threads: record.threads,
    elapsedSeconds: record.elapsed_s,
  };
  const { batchLoss, validationLoss, ...numbers } = metrics;
  const isValid = Object.values(numbers).every(Number.isFinite) &&
    [batchLoss, validationLoss].every((loss) => loss === null || Number.isFinite(loss));
  return isValid ? metrics : null;
}
