/** Details of a {@linkcode DivergenceError} that only the run around the trainer can give. */
export interface DivergenceDetails {
  /** The step of the last checkpoint passed to `onCheckpoint`; `null` if there is none. */
  readonly savedStep: number | null;
  /** Consecutive rollbacks that diverged again. */
  readonly rollbacks: number;
}

/**
 * Training diverged: a loss, a gradient or a weight is not finite.
 *
 * Models and checkpoints made before are not affected.
 */
export class DivergenceError extends Error {
  /** `DivergenceError`, as in logs. */
  override readonly name: string = "DivergenceError";
  /** The step, counted from 1, whose loss, gradient or update is not finite. */
  readonly step: number;
  /** What is not finite, for example `the loss is NaN`. */
  readonly reason: string;
  /** Checkpoint and rollbacks of the run; `null` if a {@linkcode Trainer} was used without one. */
  readonly details: DivergenceDetails | null;

  /**
   * Creates the error, with a message of one line.
   *
   * @param step Counted from 1.
   */
  constructor(step: number, reason: string, details: DivergenceDetails | null = null) {
    const facts = details === null ? [] : describe(details);
    super(
      [
        `Training diverged at step ${step}: ${reason}`,
        ...facts,
        `use a lower "lr" or "gradClip"`,
      ].join("; "),
    );
    this.step = step;
    this.reason = reason;
    this.details = details;
  }
}

function describe({ savedStep, rollbacks }: DivergenceDetails): string[] {
  return [
    ...rollbacks === 0 ? [] : [`${rollbacks} rollbacks, each halving "lr", did not help`],
    savedStep === null ? "no checkpoint was saved" : `the last checkpoint is of step ${savedStep}`,
  ];
}
