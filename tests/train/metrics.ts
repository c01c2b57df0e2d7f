import type { TrainingMetrics } from "../../src/train/metrics.ts";

/** Metrics of a step, with other values where given. */
export function metricsAt(step: number, changes: Partial<TrainingMetrics> = {}): TrainingMetrics {
  return {
    step,
    epoch: 0.5,
    chars: 10,
    loss: 2,
    batchLoss: 3,
    validationLoss: null,
    lr: 0.01,
    charsPerSecond: 5,
    threads: 1,
    elapsedSeconds: 1,
    ...changes,
  };
}
