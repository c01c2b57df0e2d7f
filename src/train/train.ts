import { setImmediate } from "node:timers";
import type { Checkpoint } from "../model/checkpoint.ts";
import type { ConfigInput } from "../model/config.ts";
import { Sampler } from "../generate/sampler.ts";
import type { Corpus } from "../text/corpus.ts";
import { type Intervals, type Limits, resolveSchedule, type Schedule } from "./schedule.ts";
import { Trainer } from "./trainer.ts";

/** What is told about a run at regular intervals; a line of `metrics.jsonl`. */
export interface Report {
  /** Updates so far. */
  readonly step: number;
  /** Passes over the training part so far, with fractions. */
  readonly epoch: number;
  /** Characters trained on so far. */
  readonly chars: number;
  /** Smoothed training loss, in nats per character. */
  readonly loss: number;
  /** Training loss of the last batch, before its update, in nats per character; `null` before any. */
  readonly batch_loss: number | null;
  /** Loss on the validation part, in nats per character; `null` when it was not measured now. */
  readonly val_loss: number | null;
  /** Characters trained on per second since the last report, validation and samples not counted. */
  readonly chars_per_s: number;
  /** Seconds since training began, everything counted. */
  readonly elapsed_s: number;
}

/** Where a run stands between reports, for a live display. */
export interface Live {
  /** Updates so far. */
  readonly step: number;
  /** Smoothed training loss, in nats per character. */
  readonly loss: number;
  /** Characters trained on per second lately. */
  readonly charsPerSecond: number;
  /** How much of the run is done, 0 to 1, by the limit that will be reached first. */
  readonly done: number;
  /** Estimated seconds to the end. */
  readonly secondsLeft: number;
}

/** How a run is limited, and whom it tells. */
export interface TrainOptions extends Limits, Intervals {
  /** The configuration, over the defaults. */
  readonly config?: ConfigInput;
  /** Ends the run after the step in hand, as if a limit had been reached. */
  readonly signal?: AbortSignal;
  /** Called once, before the first step. */
  readonly onStart?: (trainer: Trainer, schedule: Schedule) => void | Promise<void>;
  /** Called at the first step, then every `reportEvery` steps, and at the end. */
  readonly onReport?: (report: Report) => void | Promise<void>;
  /** Called every `sampleEvery` steps with a text that the model wrote. */
  readonly onSample?: (text: string, step: number) => void | Promise<void>;
  /** Called several times a second. */
  readonly onLive?: (live: Live) => void;
  /**
   * Called with what should be kept: `latest` about once a minute and at the end, `best` at every
   * validation that is better than all before.
   */
  readonly onCheckpoint?: (checkpoint: Checkpoint, kind: "latest" | "best") => void | Promise<void>;
}

/** How long steps run before signals and timers get their turn. */
const SLICE_MS = 30;
/** Time from one `latest` checkpoint to the next. */
const CHECKPOINT_MS = 60_000;
/** A validation of n characters is due after 20·n were trained: about once a pass, and little of the time. */
const TRAINED_PER_VALIDATED = 20;
/** Characters of the texts given to `onSample`. */
const SAMPLE_LENGTH = 200;

/**
 * Trains a model of a text until a limit is reached or the signal aborts.
 *
 * Reporting, sampling and validating never change what is trained: the same corpus, configuration
 * and number of steps give the same weights.
 *
 * @returns The last checkpoint.
 * @throws {InputError} when an option is wrong or the text too short; nothing has been called then.
 * @throws {Error} when the loss is not finite.
 * @throws {InputError} when the text's file has changed since it was opened.
 *
 * @example
 * ```ts
 * import { corpusFromText, sample, train } from "../mod.ts";
 *
 * const corpus = corpusFromText("the quick brown fox jumps over the lazy dog. ".repeat(40));
 * const model = await train(corpus, { config: { hidden: 32, batch: 2 }, steps: 200 });
 * console.log(sample(model, { prime: "the ", length: 20 }));
 * ```
 */
export async function train(corpus: Corpus, options: TrainOptions = {}): Promise<Checkpoint> {
  const trainer = new Trainer(corpus, options.config);
  const schedule = resolveSchedule(options, trainer.charsPerStep, trainer.stepsPerEpoch);
  await options.onStart?.(trainer, schedule);
  const run = new Run(trainer, schedule, options);
  return await run.toTheEnd();
}

/**
 * Lets signals, timers and the terminal have their turn. A `setTimeout` of 0 would take 2 ms each
 * time, 7 % of a slice; this takes microseconds.
 */
function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The loop around a trainer: clocks, reports, and when each thing is due. */
class Run {
  readonly #trainer: Trainer;
  readonly #schedule: Schedule;
  readonly #options: TrainOptions;
  readonly #begin = performance.now();
  /** Milliseconds and steps of training alone, since the last report. */
  #milliseconds = 0;
  #steps = 0;
  #rate = 0;
  #reportedAt = -1;
  /** Characters trained on at the last validation. */
  #validatedAt: number | null = null;
  #savedAt = performance.now();

  constructor(trainer: Trainer, schedule: Schedule, options: TrainOptions) {
    this.#trainer = trainer;
    this.#schedule = schedule;
    this.#options = options;
  }

  async toTheEnd(): Promise<Checkpoint> {
    const { steps } = this.#schedule;
    while (this.#trainer.steps < steps && !this.#isOver()) {
      this.#slice();
      await eventLoopTurn();
      this.#tellLive();
      await this.#tellWhatIsDue();
    }
    await this.#report(true);
    const checkpoint = this.#trainer.checkpoint(this.#elapsed());
    await this.#options.onCheckpoint?.(checkpoint, "latest");
    return checkpoint;
  }

  #elapsed(): number {
    return (performance.now() - this.#begin) / 1000;
  }

  #isOver(): boolean {
    return this.#options.signal?.aborted === true || this.#elapsed() >= this.#schedule.seconds;
  }

  /** Steps until something is due or the slice's time is up. */
  #slice(): void {
    const trainer = this.#trainer;
    const begin = performance.now();
    let now = begin;
    do {
      trainer.step();
      this.#steps++;
      now = performance.now();
    } while (
      trainer.steps < this.#schedule.steps && !this.#reportIsDue() && !this.#sampleIsDue() &&
      now - begin < SLICE_MS && !this.#isOver()
    );
    this.#milliseconds += now - begin;
  }

  #reportIsDue(): boolean {
    const { steps } = this.#trainer;
    return steps === 1 || steps % this.#schedule.reportEvery === 0;
  }

  #sampleIsDue(): boolean {
    const { sampleEvery } = this.#schedule;
    return sampleEvery > 0 && this.#trainer.steps % sampleEvery === 0;
  }

  async #tellWhatIsDue(): Promise<void> {
    const trainer = this.#trainer;
    const { onSample, onCheckpoint } = this.#options;
    const isLast = trainer.steps === this.#schedule.steps;
    if (this.#reportIsDue() && !isLast) await this.#report(false);
    if (onSample && this.#sampleIsDue()) {
      const sampler = new Sampler(trainer.model());
      // Another one each time, and each time the same in the same run.
      const seed = (trainer.config.seed + trainer.steps) % Number.MAX_SAFE_INTEGER;
      const text = [...sampler.generate({ length: SAMPLE_LENGTH, seed })].join("");
      await onSample(text, trainer.steps);
    }
    if (onCheckpoint && performance.now() - this.#savedAt > CHECKPOINT_MS) {
      await onCheckpoint(trainer.checkpoint(this.#elapsed()), "latest");
      this.#savedAt = performance.now();
    }
  }

  async #report(last: boolean): Promise<void> {
    const trainer = this.#trainer;
    const { onReport, onCheckpoint } = this.#options;
    const validationIsDue = this.#validationIsDue(last);
    if (trainer.steps === this.#reportedAt && !validationIsDue) return;
    const rate = this.#charsPerSecond();
    const validated = validationIsDue ? trainer.validate() : null;
    await onReport?.({
      step: trainer.steps,
      epoch: trainer.epoch,
      chars: trainer.chars,
      loss: trainer.loss,
      batch_loss: trainer.batchLoss,
      val_loss: validated?.loss ?? null,
      chars_per_s: rate,
      elapsed_s: this.#elapsed(),
    });
    this.#milliseconds = 0;
    this.#steps = 0;
    this.#reportedAt = trainer.steps;
    if (validated?.best && onCheckpoint) {
      await onCheckpoint(trainer.checkpoint(this.#elapsed()), "best");
    }
  }

  #validationIsDue(last: boolean): boolean {
    const { split, chars } = this.#trainer;
    if (split.validation === null) return false;
    const [start, end] = split.validation;
    const sinceLast = chars - (this.#validatedAt ?? 0);
    const due = last
      ? chars !== this.#validatedAt
      : sinceLast >= TRAINED_PER_VALIDATED * (end - start);
    if (due) this.#validatedAt = chars;
    return due;
  }

  /** Of the steps since the last report; right after it, what it said. */
  #charsPerSecond(): number {
    if (this.#steps > 0) {
      this.#rate = this.#steps * this.#trainer.charsPerStep / this.#milliseconds * 1000;
    }
    return this.#rate;
  }

  #tellLive(): void {
    const { onLive } = this.#options;
    if (!onLive) return;
    const { steps, seconds } = this.#schedule;
    const elapsed = this.#elapsed();
    const done = Math.min(1, Math.max(this.#trainer.steps / steps, elapsed / seconds));
    onLive({
      step: this.#trainer.steps,
      loss: this.#trainer.loss,
      charsPerSecond: this.#charsPerSecond(),
      done,
      secondsLeft: done === 0 ? Infinity : elapsed * (1 - done) / done,
    });
  }
}
