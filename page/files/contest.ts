/// <reference lib="dom" />
/** Several configurations that are trained at the same time, on the same text. */
import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Cell, ConfigInput } from "../../src/mod.ts";
import type { Point } from "../charts/chart_data.ts";
import { client, givenConfig, otherModel, prompt, remark, text } from "../state.ts";
import { TrainingClient } from "../worker/client.ts";
import type { ModelFile } from "../worker/protocol.ts";

/** What one of the compared models departs in from what is picked for the text. */
export interface Candidate {
  readonly cell: Cell;
  /** `null`: as picked. */
  readonly hidden: number | null;
  readonly layers: number | null;
  readonly lr: number | null;
}

/** One of the compared trainings. */
export interface Contestant {
  readonly candidate: Candidate;
  readonly client: TrainingClient;
  /** The training loss over seconds. */
  readonly training: ReadonlySignal<readonly Point[]>;
  /** The validation loss over seconds. */
  readonly validation: ReadonlySignal<readonly Point[]>;
  /** Ends the subscription to figures. */
  readonly stop: () => void;
}

/** The most that are compared. */
export const MAX_CANDIDATES = 3;
/** The shortest time between two points of a curve, in seconds. */
const POINT_S = 0.4;

const picked = { hidden: null, layers: null, lr: null };

/** What is compared. */
export const candidates: Signal<readonly Candidate[]> = signal([
  { cell: "rnn", ...picked },
  { cell: "gru", ...picked },
  { cell: "lstm", ...picked },
]);

/** How long each is trained, in minutes. */
export const minutes: Signal<number> = signal(1);

const contestantsSignal = signal<readonly Contestant[]>([]);

/** The compared trainings; none before they are started. */
export const contestants: ReadonlySignal<readonly Contestant[]> = contestantsSignal;

/** What they do together. */
export const contestPhase: ReadonlySignal<"idle" | "training" | "paused" | "finished"> = computed(
  () => {
    const phases = contestantsSignal.value.map(({ client }) => client.phase.value);
    if (phases.length === 0) return "idle";
    if (phases.some((phase) => phase === "training")) return "training";
    return phases.some((phase) => phase === "paused") ? "paused" : "finished";
  },
);

/** Starts all of them at once, in place of the training of the page, which pauses. */
export function startContest(): void {
  const source = text.peek();
  if (source === null) return;
  resetContest();
  if (client.phase.peek() === "training") {
    client.pause();
    remark.value = "Paused, so that the compared models have all cores.";
  }
  const limits = { minutes: minutes.peek() };
  batch(() => {
    contestantsSignal.value = candidates.peek().map((candidate) => {
      const contestant = createContestant(candidate);
      const { cell: _, ...others } = givenConfig.peek();
      const config: ConfigInput = { ...others, ...given(candidate) };
      contestant.client.start({
        ...{ text: source, config, limits, prompt: prompt.peek(), threads: 1 },
      });
      return contestant;
    });
  });
}

/** Pauses all of them. */
export function pauseContest(): void {
  for (const { client } of contestantsSignal.peek()) client.pause();
}

/** Trains all of them on after a pause. */
export function resumeContest(): void {
  for (const { client } of contestantsSignal.peek()) {
    if (client.phase.peek() === "paused") client.resume();
  }
}

/** Ends all of them, and forgets them. */
export function resetContest(): void {
  for (const { client, stop } of contestantsSignal.peek()) {
    stop();
    client[Symbol.dispose]();
  }
  contestantsSignal.value = [];
}

/** Makes one of their models the one to write with and to look inside. */
export function takeModel(model: ModelFile): void {
  otherModel.value = model;
}

function given({ cell, hidden, layers, lr }: Candidate): ConfigInput {
  return {
    cell,
    ...hidden === null ? {} : { hidden },
    ...layers === null ? {} : { layers },
    ...lr === null ? {} : { lr },
  };
}

function createContestant(candidate: Candidate): Contestant {
  // One thread each, so that all have the same share of the processor.
  const client = new TrainingClient(1);
  const training = signal<readonly Point[]>([]);
  const validation = signal<readonly Point[]>([]);
  // Seconds of training on the clock of the page, without pauses.
  let seconds = 0;
  let at: number | null = null;
  const stop = effect(() => {
    const status = client.status.value;
    const phase = client.phase.value;
    const now = performance.now();
    if (at !== null) seconds += (now - at) / 1000;
    at = phase === "training" && status !== null ? now : null;
    if (status === null) return;
    const points = training.peek();
    const last = points.at(-1);
    if (last === undefined || seconds >= last[0] + POINT_S) {
      training.value = [...points, [seconds, status.loss]];
    }
  });
  const stopValidation = effect(() => {
    validation.value = client.metrics.value.flatMap((metrics): Point[] =>
      metrics.validationLoss === null ? [] : [[metrics.elapsedSeconds, metrics.validationLoss]]
    );
  });
  const stopAll = () => {
    stop();
    stopValidation();
  };
  return { candidate, client, training, validation, stop: stopAll };
}
