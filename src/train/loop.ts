import { Sampler } from "../generate/sampler.ts";
import { TextError } from "../errors.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { DivergenceError } from "./divergence.ts";
import { fractionDone, isLimitReached, type TrainingLimits } from "./limits.ts";
import { runInSlices, SLICE_MS, yieldToEventLoop } from "../event_loop.ts";
import { Throughput } from "./throughput.ts";
import type { TrainOptions } from "./train.ts";
import type { Trainer } from "./trainer.ts";

/** Time from one `latest` checkpoint to the next, where steps do not decide. */
const SAVE_MS = 60_000;
/** A validation of n characters is due after 20·n were trained: about once a pass, and little of the time. */
const TRAINED_PER_VALIDATED = 20;
/** Characters of the texts given to `onSample`. */
const SAMPLE_LENGTH = 200;
/** How often in a row the rate is halved: to about a thousandth. */
const MOST_ROLLBACKS = 10;

/**
 * The loop around a trainer: when each thing is due, and whom to tell.
 *
 * Reports at their interval, and the validations that come with them, depend on steps alone, so
 * that a run that was stopped and resumed makes the same ones. What the end of a run adds, a report
 * of its last step and a validation, leaves no trace in the state that it can be resumed from.
 */
export class TrainingLoop {
  readonly #trainer: Trainer;
  readonly #schedule: TrainingLimits;
  #options: TrainOptions;
  readonly #watch: Throughput;
  /** The step of the last report at its interval. */
  #loggedStep: number | null;
  /** The step of the last report of any kind. */
  #toldStep: number | null;
  #savedStep: number | null;
  #savedAt = performance.now();
  /** What a rollback goes back to. */
  #good: Checkpoint | undefined;
  #rollbacks = 0;

  constructor(trainer: Trainer, limits: TrainingLimits, options: TrainOptions) {
    this.#trainer = trainer;
    this.#schedule = limits;
    this.#options = options;
    const progress = options.resume?.progress;
    this.#watch = new Throughput(progress?.elapsedSeconds ?? 0);
    this.#loggedStep = progress?.loggedStep ?? null;
    this.#toldStep = progress?.step ?? null;
    this.#savedStep = progress?.step ?? null;
    trainer.doneAfter = (step) =>
      fractionDone(limits, { step, elapsedSeconds: this.#watch.elapsed() });
    if (options.onDivergence === "rollback") this.#good = this.#state();
  }

  /**
   * Trains until the run is over, and gives its last checkpoint.
   * @param callbacks In addition to the options of the constructor.
   */
  async toTheEnd(callbacks: Partial<TrainOptions> = {}): Promise<Checkpoint> {
    this.#options = { ...this.#options, ...callbacks };
    for (;;) {
      try {
        await this.#train();
        return await this.#end();
      } catch (error) {
        if (error instanceof TextError) await this.#options.onCheckpoint?.(this.#state(), "latest");
        if (!(error instanceof DivergenceError)) throw error;
        await this.#rollBack(error);
      }
    }
  }

  async #train(): Promise<void> {
    // What a run that was stopped at a report had no time for.
    if (this.#reportIsDue()) await this.#report();
    while (!this.#isOver()) {
      this.#slice();
      await yieldToEventLoop();
      this.#options.onStatus?.(this.#watch.live(this.#trainer, this.#schedule));
      await this.#doWhatIsDue();
    }
  }

  /** What a run begins with and ends in: all that it needs to go on. */
  #state(ended = false): Checkpoint {
    const state = this.#trainer.checkpoint(this.#watch.elapsed());
    return { ...state, progress: { ...state.progress, loggedStep: this.#loggedStep, ended } };
  }

  #isInterrupted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  #isOver(): boolean {
    const { steps: step, validation: { validationsSinceBest } } = this.#trainer;
    const elapsedSeconds = this.#watch.elapsed();
    return this.#isInterrupted() ||
      isLimitReached(this.#schedule, { step, elapsedSeconds, validationsSinceBest });
  }

  /** Steps until something is due or the slice's time is up. */
  #slice(): void {
    const trainer = this.#trainer;
    this.#watch.time(trainer, (begin) => {
      do trainer.step(); while (
        !this.#reportIsDue() && !this.#sampleIsDue() && !this.#saveIsDue() &&
        performance.now() - begin < SLICE_MS && !this.#isOver()
      );
    });
  }

  #reportIsDue(): boolean {
    const { steps } = this.#trainer;
    return steps > 0 && steps !== this.#loggedStep &&
      (steps === 1 || steps % this.#schedule.logEvery === 0);
  }

  #sampleIsDue(): boolean {
    const { sampleEvery } = this.#schedule;
    return sampleEvery > 0 && this.#trainer.steps % sampleEvery === 0;
  }

  #saveIsDue(): boolean {
    const { checkpointEvery } = this.#schedule;
    if (checkpointEvery === null) return performance.now() - this.#savedAt > SAVE_MS;
    return this.#trainer.steps % checkpointEvery === 0;
  }

  #validationIsDue(): boolean {
    const { validation, steps, charsPerStep } = this.#trainer;
    const since = steps - (validation.step ?? 0);
    return validation.chars > 0 && since * charsPerStep >= TRAINED_PER_VALIDATED * validation.chars;
  }

  async #doWhatIsDue(): Promise<void> {
    const isLast = this.#trainer.steps === this.#schedule.steps;
    // The end makes one of its report and the one that is due, unless each would validate.
    if (this.#reportIsDue() && (!isLast || this.#validationIsDue())) await this.#report();
    if (this.#sampleIsDue()) await this.#sample();
    if (this.#saveIsDue() && !isLast && !this.#isInterrupted()) await this.#save();
  }

  /** A report at its interval; none when it was interrupted, so that a resumed run makes it. */
  async #report(): Promise<void> {
    const { validation, steps } = this.#trainer;
    let best = false;
    if (this.#validationIsDue()) {
      const loss = await runInSlices(validation.measure(), this.#options.signal);
      if (loss === undefined) return;
      best = loss !== null && validation.record(loss);
    }
    await this.#tell(validation.step === steps ? validation.loss : null);
    this.#loggedStep = steps;
    if (best) await this.#options.onCheckpoint?.(this.#state(), "best");
    if (this.#good && !this.#isInterrupted()) {
      this.#trainer.checkNextStep();
      this.#good = this.#state();
      this.#rollbacks = 0;
    }
  }

  async #tell(validationLoss: number | null): Promise<void> {
    const trainer = this.#trainer;
    this.#toldStep = trainer.steps;
    await this.#options.onLog?.({
      step: trainer.steps,
      epoch: trainer.epoch,
      chars: trainer.chars,
      loss: trainer.loss,
      batchLoss: trainer.batchLoss,
      validationLoss: validationLoss,
      charsPerSecond: this.#watch.lap(),
      elapsedSeconds: this.#watch.elapsed(),
    });
  }

  async #sample(): Promise<void> {
    const { onSample, signal } = this.#options;
    if (!onSample) return;
    const { config, steps } = this.#trainer;
    // Another one each time, and each time the same in the same run.
    const seed = (config.seed + steps) % Number.MAX_SAFE_INTEGER;
    const characters = new Sampler(this.#trainer.model()).generate({ length: SAMPLE_LENGTH, seed });
    let text: string | undefined;
    try {
      text = await runInSlices(join(characters), signal);
    } catch (error) {
      // No text can come of such weights. Whether it is a divergence is for the training to say.
      if (!(error instanceof RangeError)) throw error;
    }
    if (text !== undefined) await onSample(text, steps);
  }

  async #save(ended = false): Promise<void> {
    // Whoever interrupts is in a hurry; that all weights are finite is known in any case.
    if (!this.#isInterrupted()) this.#trainer.checkNextStep();
    const state = this.#state(ended);
    await this.#options.onCheckpoint?.(state, "latest");
    this.#savedStep = state.progress.step;
    this.#savedAt = performance.now();
  }

  async #end(): Promise<Checkpoint> {
    const { steps, validation } = this.#trainer;
    let loss: number | null | undefined = null;
    if (!this.#isInterrupted() && validation.step !== steps) {
      loss = await runInSlices(validation.measure(), this.#options.signal);
    }
    const ended = !this.#isInterrupted();
    const measured = loss ?? null;
    if (this.#toldStep !== steps || measured !== null) {
      await this.#tell(measured);
      if (this.#reportIsDue() && !this.#validationIsDue()) this.#loggedStep = steps;
    }
    const last = withValidation(this.#state(ended), measured);
    if (measured !== null && last.progress.bestValidationLoss !== validation.best) {
      await this.#options.onCheckpoint?.(last, "best");
    }
    await this.#save(ended);
    return last;
  }

  /** Goes back to the last good state with half the rate, or throws what is to be said instead. */
  async #rollBack({ step, reason }: DivergenceError): Promise<void> {
    const from = this.#trainer.config.lr;
    const to = from / 2;
    if (!this.#good || this.#rollbacks === MOST_ROLLBACKS || to === 0) {
      const details = { savedStep: this.#savedStep, rollbacks: this.#rollbacks };
      throw new DivergenceError(step, reason, details);
    }
    this.#rollbacks++;
    this.#trainer.restore(this.#good, { lr: to });
    this.#good = { ...this.#good, config: this.#trainer.config };
    this.#loggedStep = this.#good.progress.loggedStep;
    this.#toldStep = this.#good.progress.step;
    this.#watch.lap();
    // Now, so that a run that is killed next does not come to grief the same way once more.
    const state = this.#state();
    await this.#options.onCheckpoint?.(state, "latest");
    this.#savedStep = state.progress.step;
    this.#savedAt = performance.now();
    await this.#options.onRollback?.({
      divergedAt: step,
      reason,
      step: state.progress.step,
      from,
      to,
    });
  }
}

/** The same with a loss that only the end of the run measured. */
function withValidation(checkpoint: Checkpoint, loss: number | null): Checkpoint {
  if (loss === null) return checkpoint;
  const { progress } = checkpoint;
  const best = Math.min(loss, progress.bestValidationLoss ?? Infinity);
  return {
    ...checkpoint,
    progress: { ...progress, validationLoss: loss, bestValidationLoss: best },
  };
}

/** Joins characters, one at a time. */
function* join(characters: Iterable<string>): Generator<void, string> {
  let text = "";
  for (const character of characters) {
    text += character;
    yield;
  }
  return text;
}
