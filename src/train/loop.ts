import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { TextError } from "../errors.ts";
import { runInSlices, SLICE_MS, yieldToEventLoop } from "../event_loop.ts";
import { isOfLines } from "../generate/options.ts";
import { sampleMany, sampleStream } from "../generate/sampler.ts";
import { VALIDATION_COST } from "./cost.ts";
import { DivergenceError } from "./divergence.ts";
import { fractionDone, isLimitReached, leftForTraining, type TrainingLimits } from "./limits.ts";
import type { TrainingStatus } from "./metrics.ts";
import type { TrainingCallbacks, TrainOptions } from "./options.ts";
import type { ValidationProgress } from "./overfitting.ts";
import type { Validation } from "./validation.ts";
import { bestOf, latestOf, type TrainResult } from "./result.ts";
import { Throughput } from "./throughput.ts";
import { type StepOptions, StepStoppedError, type Trainer } from "./trainer.ts";

/** Time between `latest` checkpoints without `checkpointEvery`. */
export const CHECKPOINT_MS = 60_000;
/**
 * Characters trained on for each character validated: about one validation an epoch with the
 * default validation part of 5 %, and a small part of the time.
 */
const TRAINED_PER_VALIDATED = 20;
/** The shortest and the longest time between samples without `sampleEvery`. */
export const MIN_SAMPLE_MS = 15_000;
const MAX_SAMPLE_MS = 600_000;
/** Samples of a run without `sampleEvery`, unless it is so short or long that these times differ. */
const SAMPLES_PER_RUN = 20;
/** Characters of a text passed to `onSample`. */
const SAMPLE_LENGTH = 200;
/** What is generated instead if each line is an example. */
const LINES = { count: 10, length: SAMPLE_LENGTH };
/** Consecutive rollbacks before the run fails: the learning rate is then a thousandth. */
export const MAX_ROLLBACKS = 10;

/**
 * The loop around a trainer: takes steps, and logs, samples, validates and saves when it is due.
 *
 * Regular metrics, and the validations made with them, depend on the number of the step alone, so a
 * resumed run makes the same ones as a run that was never stopped. The end of a run adds metrics of
 * its last step and a validation, which leave no trace in the state that can be resumed from.
 */
export class TrainingLoop {
  readonly #trainer: Trainer;
  readonly #limits: TrainingLimits;
  readonly #throughput: Throughput;
  /** Duration of the last validation; `null` before the first. */
  #validationSeconds: number | null = null;
  #callbacks: TrainingCallbacks;
  /** The step of the last regular metrics, those due by `logEvery`. */
  #loggedStep: number | null;
  /** The step of the last metrics, regular or not. */
  #lastMetricsStep: number | null;
  /** The step of the last `latest` checkpoint, and when it was made. */
  #savedStep: number | null;
  #savedAt = performance.now();
  /** The step of the last sample, and when it or the run was begun. */
  #sampledStep: number | null = null;
  #sampledAt = performance.now();
  /** The last good state; `undefined` if divergence stops the run. */
  #rollbackState: Checkpoint | undefined;
  /** The checkpoint with the lowest validation loss; `null` if it is not known. */
  #best: Checkpoint | null;
  /** Rollbacks since the last regular metrics that are beyond the step of a slow divergence. */
  #rollbacks = 0;
  /** The step at which a divergence with finite numbers was found; 0 if the last was another. */
  #mustPass = 0;

  constructor(trainer: Trainer, limits: TrainingLimits, options: TrainOptions) {
    this.#trainer = trainer;
    this.#limits = limits;
    this.#callbacks = options;
    const { resume } = options;
    const progress = resume && latestOf(resume).progress;
    this.#best = resume ? bestOf(resume) : null;
    this.#throughput = new Throughput(progress?.elapsedSeconds ?? 0);
    this.#loggedStep = progress?.loggedStep ?? null;
    this.#lastMetricsStep = progress?.step ?? null;
    this.#savedStep = progress?.step ?? null;
    if (options.onDivergence === "rollback") this.#rollbackState = this.#checkpoint();
  }

  /**
   * Trains until a limit is reached or the signal aborts.
   *
   * @param callbacks Replace those passed to the constructor.
   * @returns The best and the latest checkpoint.
   */
  async run(callbacks: TrainingCallbacks = {}): Promise<TrainResult> {
    this.#callbacks = { ...this.#callbacks, ...callbacks };
    while (true) {
      try {
        await this.#train();
        const latest = await this.#end();
        return { best: this.#best ?? latest, latest };
      } catch (error) {
        if (error instanceof TextError) {
          await this.#callbacks.onCheckpoint?.(this.#checkpoint(), "latest");
        }
        if (!(error instanceof DivergenceError)) throw error;
        await this.#rollBack(error);
      }
    }
  }

  async #train(): Promise<void> {
    // Metrics are due at once if the run was stopped before it could make them.
    if (this.#isLogDue()) await this.#log();
    while (!this.#isOver()) {
      this.#trainSlice();
      await yieldToEventLoop();
      await this.#callbacks.onStatus?.(this.#status());
      await this.#runDueActions();
    }
  }

  /** Takes steps until something is due or the time of the slice is over. */
  #trainSlice(): void {
    const trainer = this.#trainer;
    this.#throughput.measure(trainer, (begin) => {
      try {
        do trainer.step(this.#stepOptions()); while (
          !this.#isLogDue() && !this.#isSampleDue() && !this.#isCheckpointDue() &&
          performance.now() - begin < SLICE_MS && !this.#isOver()
        );
      } catch (error) {
        if (!(error instanceof StepStoppedError)) throw error;
      }
    });
  }

  async #runDueActions(): Promise<void> {
    const isLast = this.#trainer.steps === this.#limits.steps;
    // The end of the run makes metrics of the last step too: one line is enough, unless both
    // validate.
    if (this.#isLogDue() && (!isLast || this.#isValidationDue())) await this.#log();
    if (this.#isSampleDue()) await this.#sample();
    // The last healthy checkpoint is kept until it is clear whether training diverges.
    const isKept = !isLast && !this.#isInterrupted() && this.#trainer.isHealthy;
    if (this.#isCheckpointDue() && isKept) await this.#save();
  }

  #isInterrupted(): boolean {
    return this.#callbacks.signal?.aborted === true || this.#trainer.isStopped;
  }

  #isOver(): boolean {
    const { steps: step, validation } = this.#trainer;
    const elapsedSeconds = this.#throughput.elapsedSeconds();
    return this.#isInterrupted() ||
      isLimitReached(this.#limitsOfTraining(), { step, elapsedSeconds, ...progressOf(validation) });
  }

  #isLogDue(): boolean {
    const { steps } = this.#trainer;
    return steps > 0 && steps !== this.#loggedStep &&
      (steps === 1 || steps % this.#limits.logEvery === 0);
  }

  #isSampleDue(): boolean {
    const { sampleEvery } = this.#limits;
    if (this.#callbacks.onSample === undefined) return false;
    if (sampleEvery === null) return performance.now() - this.#sampledAt > this.#sampleMs();
    return sampleEvery > 0 && this.#trainer.steps % sampleEvery === 0;
  }

  /** Time between samples without `sampleEvery`. */
  #sampleMs(): number {
    const seconds = this.#throughput.elapsedSeconds() / this.#stepOptions().fractionDone;
    return Math.min(MAX_SAMPLE_MS, Math.max(MIN_SAMPLE_MS, seconds * 1000 / SAMPLES_PER_RUN));
  }

  #isCheckpointDue(): boolean {
    const { checkpointEvery } = this.#limits;
    if (checkpointEvery === null) return performance.now() - this.#savedAt > CHECKPOINT_MS;
    return this.#trainer.steps % checkpointEvery === 0;
  }

  #isValidationDue(): boolean {
    const { validation, steps, charsPerStep } = this.#trainer;
    const chars = (steps - (validation.step ?? 0)) * charsPerStep;
    return validation.chars > 0 && chars >= TRAINED_PER_VALIDATED * validation.chars;
  }

  /** The position of the next step in the run. */
  #stepOptions(): Required<StepOptions> {
    const { steps: step } = this.#trainer;
    const elapsedSeconds = this.#throughput.elapsedSeconds();
    return { fractionDone: fractionDone(this.#limitsOfTraining(), { step, elapsedSeconds }) };
  }

  /** The limits without the time that the last validation will take. */
  #limitsOfTraining(): TrainingLimits {
    const { seconds } = this.#limits;
    return seconds === Infinity
      ? this.#limits
      : { ...this.#limits, seconds: leftForTraining(seconds, this.#secondsOfValidation()) };
  }

  /** Everything that is needed to resume the run from here. */
  #checkpoint(ended = false): Checkpoint {
    return this.#trainer.checkpoint({
      elapsedSeconds: ended ? this.#secondsAtEnd() : this.#throughput.elapsedSeconds(),
      loggedStep: this.#loggedStep,
      ended,
    });
  }

  /**
   * Duration of the run at its end: the time limit, if that is the reason, although the last validation
   * may take less than it was estimated to. Otherwise resuming would find time left.
   */
  #secondsAtEnd(): number {
    const { steps: step, validation } = this.#trainer;
    const elapsedSeconds = this.#throughput.elapsedSeconds();
    const progress = { step, elapsedSeconds, ...progressOf(validation) };
    return isLimitReached(this.#limits, progress) ? elapsedSeconds : this.#limits.seconds;
  }

  #status(): TrainingStatus {
    const { steps: step, loss } = this.#trainer;
    const elapsedSeconds = this.#throughput.elapsedSeconds();
    const { fractionDone } = this.#stepOptions();
    return {
      step,
      loss,
      charsPerSecond: this.#throughput.charsPerSecond(),
      threads: this.#trainer.threads,
      fractionDone,
      secondsLeft: fractionDone === 0
        ? Infinity
        : elapsedSeconds * (1 - fractionDone) / fractionDone + this.#secondsOfValidation(),
    };
  }

  /** Measures the validation loss; `undefined` if the signal aborts it. */
  async #validate(): Promise<number | null | undefined> {
    const begin = performance.now();
    const loss = await runInSlices(this.#trainer.validation.measure(), this.#callbacks.signal);
    if (loss !== undefined) this.#validationSeconds = (performance.now() - begin) / 1000;
    return loss;
  }

  /** Estimated duration of a validation. */
  #secondsOfValidation(): number {
    if (this.#validationSeconds !== null) return this.#validationSeconds;
    const { chars } = this.#trainer.validation;
    const charsPerSecond = this.#throughput.charsPerSecond();
    // Nothing is known before the first step.
    return charsPerSecond === 0 ? 0 : chars * VALIDATION_COST / charsPerSecond;
  }

  /**
   * Logs regular metrics, after a validation if one is due. If the signal aborts the validation,
   * nothing is logged: the resumed run repeats both.
   */
  async #log(): Promise<void> {
    const { validation, steps } = this.#trainer;
    let isBest = false;
    if (this.#isValidationDue()) {
      const loss = await this.#validate();
      if (loss === undefined) return;
      isBest = loss !== null && validation.record(loss);
    }
    await this.#emitMetrics(validation.step === steps ? validation.loss : null);
    this.#loggedStep = steps;
    // Before anything is kept: a state that diverges at once is not one of the run.
    const isHealthy = this.#trainer.isHealthy;
    const isKept = this.#rollbackState !== undefined && !this.#isInterrupted() && isHealthy;
    if (isKept) this.#trainer.checkNextStep(this.#stepOptions());
    const checkpoint = isBest || isKept ? this.#checkpoint() : null;
    if (isBest && isHealthy) await this.#saveBest(checkpoint!);
    if (isKept) {
      this.#rollbackState = checkpoint!;
      if (steps > this.#mustPass) this.#rollbacks = 0;
    }
  }

  async #emitMetrics(validationLoss: number | null): Promise<void> {
    const { steps, epoch, chars, loss, batchLoss } = this.#trainer;
    this.#lastMetricsStep = steps;
    await this.#callbacks.onLog?.({
      step: steps,
      epoch,
      chars,
      loss,
      batchLoss,
      validationLoss,
      // That of the last step is unknown where a resumed run logs before it trains.
      lr: this.#trainer.nextLearningRate(this.#stepOptions()),
      charsPerSecond: this.#throughput.startInterval(),
      threads: this.#trainer.threads,
      elapsedSeconds: this.#throughput.elapsedSeconds(),
    });
  }

  async #sample(): Promise<void> {
    const { onSample, signal } = this.#callbacks;
    if (!onSample) return;
    const { config, steps } = this.#trainer;
    this.#sampledStep = steps;
    this.#sampledAt = performance.now();
    // Differs from sample to sample, and is the same whenever the run is repeated.
    const seed = (config.seed + steps) % Number.MAX_SAFE_INTEGER;
    let text = "";
    try {
      const model = this.#trainer.model();
      if (isOfLines(config)) text = sampleMany(model, { ...LINES, seed }).join("");
      else {for await (const character of sampleStream(model, { length: SAMPLE_LENGTH, seed })) {
          if (signal?.aborted) return;
          text += character;
        }}
    } catch (error) {
      // Logits that are not finite. It is the next step that finds out whether training diverges.
      if (error instanceof RangeError) return;
      throw error;
    }
    await onSample(text, steps);
  }

  async #save(ended = false): Promise<void> {
    // #checkpoint() checks all weights in any case. An interrupted run skips the costlier check of
    // the next step.
    if (!this.#isInterrupted()) this.#trainer.checkNextStep(this.#stepOptions());
    await this.#saveLatest(this.#checkpoint(ended));
  }

  async #saveBest(checkpoint: Checkpoint): Promise<void> {
    this.#best = checkpoint;
    await this.#callbacks.onCheckpoint?.(checkpoint, "best");
  }

  async #saveLatest(checkpoint: Checkpoint): Promise<void> {
    await this.#callbacks.onCheckpoint?.(checkpoint, "latest");
    this.#savedStep = checkpoint.progress.step;
    this.#savedAt = performance.now();
  }

  /** Validates, logs and saves at the end of a run; returns the last checkpoint. */
  async #end(): Promise<Checkpoint> {
    const { steps, validation } = this.#trainer;
    let validationLoss: number | null = null;
    if (!this.#isInterrupted() && validation.step !== steps) {
      validationLoss = await this.#validate() ?? null;
    }
    const ended = !this.#isInterrupted();
    if (this.#lastMetricsStep !== steps || validationLoss !== null) {
      await this.#emitMetrics(validationLoss);
      if (this.#isLogDue() && !this.#isValidationDue()) this.#loggedStep = steps;
    }
    const last = withValidation(this.#checkpoint(ended), validationLoss);
    if (validationLoss !== null && last.progress.bestValidationLoss !== validation.best) {
      await this.#saveBest(last);
    }
    await this.#save(ended);
    if (ended && this.#limits.sampleEvery === null && this.#sampledStep !== steps) {
      await this.#sample();
    }
    return last;
  }

  /** Restores the last good state with half the learning rate; throws if that cannot help. */
  async #rollBack(error: DivergenceError): Promise<void> {
    const { step: divergedAt, reason, config, isFinite } = error;
    const lrBefore = this.#trainer.config.lr;
    const lrAfter = lrBefore / 2;
    if (!this.#rollbackState || this.#rollbacks === MAX_ROLLBACKS || lrAfter === 0) {
      const details = { savedStep: this.#savedStep, rollbacks: this.#rollbacks };
      throw new DivergenceError({ step: divergedAt, reason, config, isFinite, details });
    }
    this.#rollbacks++;
    this.#mustPass = isFinite ? divergedAt : 0;
    this.#trainer.restore(this.#rollbackState, { lr: lrAfter });
    this.#rollbackState = { ...this.#rollbackState, config: this.#trainer.config };
    const { loggedStep, step } = this.#rollbackState.progress;
    this.#loggedStep = loggedStep;
    this.#lastMetricsStep = step;
    this.#throughput.startInterval();
    // Saved at once: a run that is killed now would diverge again when it is resumed.
    await this.#saveLatest(this.#checkpoint());
    await this.#callbacks.onRollback?.({ divergedAt, reason, step, lrBefore, lrAfter });
  }
}

/** The same checkpoint with a validation loss that only the end of the run measured. */
function withValidation(checkpoint: Checkpoint, loss: number | null): Checkpoint {
  if (loss === null) return checkpoint;
  const { progress } = checkpoint;
  const isBest = loss < (progress.bestValidationLoss ?? Infinity);
  return {
    ...checkpoint,
    progress: {
      ...progress,
      validationLoss: loss,
      validatedStep: progress.step,
      ...isBest ? { bestValidationLoss: loss, bestStep: progress.step } : {},
    },
  };
}

function progressOf(validation: Validation): ValidationProgress {
  return {
    validationLoss: validation.loss,
    bestValidationLoss: validation.best,
    validatedStep: validation.step,
    bestStep: validation.bestStep,
    validationsSinceBest: validation.validationsSinceBest,
  };
}
