/** Figures of a run while it trains. */

/** Measurements of a run, taken every `logEvery` steps and at its end. */
export interface TrainingMetrics {
  /** Updates so far. */
  readonly step: number;
  /** Epochs so far, with fractions. */
  readonly epoch: number;
  /** Characters trained on so far, counting repetitions. */
  readonly chars: number;
  /**
   * Training loss in nats per character, smoothed over about 25,000 characters. It lags behind: in a
   * short run it is far above the loss of the model, which {@linkcode summarize} measures.
   */
  readonly loss: number;
  /** Loss of the last batch before its update, in nats per character; `null` before the first. */
  readonly batchLoss: number | null;
  /** Validation loss in nats per character; `null` if it was not measured at this step. */
  readonly validationLoss: number | null;
  /** Learning rate of the next step: 0 at the end of a schedule or cooldown that falls to it. */
  readonly lr: number;
  /** Characters trained on per second since the last metrics, without validation and samples. */
  readonly charsPerSecond: number;
  /** Threads that compute now. */
  readonly threads: number;
  /** Seconds of training so far, everything included but the time between stop and resume. */
  readonly elapsedSeconds: number;
}

/** State of a run several times a second, for a progress display. */
export interface TrainingStatus {
  /** Updates so far. */
  readonly step: number;
  /** Smoothed training loss, in nats per character. */
  readonly loss: number;
  /** Characters trained on per second since the last metrics. */
  readonly charsPerSecond: number;
  /** Threads that compute now. */
  readonly threads: number;
  /** Fraction of the run that is done, 0 to 1, by the limit that is reached first. */
  readonly fractionDone: number;
  /** Estimated seconds until the end, after the last validation. */
  readonly secondsLeft: number;
}

/** Details of a rollback: a run diverged and went back to its last good state. */
export interface Rollback {
  /** The step, counted from 1, that diverged. */
  readonly divergedAt: number;
  /** What was not finite, for example `the loss is NaN`. */
  readonly reason: string;
  /** The step of the state that training continues from. */
  readonly step: number;
  /** The learning rate that diverged. */
  readonly lrBefore: number;
  /** The learning rate that training continues with: half of it. */
  readonly lrAfter: number;
}
