import type { Checkpoint } from "../checkpoint/checkpoint.ts";

/** What a run has trained. */
export interface TrainResult {
  /**
   * The checkpoint with the lowest validation loss: the model to use. It is `latest` if nothing was
   * validated.
   */
  readonly best: Checkpoint;
  /** The checkpoint of the last step, from which training can be resumed. */
  readonly latest: Checkpoint;
}

/** The checkpoint that training continues from, of a result or alone. */
export function latestOf(resume: Checkpoint | TrainResult): Checkpoint {
  return "latest" in resume ? resume.latest : resume;
}

/**
 * The best checkpoint of a result; of a checkpoint alone itself, if it is the one that was validated
 * with the lowest loss. `null` if it is not known.
 */
export function bestOf(resume: Checkpoint | TrainResult): Checkpoint | null {
  if ("latest" in resume) return resume.best;
  const { validationLoss, bestValidationLoss, validatedStep, step } = resume.progress;
  const isBest = validatedStep === step && validationLoss === bestValidationLoss;
  return isBest ? resume : null;
}
