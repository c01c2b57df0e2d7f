import { checkFolderPath } from "../arguments.ts";
import { withContextAsync } from "../errors.ts";
import { isSameInode, statIfExists } from "../files/file_identity.ts";
import { type FileInfo, OpenFile } from "../files/fs.ts";
import { toInputError } from "../files/os_errors.ts";
import { quotePath } from "../json.ts";
import type { TrainingMetrics } from "../train/metrics.ts";
import { linesOf, parseMetrics } from "./metrics.ts";
import { checkRegular } from "./ownership.ts";
import { METRICS_FILE } from "./run_files.ts";

/** What has changed in the metrics of a run since they were read last. */
export interface MetricsChange {
  /** How many of the metrics that were read before are still those of the run. */
  readonly kept: number;
  /** The metrics that follow them, in the order of steps. */
  readonly added: readonly TrainingMetrics[];
  /** How many lines of the file, of all that were read so far, are no metrics and are left out. */
  readonly unreadable: number;
}

/** A line of metrics that was read. */
interface ReadLine {
  readonly line: string;
  /** Where it begins. */
  readonly start: number;
  readonly step: number;
  /** Lines before it that are no metrics. */
  readonly unreadable: number;
}

/** Clocks of file systems are coarse: a file that was just written may change without a new time. */
const SETTLED_MS = 2000;

/**
 * Reads the metrics of a run again and again, each time only what is new; needs `--allow-read`.
 *
 * The run may be training in another process, which appends lines and replaces the last one; it may
 * be resumed, which removes lines; and its folder may be removed, replaced, or not exist yet.
 *
 * @example
 * ```ts
 * import type { TrainingMetrics } from "../mod.ts";
 * import { MetricsReader } from "./mod.ts";
 *
 * const reader = new MetricsReader("runs/alice");
 * const metrics: TrainingMetrics[] = [];
 * const { kept, added } = await reader.read();
 * metrics.splice(kept, Infinity, ...added);
 * ```
 */
export class MetricsReader {
  readonly #file: string;
  /** The file as it was when it was read last; `null` if there was none. */
  #info: FileInfo | null = null;
  /** How many metrics were read so far. */
  #count = 0;
  /** How many lines were read that are no metrics. */
  #unreadable = 0;
  /** The last line of metrics that was read. */
  #last: ReadLine | null = null;

  /**
   * Reads nothing yet.
   *
   * @param path The run folder, which need not exist.
   * @throws {TypeError} if `path` is not a string.
   */
  constructor(path: string) {
    checkFolderPath(path, { context: "Cannot read metrics", name: "path" });
    this.#file = `${path}/${METRICS_FILE}`;
  }

  /**
   * Reads what has changed since the last call. A file that does not exist has no metrics. Calls
   * must not overlap.
   *
   * @throws {InputError} if the file cannot be read, or is not a regular file. The next call reads
   * it from the start.
   */
  async read(): Promise<MetricsChange> {
    return await withContextAsync(`Cannot read the metrics ${quotePath(this.#file)}`, async () => {
      try {
        return await this.#read();
      } catch (error) {
        this.#forget();
        const missing = "the folder must be a run folder";
        throw toInputError(error, { path: this.#file, action: "read", missing });
      }
    });
  }

  async #read(): Promise<MetricsChange> {
    // Checked before it is opened: opening a named pipe would wait for a writer.
    const found = statIfExists(this.#file);
    if (found === null) {
      this.#forget();
      return { kept: 0, added: [], unreadable: 0 };
    }
    checkRegular(found);
    using file = OpenFile.open(this.#file);
    const info = file.stat();
    checkRegular(info);
    if (isSettled(this.#info, info)) {
      return { kept: this.#count, added: [], unreadable: this.#unreadable };
    }
    const last = isSameInode(this.#info, info) ? this.#last : null;
    const change = last === null ? null : await this.#readFrom(file, last);
    if (change === null) this.#forget();
    const result = change ?? await this.#readFrom(file, null);
    this.#info = info;
    return result!;
  }

  /**
   * Reads on from the last line, or from the start.
   *
   * @returns `null` if that line is no longer there, nor another one of its step.
   */
  async #readFrom(file: OpenFile, last: ReadLine | null): Promise<MetricsChange | null> {
    let start = last?.start ?? 0;
    let kept = this.#count;
    // Lines after the last one of metrics are read again.
    let unreadable = last?.unreadable ?? 0;
    let isFirst = last !== null;
    let end = this.#last;
    const added: TrainingMetrics[] = [];
    file.seek(start);
    for await (const { line, bytes, isComplete } of linesOf(file)) {
      if (isFirst && line === last!.line) {
        isFirst = false;
        start += bytes;
        continue;
      }
      // A line without its end is still being written.
      const metrics = isComplete ? parseMetrics(line) : null;
      if (isFirst) {
        if (metrics?.step !== last!.step) return null;
        kept--;
        isFirst = false;
      }
      if (metrics !== null) {
        added.push(metrics);
        end = { line, start, step: metrics.step, unreadable };
      } else if (isComplete) unreadable++;
      start += bytes;
    }
    if (isFirst) return null;
    this.#count = kept + added.length;
    this.#unreadable = unreadable;
    this.#last = end;
    return { kept, added, unreadable };
  }

  #forget(): void {
    this.#info = null;
    this.#count = 0;
    this.#unreadable = 0;
    this.#last = null;
  }
}

/** Whether a file is certainly as it was. */
function isSettled(before: FileInfo | null, now: FileInfo): boolean {
  return isSameInode(before, now) && before!.size === now.size &&
    before!.mtime.getTime() === now.mtime.getTime() &&
    Math.abs(Date.now() - now.mtime.getTime()) > SETTLED_MS;
}
