import { InputError } from "../errors.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { ConfigInput } from "../model/config.ts";
import type { Corpus } from "../text/corpus.ts";
import { autoConfig } from "./auto_config.ts";
import { checkSchedule } from "./lr_schedule.ts";
import { TrainingLoop } from "./loop.ts";
import {
  type IntervalOptions,
  isFinished,
  type LimitOptions,
  resolveLimits,
  type TrainingLimits,
} from "./limits.ts";
import { Trainer, type TrainerOptions } from "./trainer.ts";

/** What is told about a run at regular intervals; a line of `metrics.jsonl`. */
export interface TrainingMetrics {
  /** Updates so far. */
  readonly step: number;
  /** Passes over the training part so far, with fractions. */
  readonly epoch: number;
  /** Characters trained on so far. */
  readonly chars: number;
  /** Smoothed training loss, in nats per character. */
  readonly loss: number;
  /** Training loss of the last batch, before its update, in nats per character; `null` before any. */
  readonly batchLoss: number | null;
  /** Loss on the validation part, in nats per character; `null` when it was not measured now. */
  readonly validationLoss: number | null;
  /** Characters trained on per second since the last report, validation and samples not counted. */
  readonly charsPerSecond: number;
  /** Seconds since training began, everything counted but the time between stop and resume. */
  readonly elapsedSeconds: number;
}

/** Where a run stands between reports, for a live display. */
export interface TrainingStatus {
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

/** That a run diverged and went back. */
export interface Rollback {
  /** The step, counted from 1, that brought a number that is not finite. */
  readonly divergedAt: number;
  /** What was not finite, for example `the loss is NaN`. */
  readonly reason: string;
  /** The step that training goes on from. */
  readonly step: number;
  /** The learning rate until now. */
  readonly from: number;
  /** The learning rate from now on. */
  readonly to: number;
}

/** What happens when a number is not finite: the run ends, or goes back and halves its rate. */
export type OnDivergence = "stop" | "rollback";

/** How a run is limited, and whom it tells. */
export interface TrainOptions extends LimitOptions, IntervalOptions, TrainerOptions {
  /** The configuration, over the defaults; with `resume`, over that of the checkpoint. */
  readonly config?: ConfigInput;
  /**
   * Goes on from this checkpoint of the same text as if training had never stopped: every number is
   * the same, and limits and intervals count from the run's beginning. Of the configuration, `lr`
   * and `clip` may be changed.
   */
  readonly resume?: Checkpoint;
  /**
   * Ends the run after the step in hand. Unlike a limit, it leaves everything as it is, without a
   * last validation, so that the run can go on later.
   */
  readonly signal?: AbortSignal;
  /**
   * `stop` throws when a number is not finite. `rollback` goes back to the last good state, that of
   * the last report at its interval or else the one that this call began with, halves the learning
   * rate and goes on; it throws when that has not helped ten times in a row. Default: `stop`.
   */
  readonly onDivergence?: OnDivergence;
  /** Called once, before the first step. */
  readonly onStart?: (trainer: Trainer, limits: TrainingLimits) => void | Promise<void>;
  /** Called at the first step, then every `logEvery` steps, and at the end. */
  readonly onLog?: (report: TrainingMetrics) => void | Promise<void>;
  /** Called every `sampleEvery` steps with a text that the model wrote. */
  readonly onSample?: (text: string, step: number) => void | Promise<void>;
  /** Called several times a second. */
  readonly onStatus?: (live: TrainingStatus) => void;
  /** Called when the run went back, after `onCheckpoint` got the state that it goes on from. */
  readonly onRollback?: (rollback: Rollback) => void | Promise<void>;
  /**
   * Called with what should be kept: `latest` every `checkpointEvery` steps, or else about once a minute,
   * and at the end; `best` at every validation that is better than all before. Training can go on
   * from each.
   */
  readonly onCheckpoint?: (checkpoint: Checkpoint, kind: "latest" | "best") => void | Promise<void>;
}

/**
 * Trains a model of a text until a limit is reached or the signal aborts.
 *
 * Reporting, sampling, validating and saving never change what is trained, and neither do stopping
 * and resuming: the same corpus, configuration and number of steps give the same weights.
 *
 * @returns The last checkpoint; the one given, if its run is at its limit already.
 * @throws {InputError} when an option is wrong, the text is too short, or training cannot go on
 * from the checkpoint; nothing has been called then.
 * @throws {DivergenceError} when a loss or a weight is not finite; see `onDivergence`.
 * @throws {TextError} when the text can no longer be read, after `onCheckpoint` got the last state.
 *
 * @example
 * ```ts
 * import { corpusFromText, sample, train } from "../mod.ts";
 *
 * const corpus = corpusFromText("the quick brown fox jumps over the lazy dog. ".repeat(40));
 * const half = await train(corpus, { config: { hidden: 32, batchSize: 2 }, steps: 100 });
 * const model = await train(corpus, { resume: half, steps: 200 });
 * console.log(sample(model, { prompt: "the ", length: 20 }));
 * ```
 */
export async function train(corpus: Corpus, options: TrainOptions = {}): Promise<Checkpoint> {
  using prepared = prepareTraining(corpus, options);
  await options.onStart?.(prepared.trainer, prepared.limits);
  return await prepared.run();
}

/** A run that is ready to train; see {@linkcode prepareTraining}. */
export interface TrainingRun extends Disposable {
  /** The trainer, before the first step of the run. */
  readonly trainer: Trainer;
  /** Limits and intervals, complete. */
  readonly limits: TrainingLimits;
  /** Whether the run that is resumed has reached its limit: nothing is left to train. */
  readonly isFinished: boolean;
  /**
   * Trains until a limit is reached or the signal aborts; to be called once.
   *
   * @param callbacks The signal and the callbacks, in addition to those that were given before.
   * @returns The last checkpoint; the one that was given if the run is finished.
   * @throws {DivergenceError} if a loss or a weight is not finite; see `onDivergence`.
   * @throws {TextError} if the text can no longer be read, after `onCheckpoint` got the last state.
   */
  run(callbacks?: Partial<TrainOptions>): Promise<Checkpoint>;
}

/**
 * Checks all options and creates the trainer, without training yet: for a caller that prints or
 * writes something about a run before it begins.
 *
 * @throws {InputError} as {@linkcode train} does.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "../text/corpus.ts";
 * import { prepareTraining } from "./train.ts";
 *
 * const corpus = corpusFromText("the quick brown fox jumps over the lazy dog. ".repeat(40));
 * using prepared = prepareTraining(corpus, { config: { hidden: 16 }, steps: 50 });
 * console.log(prepared.trainer.config.hidden, prepared.limits.steps); // 16 50
 * const model = await prepared.run();
 * ```
 */
export function prepareTraining(corpus: Corpus, options: TrainOptions = {}): TrainingRun {
  const { config, resume, onDivergence = "stop" } = options;
  if (onDivergence !== "stop" && onDivergence !== "rollback") {
    throw new InputError(
      `Cannot train: "on-divergence" must be stop or rollback, not ${JSON.stringify(onDivergence)}`,
    );
  }
  using opened = new DisposableStack();
  const trainer = opened.use(
    resume
      ? Trainer.fromCheckpoint(corpus, resume, options)
      : Trainer.create(corpus, autoConfig(corpus.length, config, options).config, options),
  );
  const { charsPerStep, stepsPerEpoch, validation } = trainer;
  const validates = validation.chars > 0;
  const limits = resolveLimits(options, charsPerStep, stepsPerEpoch, validates);
  checkSchedule(trainer.config, limits.steps, validates);
  trainer.lastStep = limits.steps;
  const loop = new TrainingLoop(trainer, limits, options);
  const finished = resume && isFinished(limits, resume.progress) ? resume : undefined;
  // From here on the caller disposes of the trainer.
  opened.move();
  return {
    trainer,
    limits,
    isFinished: finished !== undefined,
    run: async (callbacks = {}) => finished ?? await loop.toTheEnd(callbacks),
    [Symbol.dispose]: () => trainer.close(),
  };
}
