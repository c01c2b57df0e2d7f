/// <reference lib="dom" />
/** Keeps the training of the page in this browser, and continues one that was left. */
import { batch, effect, type ReadonlySignal, signal } from "@preact/signals";
import {
  client,
  givenConfig,
  givenLimits,
  keptStep,
  otherModel,
  prompt,
  remark,
  restoredText,
  text,
} from "../state.ts";
import type { TextSource } from "../worker/protocol.ts";
import {
  deleteTraining,
  type KeptTraining,
  readTrainings,
  readTrainingText,
  writeTraining,
} from "./kept_trainings.ts";

/** Time between two states that are kept while the model is trained, in milliseconds. */
const KEEP_MS = 10_000;
/** Trainings that are kept; the oldest ones are forgotten. */
const MAX_KEPT = 5;

/** A training that this page keeps. */
interface Own {
  readonly id: string;
  /** The text that has been kept with it. */
  text: TextSource | null;
  /** The id of the model that was kept last. */
  model: string | null;
  time: number;
  /** Lets other tabs continue it. */
  readonly release: () => void;
}

const leftSignal = signal<readonly KeptTraining[]>([]);
const keepErrorSignal = signal<string | null>(null);

/** Trainings that no open tab has. */
export const left: ReadonlySignal<readonly KeptTraining[]> = leftSignal;
/** Why the training cannot be kept or continued; `null` if it can. */
export const keepError: ReadonlySignal<string | null> = keepErrorSignal;

let own: Own | null = null;
/** Of one write at a time, so that the latest state is the last one. */
let writing: Promise<void> = Promise.resolve();

function lockName(id: string): string {
  return `unroll training ${id}`;
}

/** Takes a training for this tab; the function that gives it back, or `null` if another has it. */
async function take(id: string): Promise<(() => void) | null> {
  // Pages of other hosts than localhost have no locks without HTTPS.
  if (navigator.locks === undefined) return () => {};
  return await new Promise((resolve, reject) => {
    navigator.locks.request(lockName(id), { ifAvailable: true }, (lock) => {
      if (lock === null) return resolve(null);
      return new Promise<void>((release) => resolve(release));
    }).catch(reject);
  });
}

/** Keeps what is trained from now on as a training of its own. */
export async function keepNewTraining(): Promise<void> {
  own?.release();
  own = null;
  keptStep.value = null;
  keepErrorSignal.value = null;
  const id = crypto.getRandomValues(new Uint32Array(4)).join("-");
  const release = await take(id);
  if (release !== null) own = { id, text: null, model: null, time: performance.now(), release };
}

/** Forgets the training of the page. */
export function forgetTraining(): void {
  const forgotten = own;
  own = null;
  keptStep.value = null;
  keepErrorSignal.value = null;
  if (forgotten === null) return;
  writing = writing.then(async () => {
    await deleteTraining(forgotten.id);
    forgotten.release();
  }).catch(() => {});
}

/** Keeps the training every 10 s, and whenever it pauses or ends. */
export function keepTraining(): void {
  effect(() => {
    const { value: latest } = client.model;
    const phase = client.phase.value;
    if (own === null || latest === null || phase === "idle" || own.model === latest.id) return;
    if (phase === "training" && performance.now() < own.time + KEEP_MS) return;
    own.model = latest.id;
    own.time = performance.now();
    const kept = own;
    const { training, source } = stateOf(kept, latest.progress.step);
    writing = writing.then(() => write(kept, training, source));
  });
  void findLeft();
  document.addEventListener("visibilitychange", () => void findLeft());
}

function stateOf({ id }: Own, step: number): { training: KeptTraining; source: TextSource | null } {
  const { status, metrics, points, samples, baselines, prepared } = client;
  const isBefore = (report: { readonly step: number }) => report.step <= step;
  const training: KeptTraining = {
    id,
    time: Date.now(),
    name: text.peek()?.name ?? "text",
    config: givenConfig.peek(),
    limits: givenLimits.peek(),
    prompt: prompt.peek(),
    latest: client.model.peek()!,
    best: client.best.peek(),
    shown: {
      status: status.peek() && { ...status.peek()!, step },
      metrics: metrics.peek().filter(isBefore),
      points: points.peek().filter(isBefore),
      samples: samples.peek().filter(isBefore),
      baselines: baselines.peek(),
      prepared: prepared.peek(),
    },
  };
  return { training, source: text.peek() };
}

async function write(
  kept: Own,
  training: KeptTraining,
  source: TextSource | null,
): Promise<void> {
  if (own !== kept) return;
  try {
    await writeTraining(training, kept.text === source ? null : source);
    kept.text = source;
    if (own !== kept) return;
    batch(() => {
      keptStep.value = training.latest.progress.step;
      keepErrorSignal.value = null;
    });
    for (const { id } of (await readTrainings()).slice(MAX_KEPT)) {
      if (!await isTaken(id)) await deleteTraining(id);
    }
  } catch (error) {
    if (own === kept) keepErrorSignal.value = `${reasonOf(error)}, so a reload loses the training`;
  }
}

/** Why this browser keeps nothing. */
function reasonOf(error: unknown): string {
  const isFull = error instanceof DOMException && error.name === "QuotaExceededError";
  return isFull
    ? "The storage of this browser is full"
    : "This browser keeps nothing for this page";
}

async function isTaken(id: string): Promise<boolean> {
  const { held = [] } = await navigator.locks?.query() ?? {};
  return held.some(({ name }) => name === lockName(id));
}

/** Looks for trainings that no tab has. */
async function findLeft(): Promise<void> {
  try {
    const trainings = await readTrainings();
    const isLeft = await Promise.all(trainings.map(async ({ id }) => !await isTaken(id)));
    leftSignal.value = trainings.filter((_, i) => isLeft[i]);
  } catch {
    // Without storage nothing was kept.
  }
}

/** Continues a training that was left, from its last state that was kept. */
export async function continueTraining({ id }: KeptTraining): Promise<void> {
  const release = await take(id);
  const trainings = await readTrainings();
  // Another tab may have continued it, or forgotten it.
  const training = trainings.find((kept) => kept.id === id);
  if (release === null || training === undefined) {
    release?.();
    return await findLeft();
  }
  try {
    const source = await readTrainingText(id);
    const { config, limits, latest, best, shown } = training;
    own = { id, text: source, model: latest.id, time: performance.now(), release };
    batch(() => {
      leftSignal.value = [];
      otherModel.value = null;
      givenConfig.value = config;
      givenLimits.value = limits;
      restoredText.value = source;
      text.value = source;
      prompt.value = training.prompt;
      client.load(latest.file, { text: source, best: best?.file ?? null, limits });
      client.setPrompt(training.prompt);
      // Before the worker has read them, so that nothing is kept without them.
      const phase = latest.progress.ended ? "finished" : "paused";
      client.show({ ...shown, model: latest, best, phase });
      keptStep.value = latest.progress.step;
      remark.value = null;
    });
    resumeOnceLoaded(latest.id);
  } catch (error) {
    release();
    const reason = error instanceof Error ? error.message : String(error);
    keepErrorSignal.value = `Cannot continue the training of ${training.name}: ${reason}`;
  }
}

/** Trains on as soon as the worker has read the checkpoint, whose model then has another id. */
function resumeOnceLoaded(id: string): void {
  const stop = effect(() => {
    if (client.model.value?.id === id && client.error.value === null) return;
    const isPaused = client.phase.value === "paused" && client.error.value === null;
    queueMicrotask(() => {
      stop();
      if (isPaused) client.resume();
    });
  });
}

/** Forgets a training that was left. */
export async function discardTraining({ id }: KeptTraining): Promise<void> {
  const release = await take(id);
  if (release !== null) await deleteTraining(id);
  release?.();
  await findLeft();
}
