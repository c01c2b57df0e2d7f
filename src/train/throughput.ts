/** Measures how long a run takes, and how fast it trains. */
export class Throughput {
  readonly #begin: number;
  /** Milliseconds of training in the current interval, and characters trained on. */
  #milliseconds = 0;
  #chars = 0;
  #charsPerSecond = 0;

  /** @param elapsedSeconds Duration of the run before it was resumed. */
  constructor(elapsedSeconds: number) {
    this.#begin = performance.now() - elapsedSeconds * 1000;
  }

  /** Seconds since the run began, without the time between stop and resume. */
  elapsedSeconds(): number {
    return (performance.now() - this.#begin) / 1000;
  }

  /**
   * Adds training to the current interval.
   *
   * @param trainer Its `chars` count the characters trained on.
   * @param work Trains; gets the time of its start, by `performance.now()`.
   */
  measure(trainer: { readonly chars: number }, work: (begin: number) => void): void {
    const begin = performance.now();
    const chars = trainer.chars;
    work(begin);
    this.#milliseconds += performance.now() - begin;
    this.#chars += trainer.chars - chars;
  }

  /** Characters trained on per second in the current interval, or before its first in the last. */
  charsPerSecond(): number {
    if (this.#chars > 0) this.#charsPerSecond = this.#chars / this.#milliseconds * 1000;
    return this.#charsPerSecond;
  }

  /** Starts a new interval; returns the characters per second of the one that ends. */
  startInterval(): number {
    const charsPerSecond = this.charsPerSecond();
    this.#milliseconds = 0;
    this.#chars = 0;
    return charsPerSecond;
  }
}
