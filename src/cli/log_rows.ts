import type { TrainingMetrics } from "../train/metrics.ts";

/** Rows of a run, about: more are hard to read. */
const ROWS = 50;
/** The shortest and the longest time between two rows, in seconds. */
const MIN_SECONDS = 2;
const MAX_SECONDS = 60;

/**
 * Picks the metrics that the log shows, so that it is readable at any speed: the first and the last
 * ones, and between them some in even intervals of time. Of the metrics of an interval, those with
 * the best validation loss so far are shown too.
 */
export class LogRows {
  readonly #shown: (metrics: TrainingMetrics) => void;
  readonly #showsAll: boolean;
  #best: number;
  /** The best metrics since the last row, and the last metrics. */
  #bestWaiting: TrainingMetrics | undefined;
  #lastWaiting: TrainingMetrics | undefined;
  #shownAt = -Infinity;

  /**
   * @param show Called with the metrics of each row.
   * @param options The best validation loss before the run, and whether to show all metrics.
   */
  constructor(
    show: (metrics: TrainingMetrics) => void,
    { best, showsAll }: { readonly best: number | null; readonly showsAll: boolean },
  ) {
    this.#shown = show;
    this.#showsAll = showsAll;
    this.#best = best ?? Infinity;
  }

  /**
   * Adds metrics, and shows what is due.
   *
   * @param estimatedSeconds Estimated duration of the whole run; Infinity if it is not known.
   */
  add(metrics: TrainingMetrics, estimatedSeconds: number): void {
    const { validationLoss } = metrics;
    if (validationLoss !== null && validationLoss < this.#best) {
      this.#best = validationLoss;
      this.#bestWaiting = metrics;
    }
    this.#lastWaiting = metrics;
    const interval = Number.isFinite(estimatedSeconds)
      ? Math.min(MAX_SECONDS, Math.max(MIN_SECONDS, estimatedSeconds / ROWS))
      : MIN_SECONDS;
    const now = performance.now() / 1000;
    if (this.#showsAll || now - this.#shownAt >= interval) this.flush();
  }

  /** Shows the best metrics and the last ones, if they have not been shown. */
  flush(): void {
    const rows = new Set([this.#bestWaiting, this.#lastWaiting]);
    this.#bestWaiting = this.#lastWaiting = undefined;
    for (const metrics of rows) {
      if (metrics === undefined) continue;
      this.#shown(metrics);
      this.#shownAt = performance.now() / 1000;
    }
  }
}
