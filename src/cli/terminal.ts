import process from "node:process";
import { bold, dim } from "@std/fmt/colors";
// @ts-types="npm:@types/cli-progress@3.11.6"
import { MultiBar, type SingleBar } from "cli-progress";
import type { Rollback, TrainingMetrics, TrainingStatus } from "../train/train.ts";
import { printLine } from "./output.ts";
import { printable } from "./output.ts";

/**
 * What a user sees of a run: plain lines, and under them, on a terminal, one line that lives.
 * Colours follow NO_COLOR.
 */
export class Terminal {
  #bars: MultiBar | undefined;
  #bar: SingleBar | undefined;
  /** Emphasis, where a person reads; @std/fmt leaves it out when NO_COLOR is set. */
  readonly #bold = Deno.stdout.isTerminal() ? bold : plain;
  readonly #dim = Deno.stdout.isTerminal() ? dim : plain;

  constructor() {
    if (Deno.stdout.isTerminal() && Deno.stderr.isTerminal()) {
      // A terminal that goes away is told by a signal; what is drawn on it then just fails.
      process.stderr.on("error", () => {});
      this.#bars = new MultiBar({
        format: "{bar} {percentage} %  step {step}  {loss} nats/char  {speed} chars/s  {left} left",
        barCompleteChar: "█",
        barIncompleteChar: "░",
        barsize: 20,
        clearOnComplete: true,
        hideCursor: true,
        // The process ends by itself; Ctrl-C is the trainer's.
        gracefulExit: false,
      });
    }
  }

  /** A line that stays. */
  line(text = ""): void {
    if (this.#bars && this.#bar) this.#bars.log(`${text}\n`);
    else printLine(text);
  }

  /** The head of the reports' columns. */
  head(): void {
    this.line(
      this.#dim("      step    epoch  train nats/char    val nats/char   chars/s  elapsed"),
    );
  }

  /** A report, as one line. */
  report(report: TrainingMetrics): void {
    const val = report.validationLoss === null ? "" : report.validationLoss.toFixed(4);
    this.line([
      report.step.toLocaleString("en").padStart(10),
      report.epoch.toFixed(2).padStart(9),
      report.loss.toFixed(4).padStart(17),
      val.padStart(17),
      wholeNumber(report.charsPerSecond).padStart(10),
      duration(report.elapsedSeconds).padStart(9),
    ].join(""));
  }

  /** That the run went back. */
  rollback({ divergedAt, reason, step, to }: Rollback): void {
    this.line(
      this.#bold(
        `Diverged at step ${divergedAt.toLocaleString("en")}, ${reason}: goes on from step ` +
          `${step.toLocaleString("en")} with lr ${to}`,
      ),
    );
  }

  /** A text that the model wrote. */
  sample(text: string, step: number): void {
    this.line(this.#bold(`── a sample at step ${step.toLocaleString("en")} ` + "─".repeat(30)));
    this.line(printable(text));
    this.line(this.#bold("─".repeat(58)));
  }

  /** Redraws the line that lives. */
  live(live: TrainingStatus): void {
    if (!this.#bars) return;
    const payload = {
      step: live.step.toLocaleString("en"),
      loss: live.loss.toFixed(4),
      speed: wholeNumber(live.charsPerSecond),
      left: Number.isFinite(live.secondsLeft) ? duration(live.secondsLeft) : "?",
    };
    if (this.#bar) this.#bar.update(Math.floor(live.done * 1000), payload);
    else this.#bar = this.#bars.create(1000, 0, payload);
  }

  /** Takes the living line away for good, and leaves the terminal as it was. */
  stop(): void {
    // Lines wait for the next redrawing, and stopping alone would drop them.
    if (this.#bar) this.#bars?.update();
    this.#bars?.stop();
    this.#bars = undefined;
    this.#bar = undefined;
  }
}

function plain(text: string): string {
  return text;
}

function wholeNumber(x: number): string {
  return Math.round(x).toLocaleString("en");
}

/** Seconds as people say them: 3.4 s, 2:05, 1:02:03. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((n) => String(n).padStart(2, "0"));
  const hours = Math.floor(whole / 3600);
  if (hours > 0) return [hours, ...parts].join(":");
  return `${Number(parts[0])}:${parts[1]}`;
}
