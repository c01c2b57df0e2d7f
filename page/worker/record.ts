/** A training as the page shows it, as data: to show one of elsewhere, and to keep one in a file. */
import type { TrainingMetrics, TrainingStatus } from "../../src/mod.ts";
import type {
  Baselines,
  Configured,
  ModelFile,
  Phase,
  Prepared,
  TrainingSample,
} from "./protocol.ts";

/** What is shown of a training; see the signals of `TrainingClient`. */
export interface TrainingRecord {
  readonly phase: Phase;
  readonly status: TrainingStatus | null;
  readonly metrics: readonly TrainingMetrics[];
  readonly points: readonly { readonly step: number; readonly loss: number }[];
  readonly samples: readonly TrainingSample[];
  readonly sampleError: string | null;
  readonly baselines: Baselines | null;
  readonly configured: Configured | null;
  readonly prepared: Prepared | null;
  readonly model: ModelFile | null;
  readonly best: ModelFile | null;
}
