import process from "node:process";
import { bold, dim } from "@std/fmt/colors";
// @ts-types="npm:@types/cli-progress@3.11.6"
import { MultiBar, type SingleBar } from "cli-progress";
import type { Rollback, TrainingMetrics, TrainingStatus } from "../train/metrics.ts";
import { formatDuration, formatNumber } from "./format.ts";
import { printable, printLine } from "./output.ts";

/** The columns of the log, with their widths. */
const columns = [
  ["step", 10],
  ["epoch", 9],
  ["train loss", 13],
  ["val loss", 11],
  ["chars/s", 11],
  ["elapsed", 10],
] as const;
/** Columns of the lines above and below a sample. */
const RULE = 64;

/**
 * The output of a run: plain lines and, on a terminal, a status line below them that is redrawn.
 * Emphasis follows NO_COLOR.
 */
export class Terminal implements Disposable {
  #bars: MultiBar | undefined;
  #bar: SingleBar | undefined;
  readonly #bold = Deno.stdout.isTerminal() ? bold : plain;
  readonly #dim = Deno.stdout.isTerminal() ? dim : plain;

  constructor() {
    if (!Deno.stdout.isTerminal() || !Deno.stderr.isTerminal()) return;
    // A closed terminal is reported by a signal; without a listener, drawing on it would be fatal.
    process.stderr.on("error", () => {});
    this.#bars = new MultiBar({
      format: "{bar} {percentage}%  step {step}  loss {loss}  {speed} chars/s  {left} left",
      barCompleteChar: "█",
      barIncompleteChar: "░",
      // The whole line fits 80 columns.
      barsize: 20,
      clearOnComplete: true,
      hideCursor: true,
      // Ctrl-C is handled by the run, which then saves a checkpoint.
      gracefulExit: false,
    });
  }

  /** Prints a line above the status line. */
  print(text = ""): void {
    if (this.#bars && this.#bar) this.#bars.log(`${text}\n`);
    else printLine(text);
  }

  /** Prints a line with emphasis. */
  printBold(text: string): void {
    this.print(this.#bold(text));
  }

  /** Prints the head of the log's columns. */
  printLogHead(): void {
    this.print(this.#dim(row(columns.map(([name]) => name))));
  }

  /** Prints a line of the log. */
  printLog(metrics: TrainingMetrics): void {
    this.print(row([
      formatNumber(metrics.step),
      metrics.epoch.toFixed(2),
      metrics.loss.toFixed(4),
      metrics.validationLoss === null ? "" : metrics.validationLoss.toFixed(4),
      formatNumber(metrics.charsPerSecond),
      formatDuration(metrics.elapsedSeconds),
    ]));
  }

  /** Prints a rollback. */
  printRollback({ divergedAt, reason, step, lrAfter }: Rollback): void {
    this.printBold(
      `Diverged at step ${formatNumber(divergedAt)} (${reason}): rolled back to step ` +
        `${formatNumber(step)}, lr ${lrAfter}`,
    );
  }

  /** Prints a sample of the model's text. */
  printSample(text: string, step: number): void {
    this.printBold(`── Sample at step ${formatNumber(step)} `.padEnd(RULE, "─"));
    this.print(printable(text));
    this.printBold("─".repeat(RULE));
  }

  /** Redraws the status line. */
  showStatus({ step, loss, charsPerSecond, fractionDone, secondsLeft }: TrainingStatus): void {
    if (!this.#bars) return;
    const payload = {
      step: formatNumber(step),
      loss: loss.toFixed(4),
      speed: formatNumber(charsPerSecond),
      left: Number.isFinite(secondsLeft) ? formatDuration(secondsLeft) : "?",
    };
    if (this.#bar) this.#bar.update(Math.floor(fractionDone * 1000), payload);
    else this.#bar = this.#bars.create(1000, 0, payload);
  }

  /** Removes the status line for good, and leaves the terminal as it was. */
  stop(): void {
    // Lines are printed when the bar is redrawn; stopping alone would drop them.
    if (this.#bar) this.#bars?.update();
    this.#bars?.stop();
    this.#bars = undefined;
    this.#bar = undefined;
  }

  /** The same as {@linkcode Terminal.stop}, for `using`. */
  [Symbol.dispose](): void {
    this.stop();
  }
}

function row(cells: readonly string[]): string {
  // A number that is wider than its column takes more room, but never touches the one before it.
  return cells.map((cell, i) => ` ${cell}`.padStart(columns[i]![1])).join("");
}

function plain(text: string): string {
  return text;
}
