/** What the server sends to the page about the runs that it follows. All of it is JSON. */
import type { Config, Progress, TrainingMetrics } from "../../src/mod.ts";
import type { RunConfig } from "../../src/run/mod.ts";
import type { Baselines } from "../worker/protocol.ts";

/** The path of the stream of events. */
export const EVENTS_PATH = "/runs/events";

/** The path of a checkpoint of a run. */
export function checkpointPath(run: number, { which, version }: CheckpointChoice): string {
  return `/runs/${run}/${which}.safetensors?version=${encodeURIComponent(version)}`;
}

/** Which checkpoint of a run. */
export interface CheckpointChoice {
  readonly which: "best" | "latest";
  /** The file's version, as the server sent it. */
  readonly version: string;
}

/** What is known of a checkpoint without its weights. */
export interface CheckpointInfo {
  /** Another one after the file was replaced. */
  readonly version: string;
  readonly config: Config;
  readonly vocabulary: string;
  readonly progress: Progress;
}

/** A run folder that is followed. */
export interface FollowedFolder {
  /** The number of the run in the server's list. */
  readonly run: number;
  /** The last part of the path, or as much of it as distinguishes the runs. */
  readonly name: string;
  readonly path: string;
}

/** The state of a run folder. */
export interface RunStateEvent {
  readonly type: "run";
  readonly run: number;
  /** What the run trains; `null` if the folder holds no run, or it cannot be read. */
  readonly runConfig: RunConfig | null;
  /** Whether a process trains the run, or was killed while it did. */
  readonly isTraining: boolean;
  /** When a file of the run was written last, in milliseconds since 1970; `null` if unknown. */
  readonly changedAt: number | null;
  /** What cannot be read, one line each; empty if the run does not exist yet. */
  readonly errors: readonly string[];
}

/** Metrics of a run: `added` follow the first `kept` of those that were sent before. */
export interface MetricsEvent {
  readonly type: "metrics";
  readonly run: number;
  readonly kept: number;
  readonly added: readonly TrainingMetrics[];
}

/** A checkpoint that was written, replaced or removed. */
export interface CheckpointEvent {
  readonly type: "checkpoint";
  readonly run: number;
  readonly which: "best" | "latest";
  readonly checkpoint: CheckpointInfo | null;
}

/** Baselines of the text of a run, measured once the text has been found. */
export interface BaselinesEvent {
  readonly type: "baselines";
  readonly run: number;
  /** Losses on the validation part; `null` if they cannot be measured. */
  readonly baselines: Baselines | null;
  /** Why there are none, in one line; `null` if there are. */
  readonly problem: string | null;
}

/** The runs that are followed: the first event of a stream. */
export interface RunsEvent {
  readonly type: "runs";
  readonly runs: readonly FollowedFolder[];
}

/** An event of a run. */
export type RunEvent = RunStateEvent | BaselinesEvent | MetricsEvent | CheckpointEvent;

/** An event of the stream. */
export type FollowEvent = RunsEvent | RunEvent;
