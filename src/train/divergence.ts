/** What is known of a divergence beside the step and the reason. */
export interface DivergenceDetails {
  /** The step of the last checkpoint that was handed over; `null` when there is none. */
  readonly savedStep: number | null;
  /** How often in a row the run went back and came to grief again. */
  readonly rollbacks: number;
}

/**
 * Training came to a number that is not finite. Nothing that is wrong has been given to anybody: a
 * checkpoint from before is as good as it was.
 */
export class DivergenceError extends Error {
  /** The class's name, so that it survives in logs. */
  override name = "DivergenceError";
  /** The step, counted from 1, whose loss, gradient or update is not finite. */
  readonly step: number;
  /** What is not finite, for example `the loss is NaN`. */
  readonly reason: string;
  /** What the run around the trainer knows; `null` when there is no such run. */
  readonly details: DivergenceDetails | null;

  /**
   * An error that says so.
   * @param step Counted from 1.
   */
  constructor(step: number, reason: string, details: DivergenceDetails | null = null) {
    super(
      [
        `Training diverged at step ${step}: ${reason}`,
        ...details === null ? [] : describe(details),
        "a lower --lr or --grad-clip keeps it finite",
      ].join("; "),
    );
    this.step = step;
    this.reason = reason;
    this.details = details;
  }
}

function describe({ savedStep, rollbacks }: DivergenceDetails): string[] {
  return [
    ...rollbacks === 0 ? [] : [`going back and halving the rate ${rollbacks} times did not help`],
    savedStep === null
      ? "no checkpoint had been saved"
      : `the last good checkpoint is that of step ${savedStep}`,
  ];
}
