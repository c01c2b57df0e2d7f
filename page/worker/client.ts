/// <reference lib="dom" />
import { batch, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type {
  AutoConfigReason,
  Config,
  LimitOptions,
  TrainingMetrics,
  TrainingStatus,
} from "../../src/mod.ts";
import type {
  Baselines,
  Configured,
  ModelFile,
  Phase,
  Prepared,
  Report,
  Request,
  TextSource,
  TrainingSample,
  TrainingSettings,
} from "./protocol.ts";
import type { TrainingRecord } from "./record.ts";
import { WorkerLink } from "./worker_link.ts";

/** What is trained on, and how. */
export interface StartOptions extends Partial<TrainingSettings> {
  readonly text: TextSource;
  /** What samples begin with. Default: nothing. */
  readonly prompt?: string;
}

/** What else is known of a checkpoint that is loaded. */
export interface LoadOptions {
  /** The text that it was trained on. */
  readonly text?: TextSource | null;
  /** The best checkpoint of its training, if it is another one. */
  readonly best?: Blob | null;
  /** The limits of its training. Default: those of the training before it. */
  readonly limits?: LimitOptions;
}

/** A point of the training loss, several a second. */
export interface LossPoint {
  readonly step: number;
  /** Smoothed training loss in nats per character. */
  readonly loss: number;
}

/** Points of the training loss that are kept; with more, every second one is dropped. */
const MAX_POINTS = 2000;

/** A failure of a training, for the page. */
export interface ClientError {
  readonly message: string;
  /** The property of the configuration or of the limits that is wrong; `null` if none is. */
  readonly option: string | null;
}

/**
 * A training in a worker, as signals that components read. Several clients train side by side, each
 * in a worker of its own.
 */
export class TrainingClient implements Disposable {
  readonly #phase = signal<Phase>("idle");
  readonly #status = signal<TrainingStatus | null>(null);
  readonly #metrics = signal<readonly TrainingMetrics[]>([]);
  readonly #points = signal<readonly LossPoint[]>([]);
  readonly #samples = signal<readonly TrainingSample[]>([]);
  readonly #sampleError = signal<string | null>(null);
  readonly #baselines = signal<Baselines | null>(null);
  readonly #configured = signal<Configured | null>(null);
  readonly #prepared = signal<Prepared | null>(null);
  readonly #error = signal<ClientError | null>(null);
  readonly #model = signal<ModelFile | null>(null);
  readonly #best = signal<ModelFile | null>(null);
  readonly #threads = signal<number | null>(null);
  readonly #worker: WorkerLink<Request, Report>;
  /** Steps between points that are kept. */
  #pointEvery = 1;

  /** What the training is doing. */
  readonly phase: ReadonlySignal<Phase> = this.#phase;
  /** Figures several times a second; `null` before the first step. */
  readonly status: ReadonlySignal<TrainingStatus | null> = this.#status;
  /** Regular metrics since the start. */
  readonly metrics: ReadonlySignal<readonly TrainingMetrics[]> = this.#metrics;
  /** The smoothed training loss since the start, several points a second. */
  readonly points: ReadonlySignal<readonly LossPoint[]> = this.#points;
  /** Texts that the model wrote while it was trained, the earliest first. */
  readonly samples: ReadonlySignal<readonly TrainingSample[]> = this.#samples;
  /** Why the prompt of samples cannot be used; `null` if it can. */
  readonly sampleError: ReadonlySignal<string | null> = this.#sampleError;
  /** Losses of simple predictors on the validation part; `null` until they are known. */
  readonly baselines: ReadonlySignal<Baselines | null> = this.#baselines;
  /** The text's size and the configuration picked for it; `null` until they are known. */
  readonly configured: ReadonlySignal<Configured | null> = this.#configured;
  /** Limits and sizes; `null` before the training is prepared. */
  readonly prepared: ReadonlySignal<Prepared | null> = this.#prepared;
  /** What failed last; `null` if nothing did. */
  readonly error: ReadonlySignal<ClientError | null> = this.#error;
  /** The latest checkpoint: every few seconds, and when training pauses or ends. */
  readonly model: ReadonlySignal<ModelFile | null> = this.#model;
  /** The checkpoint with the lowest validation loss; `null` before the first validation. */
  readonly best: ReadonlySignal<ModelFile | null> = this.#best;
  /** Threads that an engine of the worker can have; `null` until the worker is ready. */
  readonly threads: ReadonlySignal<number | null> = this.#threads;

  /** @param maxThreads Threads that the worker prepares. Default: one for each core. */
  constructor(maxThreads?: number) {
    this.#worker = new WorkerLink({
      create: () =>
        new Worker(new URL("training_worker.js", document.baseURI), {
          type: "module",
          // The worker reads it before any message.
          name: `${maxThreads ?? ""}`,
        }),
      onReport: (report) => this.#receive(report),
      onFailure: (reason) => {
        const message = `The worker that trains has failed: ${reason}`;
        this.#error.value = { message, option: null };
        this.#phase.value = "failed";
      },
    });
  }

  /** Why each part of the configuration was picked. */
  get reasons(): readonly AutoConfigReason[] {
    return this.#configured.value?.reasons ?? [];
  }

  /** The complete configuration; `null` until it is known. */
  get config(): Config | null {
    return this.#configured.value?.config ?? null;
  }

  /** Picks a configuration for a text, without training. */
  configure({ text, config = {}, limits = {}, seed }: StartOptions): void {
    this.#error.value = null;
    this.#worker.post({ type: "configure", text, settings: settingsOf({ config, limits, seed }) });
  }

  /** Starts to train from new weights. */
  start({ text, config = {}, limits = {}, seed, threads, prompt = "" }: StartOptions): void {
    this.#clear();
    this.#phase.value = "training";
    this.#worker.post({ type: "prompt", prompt });
    this.#worker.post({
      type: "start",
      text,
      settings: settingsOf({ config, limits, seed, threads }),
    });
  }

  /** Stops after the current step, so that the training can be resumed with the same bits. */
  pause(): void {
    this.#worker.post({ type: "pause" });
  }

  /** Trains on after a pause, or after a longer limit was set. */
  resume(): void {
    this.#error.value = null;
    this.#worker.post({ type: "resume" });
  }

  /** Takes one step after a pause. */
  step(): void {
    this.#error.value = null;
    this.#worker.post({ type: "step" });
  }

  /** Ends the training; the model stays. */
  stop(): void {
    this.#worker.post({ type: "stop" });
  }

  /** Ends the worker at once and forgets the training. */
  reset(): void {
    this.#worker[Symbol.dispose]();
    this.#clear();
    this.#threads.value = null;
  }

  /**
   * Takes a checkpoint as the model. With the text that it was trained on, training is paused where
   * the checkpoint was made, and can be resumed.
   */
  load(file: Blob, { text = null, best = null, limits }: LoadOptions = {}): void {
    this.#clear();
    if (limits !== undefined) this.setLimits(limits);
    this.#worker.post({ type: "load", file, best, text });
  }

  /** Changes what samples begin with. */
  setPrompt(prompt: string): void {
    this.#sampleError.value = null;
    if (this.#worker.isStarted) this.#worker.post({ type: "prompt", prompt });
  }

  /** Changes the limits of the training when it is next resumed. They count from its start. */
  setLimits(limits: LimitOptions): void {
    this.#worker.post({ type: "limits", limits });
  }

  /** Shows a training of elsewhere: what is given replaces what is shown. */
  show(record: Partial<TrainingRecord>): void {
    const signals: { readonly [Key in keyof TrainingRecord]: Signal<TrainingRecord[Key]> } = {
      phase: this.#phase,
      status: this.#status,
      metrics: this.#metrics,
      points: this.#points,
      samples: this.#samples,
      sampleError: this.#sampleError,
      baselines: this.#baselines,
      configured: this.#configured,
      prepared: this.#prepared,
      model: this.#model,
      best: this.#best,
    };
    batch(() => {
      for (const [key, value] of Object.entries(record)) {
        (signals[key as keyof TrainingRecord] as Signal<unknown>).value = value;
      }
    });
  }

  [Symbol.dispose](): void {
    this.reset();
  }

  #clear(): void {
    this.#phase.value = "idle";
    for (const list of [this.#metrics, this.#points, this.#samples] as Signal<unknown>[]) {
      list.value = [];
    }
    const others = [this.#status, this.#sampleError, this.#baselines, this.#prepared, this.#error];
    for (const other of [...others, this.#model, this.#best] as Signal<unknown>[]) {
      other.value = null;
    }
    this.#pointEvery = 1;
  }

  #receive(report: Report): void {
    switch (report.type) {
      case "ready":
        this.#threads.value = report.threads;
        break;
      case "configured":
        this.#configured.value = report.configured;
        break;
      case "prepared":
        this.#prepared.value = report.prepared;
        break;
      case "phase":
        this.#phase.value = report.phase;
        break;
      case "status":
        this.#status.value = report.status;
        this.#addPoint(report.status);
        break;
      case "metrics":
        this.#metrics.value = [...this.#metrics.value, report.metrics];
        break;
      case "baselines":
        this.#baselines.value = report.baselines;
        break;
      case "sample":
        this.#sampleError.value = null;
        this.#samples.value = [...this.#samples.value, report.sample];
        break;
      case "sampleError":
        this.#sampleError.value = report.message;
        break;
      case "model":
        this.#model.value = report.model;
        break;
      case "best":
        this.#best.value = report.model;
        break;
      case "error":
        this.#error.value = report;
        break;
    }
  }

  #addPoint({ step, loss }: TrainingStatus): void {
    const points = this.#points.value;
    if (step < (points.at(-1)?.step ?? -Infinity) + this.#pointEvery) return;
    const all = [...points, { step, loss }];
    const isFull = all.length > MAX_POINTS;
    this.#points.value = isFull ? all.filter((_, i) => i % 2 === 0) : all;
    if (isFull) this.#pointEvery = 2 * step / MAX_POINTS;
  }
}

/** Settings without what is not given. */
function settingsOf(
  { config, limits, seed, threads }: Pick<TrainingSettings, "config" | "limits"> & {
    readonly seed: number | undefined;
    readonly threads?: number | undefined;
  },
): TrainingSettings {
  return {
    ...{ config, limits },
    ...seed === undefined ? {} : { seed },
    ...threads === undefined ? {} : { threads },
  };
}
