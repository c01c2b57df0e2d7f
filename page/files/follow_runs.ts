/// <reference lib="dom" />
/** The runs that the page's server follows, as signals. */
import { batch, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { TrainingMetrics } from "../../src/mod.ts";
import { thin } from "../charts/chart_data.ts";
import {
  type BaselinesEvent,
  type CheckpointInfo,
  checkpointPath,
  EVENTS_PATH,
  type FollowedFolder,
  type FollowEvent,
  type RunStateEvent,
} from "../server/follow_protocol.ts";
import { textOf } from "../format.ts";
import { client, prompt, text } from "../state.ts";
import type { ModelFile, TrainingSample } from "../worker/protocol.ts";
import { query } from "../worker/query.ts";

/** A run that is followed. */
export interface FollowedRun extends FollowedFolder {
  /** The state of its folder; `null` until it is known. */
  readonly state: ReadonlySignal<RunStateEvent | null>;
  readonly metrics: ReadonlySignal<readonly TrainingMetrics[]>;
  /** Baselines of its text; `null` until they are known, and if they cannot be. */
  readonly baselines: ReadonlySignal<BaselinesEvent | null>;
  readonly best: ReadonlySignal<CheckpointInfo | null>;
  readonly latest: ReadonlySignal<CheckpointInfo | null>;
}

/** A followed run whose signals are set. */
interface Run extends FollowedFolder {
  readonly state: Signal<RunStateEvent | null>;
  readonly metrics: Signal<readonly TrainingMetrics[]>;
  readonly baselines: Signal<BaselinesEvent | null>;
  readonly best: Signal<CheckpointInfo | null>;
  readonly latest: Signal<CheckpointInfo | null>;
  /** All metrics; {@linkcode FollowedRun.metrics} are those that are shown. */
  readonly all: TrainingMetrics[];
  /** What its models wrote, and what is read of it; the page shows one run at a time. */
  samples: readonly TrainingSample[];
  model: ModelFile | null;
}

const runsSignal = signal<readonly Run[]>([]);
const connectedSignal = signal<boolean | null>(null);

/** The runs, in the order of the command line. */
export const runs: ReadonlySignal<readonly FollowedRun[]> = runsSignal;
/** Whether the server answers; `null` until it did once. */
export const isConnected: ReadonlySignal<boolean | null> = connectedSignal;
/** The number of the run whose model, curves and samples the page shows. */
export const selected: Signal<number> = signal(0);
/** Which of its models. */
export const which: Signal<"best" | "latest"> = signal("best");
/** Why the model of the selected run cannot be shown; `null` if it can. */
export const modelError: Signal<string | null> = signal(null);

let isStarted = false;

/** Events that are not shown yet. A long run comes in many, which are shown together. */
let received: string[] = [];
let flushTimer: ReturnType<typeof setTimeout> | undefined;
/** Time until events are shown, in milliseconds. */
const FLUSH_MS = 100;
/** The part of the time that showing events may take, as a multiple of what it took last. */
const FLUSH_COST_FACTOR = 6;
let flushWait = FLUSH_MS;
/** Events that are shown at once, and the length of their text, which takes time to parse. */
const MAX_EVENTS = 20;
const MAX_LENGTH = 200_000;

function flush(): void {
  const begin = performance.now();
  let count = 0;
  for (let length = 0; count < Math.min(received.length, MAX_EVENTS); count++) {
    length += received[count]!.length;
    if (length > MAX_LENGTH && count > 0) break;
  }
  const events = received.slice(0, count);
  received = received.slice(count);
  batch(() => {
    for (const event of events) take(JSON.parse(event));
  });
  flushWait = Math.max(FLUSH_MS, FLUSH_COST_FACTOR * (performance.now() - begin));
  flushTimer = received.length === 0 ? undefined : setTimeout(flush, FLUSH_MS);
}

/** Begins to follow. Further calls do nothing. */
export function startFollowing(): void {
  if (isStarted) return;
  isStarted = true;
  const source = new EventSource(EVENTS_PATH);
  source.onopen = () => connectedSignal.value = true;
  // The browser connects again by itself, unless the server refuses.
  source.onerror = () => connectedSignal.value = false;
  source.onmessage = ({ data }) => {
    received.push(data);
    flushTimer ??= setTimeout(flush, flushWait);
  };
  effect(showSelected);
  effect(() => {
    const run = runsSignal.value[selected.value];
    const info = run === undefined ? null : chosen(run);
    if (run !== undefined && info !== null) void load(run, info);
  });
  effect(() => {
    // Another prompt: what the model writes with it.
    prompt.value;
    const run = runsSignal.peek()[selected.peek()];
    if (run?.model) void writeSample(run, run.model);
  });
}

function take(event: FollowEvent): void {
  if (event.type === "runs") {
    // After a lost connection all is sent again; what is shown stays until then.
    const before = runsSignal.peek();
    const isSame = JSON.stringify(before.map(({ path }) => path)) ===
      JSON.stringify(event.runs.map(({ path }) => path));
    if (!isSame) runsSignal.value = event.runs.map(createRun);
    return;
  }
  const run = runsSignal.peek()[event.run];
  if (run === undefined) return;
  if (event.type === "run") {
    run.state.value = event;
  } else if (event.type === "metrics") {
    const { kept, added } = event;
    // Another run, whose first metrics differ, has taken the folder.
    const isOther = kept === 0 && JSON.stringify(added[0]) !== JSON.stringify(run.all[0]);
    if (isOther) run.samples = [];
    run.all.length = Math.min(run.all.length, kept);
    run.all.push(...added);
    // A new object, so that it counts as a change.
    run.metrics.value = shortened(run.all);
  } else if (event.type === "baselines") {
    run.baselines.value = event;
  } else {
    run[event.which].value = event.checkpoint;
  }
}

/** Metrics that are shown of a run: more than a screen has columns. */
const MAX_SHOWN = 4000;

/** The metrics to show: all, or of a long run some, but each validation that others do not hide. */
function shortened(all: readonly TrainingMetrics[]): readonly TrainingMetrics[] {
  if (all.length <= MAX_SHOWN) return [...all];
  const every = Math.ceil(2 * all.length / MAX_SHOWN);
  const shown: TrainingMetrics[] = [];
  for (let start = 0; start < all.length; start += every) {
    const part = all.slice(start, start + every);
    const lowest = part.reduce(
      (best: TrainingMetrics | null, metrics) =>
        metrics.validationLoss !== null &&
          metrics.validationLoss < (best?.validationLoss ?? Infinity)
          ? metrics
          : best,
      null,
    );
    const last = part.at(-1)!;
    if (lowest !== null && lowest !== last) shown.push(lowest);
    shown.push(last);
  }
  return shown;
}

function createRun(folder: FollowedFolder): Run {
  return {
    ...folder,
    state: signal(null),
    metrics: signal([]),
    all: [],
    baselines: signal(null),
    best: signal(null),
    latest: signal(null),
    samples: [],
    model: null,
  };
}

/** The checkpoint of a run that the page shows, and which of both it is. */
function chosen(
  run: Run,
): { readonly which: "best" | "latest"; readonly info: CheckpointInfo } | null {
  const best = run.best.value;
  const latest = run.latest.value;
  if (best !== null && (which.value === "best" || latest === null)) {
    return { which: "best", info: best };
  }
  return latest === null ? null : { which: "latest", info: latest };
}

/** Shows the selected run as the page's training. */
function showSelected(): void {
  const run = runsSignal.value[selected.value];
  if (run === undefined) return;
  const { runConfig = null, isTraining = false } = run.state.value ?? {};
  const metrics = run.metrics.value;
  const last = metrics.at(-1);
  const vocabulary = (run.best.value ?? run.latest.value)?.vocabulary ?? "";
  client.show({
    phase: runConfig === null ? "idle" : isTraining ? "training" : "finished",
    metrics,
    baselines: run.baselines.value?.baselines ?? null,
    // A run may have logged for days.
    points: thin(metrics.map(({ step, loss }) => [step, loss] as const))
      .map(([step, loss]) => ({ step, loss: loss! })),
    configured: runConfig === null ? null : {
      name: run.name,
      chars: runConfig.corpus.chars,
      bytes: runConfig.corpus.bytes,
      sha256: runConfig.corpus.sha256,
      vocabulary,
      config: runConfig.config,
      reasons: [],
    },
    status: last === undefined ? null : {
      step: last.step,
      loss: last.loss,
      charsPerSecond: last.charsPerSecond,
      threads: last.threads,
      fractionDone: isTraining ? 0 : 1,
      secondsLeft: NaN,
    },
    // A run that went back to a checkpoint has not written the later ones yet.
    samples: run.samples.filter(({ step }) => step <= lastStepOf(run)),
    model: run.model,
  });
}

function lastStepOf({ metrics, best, latest }: Run): number {
  const steps = [
    best.value?.progress.step,
    latest.value?.progress.step,
    metrics.value.at(-1)?.step,
  ];
  return Math.max(...steps.map((step) => step ?? 0));
}

/** Models that are being read, by run; another one that is asked for meanwhile is read after it. */
const loading = new Map<Run, { wanted: string }>();

async function load(
  run: Run,
  choice: { readonly which: "best" | "latest"; readonly info: CheckpointInfo },
): Promise<void> {
  const id = idOf(run, choice);
  const current = loading.get(run);
  if (current !== undefined) {
    current.wanted = id;
    return;
  }
  if (run.model?.id === id) return;
  const state = { wanted: id };
  loading.set(run, state);
  try {
    await read(run, id, choice);
  } catch (error) {
    modelError.value = error instanceof Error ? error.message : String(error);
  } finally {
    loading.delete(run);
  }
  const next = chosen(run);
  if (state.wanted !== id && next !== null) await load(run, next);
}

function idOf(
  { path }: Run,
  { which, info }: { readonly which: string; readonly info: CheckpointInfo },
): string {
  return `${path} ${which} ${info.version}`;
}

async function read(
  run: Run,
  id: string,
  { which, info }: { readonly which: "best" | "latest"; readonly info: CheckpointInfo },
): Promise<void> {
  const { version, config, vocabulary, progress } = info;
  const response = await fetch(checkpointPath(run.run, { which, version }));
  if (!response.ok) throw new Error((await response.text()).trim());
  // It was replaced meanwhile: the server sends the new version.
  if (response.status === 204) return;
  const file = await response.blob();
  run.model = { id, file, name: run.name, config, vocabulary, progress };
  modelError.value = null;
  if (runsSignal.peek()[selected.peek()] === run) client.show({ model: run.model });
  await writeSample(run, run.model);
}

/** Lets a model write, and keeps what it wrote. */
async function writeSample(run: Run, model: ModelFile): Promise<void> {
  const begin = prompt.peek();
  const write = async (prompt: string) => {
    const continuations = await query(model, "continuePrompt", { prompt });
    const { step, loss, elapsedSeconds: seconds } = model.progress;
    const sample = { step, seconds, loss, prompt, continuations };
    run.samples = [...run.samples.filter((other) => other.step !== step), sample]
      .toSorted((a, b) => a.step - b.step);
    // A run folder holds no text to look into.
    if (runsSignal.peek()[selected.peek()] === run) {
      text.value = { name: "what the model wrote", content: textOf(sample) };
    }
  };
  let sampleError: string | null = null;
  try {
    await write(begin);
  } catch (error) {
    sampleError = error instanceof Error ? error.message : String(error);
    await write("").catch((error) => modelError.value = String(error?.message ?? error));
  }
  const isShown = runsSignal.peek()[selected.peek()] === run;
  if (isShown) client.show({ samples: run.samples, sampleError });
}
