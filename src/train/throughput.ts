import { fractionDone, type TrainingLimits } from "./limits.ts";
import type { TrainingStatus } from "./train.ts";
import type { Trainer } from "./trainer.ts";

/** How long a run has been going, how fast it trains, and when it will be done. */
export class Throughput {
  readonly #begin: number;
  /** Milliseconds and characters of training alone, in this lap. */
  #milliseconds = 0;
  #chars = 0;
  #rate = 0;

  /** @param elapsed Seconds that the run took before. */
  constructor(elapsed: number) {
    this.#begin = performance.now() - elapsed * 1000;
  }

  /** Seconds since the run began. */
  elapsed(): number {
    return (performance.now() - this.#begin) / 1000;
  }

  /** Counts what is trained meanwhile, and the time that it takes. */
  time(trainer: Trainer, work: (begin: number) => void): void {
    const begin = performance.now();
    const before = trainer.chars;
    work(begin);
    this.#milliseconds += performance.now() - begin;
    this.#chars += trainer.chars - before;
  }

  /** Characters trained on per second in this lap; right after its start, in the one before. */
  charsPerSecond(): number {
    if (this.#chars > 0) this.#rate = this.#chars / this.#milliseconds * 1000;
    return this.#rate;
  }

  /** Starts a new lap, and gives the speed of the last one, in characters per second. */
  lap(): number {
    const rate = this.charsPerSecond();
    this.#milliseconds = 0;
    this.#chars = 0;
    return rate;
  }

  /** Where the run stands. */
  live({ steps: step, loss }: Trainer, limits: TrainingLimits): TrainingStatus {
    const elapsed = this.elapsed();
    const done = fractionDone(limits, { step, elapsedSeconds: elapsed });
    return {
      step,
      loss,
      charsPerSecond: this.charsPerSecond(),
      done,
      secondsLeft: done === 0 ? Infinity : elapsed * (1 - done) / done,
    };
  }
}
