/** Messages between the page and the worker that trains. All of them can be posted. */
import type {
  AutoConfigReason,
  Config,
  ConfigInput,
  LimitOptions,
  PartBaselines,
  Progress,
  TrainingLimits,
  TrainingMetrics,
  TrainingStatus,
} from "../../src/mod.ts";

/** What a training is doing. */
export type Phase = "idle" | "training" | "paused" | "finished" | "failed";

/** A text to train on. */
export interface TextSource {
  /** A name for messages and checkpoints, for example `alice.txt`. */
  readonly name: string;
  /** The text, or a file of UTF-8, which is read where it is needed. */
  readonly content: string | Blob;
}

/** What a training is started with. */
export interface TrainingSettings {
  /** Keys of the configuration; the others are picked for the text. */
  readonly config: ConfigInput;
  /** Limits of the run; without any, those of the command line. */
  readonly limits: LimitOptions;
  /** The seed of all random choices; it overrides that of `config`. Default: 1. */
  readonly seed?: number;
  /** Threads that compute. Default: as many as are useful. */
  readonly threads?: number;
}

/** What is known of a text before it is trained on, and what was picked for it. */
export interface Configured {
  readonly name: string;
  /** Length in characters. */
  readonly chars: number;
  /** Length in bytes of UTF-8. */
  readonly bytes: number;
  /** SHA-256 of the UTF-8, in hexadecimal digits. */
  readonly sha256: string;
  /** The distinct characters, in the order of their ids. */
  readonly vocabulary: string;
  readonly config: Config;
  readonly reasons: readonly AutoConfigReason[];
}

/** What is known of a training once it has been prepared. */
export interface Prepared {
  readonly limits: TrainingLimits;
  readonly charsPerStep: number;
  readonly stepsPerEpoch: number;
  /** Weights and biases of the model. */
  readonly parameterCount: number;
  /** Characters that are trained on, and held out. */
  readonly trainingChars: number;
  readonly validationChars: number;
}

/** Losses of simple predictors on the validation part, in nats per character. */
export type Baselines = Pick<PartBaselines, "uniform" | "unigram" | "bigram" | "gzip">;

/** A text that the model wrote at some step. */
export interface TrainingSample {
  readonly step: number;
  /** Seconds of training before it. */
  readonly seconds: number;
  /** The smoothed training loss, in nats per character; `null` before the first step. */
  readonly loss: number | null;
  readonly prompt: string;
  /** What follows the prompt: one text or, where each example is a line, several lines. */
  readonly continuations: readonly string[];
}

/**
 * A checkpoint as a file: the bytes that `encodeCheckpoint` makes and that the command line reads.
 * They stay in a `Blob`, so that the page's main thread never handles them.
 */
export interface ModelFile {
  /** Distinguishes models; every new file has another. */
  readonly id: string;
  readonly file: Blob;
  /** A name without extension, for example `alice`. */
  readonly name: string;
  readonly config: Config;
  readonly vocabulary: string;
  readonly progress: Progress;
}

/** A message to the worker. */
export type Request =
  | { readonly type: "configure"; readonly text: TextSource; readonly settings: TrainingSettings }
  | { readonly type: "start"; readonly text: TextSource; readonly settings: TrainingSettings }
  | {
    readonly type: "load";
    readonly file: Blob;
    /** The best checkpoint, if it is another one. */
    readonly best: Blob | null;
    readonly text: TextSource | null;
  }
  | { readonly type: "prompt"; readonly prompt: string }
  | { readonly type: "limits"; readonly limits: LimitOptions }
  | { readonly type: "pause" | "resume" | "step" | "stop" };

/** A message from the worker. */
export type Report =
  | { readonly type: "ready"; readonly threads: number }
  | { readonly type: "configured"; readonly configured: Configured }
  | { readonly type: "prepared"; readonly prepared: Prepared }
  | { readonly type: "phase"; readonly phase: Phase }
  | { readonly type: "status"; readonly status: TrainingStatus }
  | { readonly type: "metrics"; readonly metrics: TrainingMetrics }
  | { readonly type: "baselines"; readonly baselines: Baselines }
  | { readonly type: "sample"; readonly sample: TrainingSample }
  | { readonly type: "sampleError"; readonly message: string }
  | { readonly type: "model" | "best"; readonly model: ModelFile }
  | { readonly type: "error"; readonly message: string; readonly option: string | null };
