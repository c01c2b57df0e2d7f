import { formatDuration } from "./format.ts";
import { printMessage, StatusLine } from "./output.ts";

/** How long something takes before its progress is shown. */
const DELAY_MS = 1000;
/** Columns of a bar where there is room. */
const BAR_COLUMNS = 20;

/**
 * The progress of something that may take long, on standard error: after a second a bar on a
 * terminal, elsewhere a single line with the estimated time.
 */
export class ProgressBar implements Disposable {
  readonly #label: string;
  readonly #begin = performance.now();
  readonly #line = new StatusLine("stderr");
  #isAnnounced = false;

  /** @param label What is being done, for example `Reading the text`. */
  constructor(label: string) {
    this.#label = label;
  }

  /** Shows that `done` of `total` is done, in any unit. */
  update(done: number, total: number): void {
    const elapsed = performance.now() - this.#begin;
    if (elapsed < DELAY_MS || done === 0 || done >= total) return;
    const seconds = elapsed / done * total / 1000;
    if (this.#line.isEnabled) {
      const left = `${formatDuration(seconds - elapsed / 1000)} left`;
      this.#line.show((columns) => statusOf([this.#label], done / total, [left], columns));
    } else if (!this.#isAnnounced) {
      printMessage(`${this.#label} takes about ${formatDuration(seconds)}`);
    }
    this.#isAnnounced = true;
  }

  /** Removes the bar. */
  [Symbol.dispose](): void {
    this.#line.stop();
  }
}

/**
 * A bar and its percentage between two lists of parts, of which the last ones are left out if they do
 * not fit; the bar is shortened first.
 *
 * @param columns Columns that the line may take.
 */
export function statusOf(
  before: readonly string[],
  fraction: number,
  after: readonly string[],
  columns: number,
): string {
  const parts = [...before, `${Math.floor(100 * fraction)} %`];
  const isTooLong = (part: string) => [...parts, part].join("  ").length > columns;
  for (const part of after) {
    if (isTooLong(part)) break;
    parts.push(part);
  }
  const rest = columns - parts.join("  ").length - 1;
  if (rest < 5) return parts.join("  ");
  const bar = Math.min(BAR_COLUMNS, rest);
  const full = Math.floor(bar * fraction);
  parts[before.length] = "█".repeat(full) + "░".repeat(bar - full) + ` ${parts[before.length]}`;
  return parts.join("  ");
}
