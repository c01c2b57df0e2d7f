import { bold, dim } from "@std/fmt/colors";
import type { Rollback, TrainingMetrics, TrainingStatus } from "../train/metrics.ts";
import { fold, formatCount, formatDuration, formatLoss, formatNumber } from "./format.ts";
import { LogRows } from "./log_rows.ts";
import { isTerminal, StatusLine, type Style, terminalColumns, terminalWidth } from "./output.ts";
import { statusOf } from "./progress_bar.ts";

/** A column of the log. */
interface Column {
  readonly name: string;
  /** Columns of the terminal, with a space before the largest number that is expected. */
  readonly width: number;
  /** In a narrow terminal the columns with the highest numbers are left out. */
  readonly rank: number;
  readonly cell: (metrics: TrainingMetrics) => string;
}

const logColumns: readonly Column[] = [
  { name: "step", width: 11, rank: 0, cell: ({ step }) => formatNumber(step) },
  { name: "epoch", width: 10, rank: 5, cell: ({ epoch }) => formatEpoch(epoch) },
  {
    name: "train loss",
    width: 12,
    rank: 1,
    cell: ({ step, loss }) => step === 0 ? "" : formatLoss(loss),
  },
  {
    name: "val loss",
    width: 12,
    rank: 2,
    cell: ({ validationLoss }) => validationLoss === null ? "" : formatLoss(validationLoss),
  },
  {
    name: "chars/s",
    width: 12,
    rank: 4,
    cell: (m) => m.step === 0 ? "" : formatNumber(m.charsPerSecond),
  },
  { name: "elapsed", width: 11, rank: 3, cell: (m) => formatDuration(m.elapsedSeconds) },
];

/** Lines of a sample that are printed: a model that has learned little may write line breaks only. */
const SAMPLE_LINES = 16;
/** The widest lines above and below a sample. */
const RULE = 64;
/** Seconds after which the duration of a run is estimated. */
const ESTIMATE_AFTER = 1;

/** What {@linkcode Terminal.beginLog} needs. */
export interface LogOptions {
  /** The lowest validation loss before the log begins; `null` if there is none. */
  readonly best: number | null;
  /** Whether a row is shown for all metrics, instead of some each minute. */
  readonly showsAll: boolean;
  /** Whether the run may end before its limit of steps or time. */
  readonly mayEndEarly: boolean;
}

/**
 * The output of a run: plain lines and, on a terminal, a status line below them that is redrawn.
 * Emphasis follows NO_COLOR.
 */
export class Terminal implements Disposable {
  readonly #line = new StatusLine("stdout");
  #rows: LogRows | undefined;
  /** The columns of the last head. */
  #head: readonly Column[] = [];
  #mayEndEarly = false;
  #begin = performance.now();
  #isEstimated = false;
  #estimatedSeconds = Infinity;

  /** Prints a line above the status line. */
  print(text = "", style?: Style): void {
    this.#line.print(text, { style });
  }

  /** Prints the head of the log. */
  beginLog({ best, showsAll, mayEndEarly }: LogOptions): void {
    this.#rows = new LogRows((metrics) => this.#printRow(metrics), { best, showsAll });
    this.#mayEndEarly = mayEndEarly;
    this.#begin = performance.now();
    this.#printHead();
  }

  /** Prints a row of the log, unless the last one was printed a moment ago. */
  log(metrics: TrainingMetrics): void {
    // Before the first step nothing has been measured, unless the initial weights are validated.
    if (metrics.step === 0 && metrics.validationLoss === null) return;
    this.#rows?.add(metrics, this.#estimatedSeconds);
  }

  /** Prints what the log has held back. */
  endLog(): void {
    this.#rows?.flush();
  }

  /** Prints a line of its own in the log. */
  notice(text: string): void {
    this.endLog();
    this.print(text, bold);
  }

  /** Prints a rollback. */
  printRollback({ divergedAt, reason, step, lrAfter }: Rollback): void {
    this.endLog();
    this.print(
      `Diverged at step ${formatNumber(divergedAt)} (${reason}): rolled back to step ` +
        `${formatNumber(step)}, lr ${lrAfter}`,
      bold,
    );
  }

  /** Prints a sample of the model's text. */
  printSample(text: string, step: number): void {
    this.endLog();
    const width = Math.min(RULE, terminalColumns());
    this.print(`── Sample at step ${formatNumber(step)} `.padEnd(width, "─"), bold);
    // A sample is to be read; its lines are broken between words.
    const lines = text.replaceAll("\r\n", "\n");
    this.print(firstLines(isTerminal() ? fold(lines, terminalWidth()) : lines));
    this.print("─".repeat(width), bold);
  }

  /** Redraws the status line; prints the estimated duration when it is first known. */
  showStatus(status: TrainingStatus): void {
    this.#estimate(status);
    // The first steps are slow, and say little about the others.
    const secondsLeft = this.#isEstimated ? status.secondsLeft : Infinity;
    this.#line.show((columns) => formatStatus({ ...status, secondsLeft }, columns));
  }

  /** Removes the status line, and says that the run is about to end. */
  interrupt(): void {
    this.stop();
    if (isTerminal()) this.print("Stopping; a second Ctrl-C ends at once", dim);
  }

  /** Removes the status line for good. */
  stop(): void {
    this.#line.stop();
  }

  /** The same as {@linkcode Terminal.stop}, for `using`. */
  [Symbol.dispose](): void {
    this.stop();
  }

  #estimate({ fractionDone, secondsLeft }: TrainingStatus): void {
    const seconds = (performance.now() - this.#begin) / 1000;
    if (seconds < ESTIMATE_AFTER || !Number.isFinite(secondsLeft)) return;
    this.#estimatedSeconds = secondsLeft / (1 - fractionDone);
    if (this.#isEstimated || fractionDone === 1) return;
    this.#isEstimated = true;
    this.print(describeDuration(secondsLeft, { now: new Date(), isLimit: this.#mayEndEarly }), dim);
  }

  #printHead(): void {
    this.#head = columnsFor(isTerminal() ? terminalColumns() : Infinity);
    this.print(row(this.#head, ({ name }) => name), dim);
  }

  #printRow(metrics: TrainingMetrics): void {
    // The terminal may have another width by now.
    const columns = columnsFor(isTerminal() ? terminalColumns() : Infinity);
    if (columns.length !== this.#head.length) this.#printHead();
    this.print(row(columns, ({ cell }) => cell(metrics)));
  }
}

/** The columns that fit a terminal, those of the lowest ranks first. */
export function columnsFor(width: number): readonly Column[] {
  let rest = width;
  const shown = new Set<Column>();
  for (const column of logColumns.toSorted((a, b) => a.rank - b.rank)) {
    rest -= column.width;
    if (rest < 0) break;
    shown.add(column);
  }
  return logColumns.filter((column) => column.rank === 0 || shown.has(column));
}

function row(columns: readonly Column[], cell: (column: Column) => string): string {
  // A number that is wider than its column takes more room, but never touches the one before it.
  return columns.map((column) => ` ${cell(column)}`.padStart(column.width)).join("").trimEnd();
}

/** The status line, for so many columns of the terminal; what is not known is left out. */
export function formatStatus(
  { step, loss, charsPerSecond, threads, fractionDone, secondsLeft }: TrainingStatus,
  columns: number,
): string {
  return statusOf(
    [],
    fractionDone,
    [
      ...Number.isFinite(secondsLeft) ? [`${formatDuration(secondsLeft)} left`] : [],
      `step ${formatNumber(step)}`,
      `loss ${formatLoss(loss)}`,
      `${formatNumber(charsPerSecond)} chars/s`,
      formatCount(threads, "thread"),
    ],
    columns,
  );
}

/** What {@linkcode describeDuration} needs. */
export interface DurationOptions {
  /** The present. */
  readonly now: Date;
  /** Whether the run may end earlier. */
  readonly isLimit: boolean;
}

/** The estimated duration of a run, for example `About 2 minutes, until 23:40`. */
export function describeDuration(seconds: number, { now, isLimit }: DurationOptions): string {
  const end = new Date(now.getTime() + seconds * 1000);
  const hasSeconds = seconds < 90;
  const time = end.toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    ...hasSeconds ? { second: "2-digit" } : {},
  });
  const isToday = end.toDateString() === now.toDateString();
  const day = end.toLocaleDateString("en", { month: "short", day: "numeric", year: "numeric" });
  const until = isToday ? time : `${day}, ${time}`;
  const early = isLimit ? "; less if it stops early" : "";
  return `About ${roughly(seconds)} left, until ${until}${early}`;
}

/** A duration in the unit that suits it. */
function roughly(seconds: number): string {
  if (seconds >= 20 && seconds < 90) return `${5 * Math.round(seconds / 5)} seconds`;
  const [unit, size] = ([
    ["second", 1],
    ["minute", 60],
    ["hour", 3600],
    ["day", 86400],
  ] as const).findLast(([, size]) => seconds >= 1.5 * size) ?? ["second", 1];
  const count = seconds / size;
  // Hours and days are long enough for a half to matter.
  const rounded = size < 3600 || count > 10 ? Math.round(count) : Math.round(2 * count) / 2;
  const shown = Math.max(1, rounded);
  return `${shown} ${unit}${shown === 1 ? "" : "s"}`;
}

/** The first lines of a sample, and how many more there are. */
export function firstLines(text: string): string {
  const lines = text.split("\n");
  const more = lines.length - SAMPLE_LINES;
  if (more <= 1) return text;
  return [...lines.slice(0, SAMPLE_LINES), `… ${formatCount(more, "more line")}`].join("\n");
}

/** Epochs with two decimals, where there is room for them. */
export function formatEpoch(epoch: number): string {
  if (epoch >= 99_999.995) return epoch.toExponential(2);
  return epoch.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
