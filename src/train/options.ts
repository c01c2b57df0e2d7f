import * as v from "valibot";
import { optionsSchema } from "../arguments.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { Model } from "../model/model.ts";
import type { ConfigInput } from "../model/resolve_config.ts";
import { callback, signal, unchecked } from "../schemas.ts";
import type { IntervalOptions, LimitOptions, TrainingLimits } from "./limits.ts";
import type { Rollback, TrainingMetrics, TrainingStatus } from "./metrics.ts";
import type { TrainResult } from "./result.ts";
import type { Trainer, TrainerOptions } from "./trainer.ts";

/** What happens on divergence: the run fails, or goes back and halves its learning rate. */
export type OnDivergence = "stop" | "rollback";

/** Signal and callbacks of a run. Callbacks are awaited, and what they throw ends the run. */
export interface TrainingCallbacks {
  /**
   * Stops the run after the current step. Unlike a limit, it skips the final validation, so that
   * the run can be resumed with the same bits.
   */
  readonly signal?: AbortSignal;
  /** Called after the first step, then every `logEvery` steps, and at the end. */
  readonly onLog?: (metrics: TrainingMetrics) => void | Promise<void>;
  /**
   * Called every `sampleEvery` steps, or by time and at the end, with a text that the model
   * generated. Without it none is generated.
   */
  readonly onSample?: (text: string, step: number) => void | Promise<void>;
  /** Called several times a second. */
  readonly onStatus?: (status: TrainingStatus) => void | Promise<void>;
  /** Called after a rollback; `onCheckpoint` gets the restored state before. */
  readonly onRollback?: (rollback: Rollback) => void | Promise<void>;
  /**
   * Called with checkpoints to keep, from each of which training can be resumed: `latest` every
   * `checkpointEvery` steps (or about once a minute) and at the end; `best` after every validation
   * with a lower loss than all before.
   */
  readonly onCheckpoint?: (checkpoint: Checkpoint, kind: "latest" | "best") => void | Promise<void>;
}

/** The schemas of signal and callbacks by name. */
export const callbackKeys = {
  signal,
  onLog: callback,
  onSample: callback,
  onStatus: callback,
  onRollback: callback,
  onCheckpoint: callback,
};

/** The schemas of limits and intervals by name; `resolveLimits` checks the numbers. */
export const limitKeys = {
  steps: unchecked,
  epochs: unchecked,
  minutes: unchecked,
  patience: unchecked,
  logEvery: unchecked,
  sampleEvery: unchecked,
  checkpointEvery: unchecked,
  onDivergence: v.picklist(["stop", "rollback"], "must be stop or rollback"),
};

/** Schemas of options: those of a run's callbacks, of its limits, and of {@linkcode train}. */
export const trainingSchemas = {
  callbacks: optionsSchema(callbackKeys),
  limits: optionsSchema(limitKeys),
  train: optionsSchema({
    ...callbackKeys,
    ...limitKeys,
    threads: unchecked,
    exchange: unchecked,
    config: unchecked,
    resume: unchecked,
    initFrom: unchecked,
    onStart: callback,
  }),
} as const;

/** Options of {@linkcode train}. */
export interface TrainOptions
  extends TrainingCallbacks, LimitOptions, IntervalOptions, TrainerOptions {
  /**
   * Keys of the configuration; the others are picked by {@linkcode autoConfig}. With `resume`: keys
   * to change in the checkpoint's configuration.
   */
  readonly config?: ConfigInput;
  /**
   * Continue from this checkpoint of the same text with the same bits as if training had never
   * stopped, or of a text that this one begins with: it is then split and cut into streams again,
   * and what is held out lies behind all that was trained on. A result of {@linkcode train} continues from its latest checkpoint, and keeps its best
   * one until there is a better one; from a checkpoint alone, the best one before it is not known.
   * Limits and intervals count from the start of the run. `config` may change what only
   * steers the training, for example `lr`, `gradClip` and the learning-rate schedule.
   */
  readonly resume?: Checkpoint | TrainResult;
  /**
   * Begin with the weights of this model, for example a checkpoint of another text (fine-tuning). Its
   * cell, layers, hidden units and precision are kept; the optimizer starts afresh. The vocabulary
   * is that of the text and the model together; a new character has the mean of the weights of all
   * others. Excludes `resume`.
   */
  readonly initFrom?: Model;
  /**
   * On divergence, `stop` throws. `rollback` restores the state of the last regular metrics (or the
   * one that this call started with), halves the learning rate and continues; it throws after ten
   * rollbacks without new metrics in between. Default: `stop`.
   */
  readonly onDivergence?: OnDivergence;
  /** Called once, before the first step. */
  readonly onStart?: (trainer: Trainer, limits: TrainingLimits) => void | Promise<void>;
}
