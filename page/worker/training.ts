import {
  autoConfig,
  type AutoConfigReason,
  type Checkpoint,
  type Corpus,
  corpusFromText,
  decodeCheckpoint,
  encodeCheckpoint,
  InputError,
  measureBaselines,
  type PreparedTraining,
  prepareTraining,
  type Progress,
  type TrainingCallbacks,
  type TrainingMetrics,
  type TrainingStatus,
  type TrainResult,
} from "../../src/mod.ts";
import type {
  ModelFile,
  Phase,
  Report,
  Request,
  TextSource,
  TrainingSettings,
} from "./protocol.ts";
import { continuePrompt } from "./training_sample.ts";

/**
 * Time between two reports of the status, in milliseconds. Drawing the page takes time on the cores
 * that train.
 */
const STATUS_MS = 250;
/** Time between samples at least, and as a multiple of the time that one takes to write. */
const MIN_SAMPLE_MS = 1000;
const SAMPLE_COST_FACTOR = 50;
/** That multiple at most: how a text emerges should be seen on a slow machine, too. */
const MAX_SAMPLE_COST_MS = 2500;
/** Part of the time trained so far that passes until the next sample. */
const SAMPLE_INTERVAL = 0.12;
/** Time from the start to the first model. */
const FIRST_MODEL_MS = 1000;
/** Time between two models at least, and as a multiple of the time that one takes to encode. */
const MIN_MODEL_MS = 5000;
const MODEL_COST_FACTOR = 30;

/** A text that has been read. */
interface Loaded {
  readonly source: TextSource;
  readonly corpus: Corpus;
}

/** One training: what it is started with, and its state while it pauses. */
export class Training {
  readonly #report: (report: Report) => void;
  #loaded: Loaded | null = null;
  #settings: TrainingSettings = { config: {}, limits: {} };
  /** Why the configuration was picked. */
  #reasons: readonly AutoConfigReason[] = [];
  #prompt = "";
  /** The state to resume from; `null` before the first run. */
  #state: TrainResult | Checkpoint | null = null;
  /** Of the run in progress. */
  #controller: AbortController | null = null;
  #running: Promise<void> | null = null;
  #isStopping = false;
  /** Of several trainings no two models have the same id. */
  readonly #token = crypto.getRandomValues(new Uint32Array(2)).join("-");
  #models = 0;

  /** @param report Called with everything that the page shows. */
  constructor(report: (report: Report) => void) {
    this.#report = report;
  }

  /** Handles a request; errors become reports. */
  async handle(request: Request): Promise<void> {
    try {
      switch (request.type) {
        case "configure":
          await this.#configure(request.text, request.settings);
          break;
        case "start":
          await this.#end();
          await this.#configure(request.text, request.settings);
          this.#state = null;
          this.#start();
          break;
        case "load":
          await this.#end();
          await this.#load(request);
          break;
        case "prompt":
          this.#prompt = request.prompt;
          break;
        case "limits":
          this.#settings = { ...this.#settings, limits: request.limits };
          break;
        case "pause":
          this.#controller?.abort();
          break;
        case "resume":
          this.#start();
          break;
        case "step":
          this.#start({ isSingleStep: true });
          break;
        case "stop":
          this.#isStopping = true;
          if (this.#running === null && this.#state !== null) this.#setPhase("finished");
          this.#controller?.abort();
          break;
      }
    } catch (error) {
      this.#fail(
        error,
        request.type === "configure" || request.type === "load" ? "idle" : "failed",
      );
    }
  }

  async #configure(source: TextSource, settings: TrainingSettings): Promise<void> {
    const { config, seed } = settings;
    this.#settings = { ...settings, config: seed === undefined ? config : { ...config, seed } };
    const { limits } = settings;
    const corpus = await this.#read(source);
    const { config: complete, reasons } = autoConfig(corpus, this.#settings.config, limits);
    this.#reasons = reasons;
    this.#reportConfigured(corpus, { config: complete, reasons });
  }

  async #read(source: TextSource): Promise<Corpus> {
    const { name, content } = source;
    if (this.#loaded !== null && isSame(this.#loaded.source, source)) return this.#loaded.corpus;
    const text = typeof content === "string" ? content : await readUtf8(content, name);
    const corpus = corpusFromText(text, name);
    this.#loaded = { source, corpus };
    return corpus;
  }

  #reportConfigured(
    corpus: Corpus,
    picked: Pick<ReturnType<typeof autoConfig>, "config" | "reasons">,
  ): void {
    const { path: name, length: chars, bytes, sha256, vocabulary } = corpus;
    const size = { chars, bytes, sha256 };
    const configured = { name, ...size, vocabulary: vocabulary.characters, ...picked };
    this.#report({ type: "configured", configured });
  }

  async #load(
    { file, best: bestFile, text: source }: Extract<Request, { type: "load" }>,
  ): Promise<void> {
    const checkpoint = await decode(file);
    const best = bestFile === null ? checkpoint : await decode(bestFile);
    this.#state = bestFile === null ? checkpoint : { best, latest: checkpoint };
    this.#settings = { config: {}, limits: this.#settings.limits };
    if (source !== null) {
      const corpus = await this.#read(source);
      this.#reportConfigured(corpus, { config: checkpoint.config, reasons: [] });
      // Refuses a text that is not that of the checkpoint.
      using _ = await prepareTraining(corpus, {
        resume: { best, latest: checkpoint },
        ...this.#settings.limits,
      });
    }
    if (bestFile !== null) await this.#reportModel(best, "best");
    await this.#reportModel(checkpoint, "model");
    this.#setPhase(source === null || checkpoint.progress.ended ? "finished" : "paused");
  }

  /** Runs until a limit, a pause or a failure. */
  #start({ isSingleStep = false } = {}): void {
    if (this.#running !== null || this.#loaded === null) return;
    this.#isStopping = false;
    this.#setPhase("training");
    this.#running = this.#run(this.#loaded.corpus, isSingleStep)
      .catch((error) => this.#fail(error, "failed"))
      .finally(() => this.#running = null);
  }

  /** Ends the run in progress, if there is one. */
  async #end(): Promise<void> {
    this.#controller?.abort();
    await this.#running;
  }

  async #run(corpus: Corpus, isSingleStep: boolean): Promise<void> {
    const controller = new AbortController();
    this.#controller = controller;
    const { config, limits, threads } = this.#settings;
    const { signal } = controller;
    const resume = this.#state;
    using prepared = await prepareUnlessAborted(corpus, {
      ...resume === null ? { config } : { resume },
      ...limits,
      ...threads === undefined ? {} : { threads },
      signal,
      // With a checkpoint after every step, a slice of the run is one step.
      ...isSingleStep ? { checkpointEvery: 1 } : {},
    });
    // Paused before the first step, or before the next one.
    if (prepared === null) return this.#setPhase("paused");
    if (resume === null) {
      // A text of lines has a sequence length of its own.
      const { config } = prepared.trainer;
      this.#reportConfigured(corpus, { config, reasons: this.#reasons });
      this.#reportPrepared(prepared);
    }
    const observer = new Observer({
      prepared,
      startSeconds: resume === null ? 0 : latestOf(resume).progress.elapsedSeconds,
      report: this.#report,
      prompt: () => this.#prompt,
      reportModel: (checkpoint, kind) => this.#reportModel(checkpoint, kind),
    });
    if (resume === null) observer.measureBaselines(corpus, signal);
    const callbacks = observer.callbacks();
    const result = await prepared.run({
      ...callbacks,
      ...isSingleStep
        ? {
          onStatus: async (status) => {
            await callbacks.onStatus?.(status);
            controller.abort();
          },
        }
        : {},
    });
    this.#state = { ...result, latest: await observer.end(result) };
    const isOver = result.latest.progress.ended || this.#isStopping;
    this.#setPhase(isOver ? "finished" : "paused");
  }

  #reportPrepared({ trainer, limits }: PreparedTraining): void {
    const { charsPerStep, stepsPerEpoch, split, validation } = trainer;
    const { parameters } = trainer.model();
    this.#report({
      type: "prepared",
      prepared: {
        ...{ limits, charsPerStep, stepsPerEpoch },
        parameterCount: Object.values(parameters).reduce((sum, { length }) => sum + length, 0),
        trainingChars: split.train.reduce((sum, [start, end]) => sum + end - start, 0),
        validationChars: validation.chars,
      },
    });
  }

  async #reportModel(checkpoint: Checkpoint, type: "model" | "best"): Promise<void> {
    const bytes = await encodeCheckpoint(checkpoint);
    const { config, vocabulary, progress } = checkpoint;
    const model: ModelFile = {
      id: `${this.#token}-${++this.#models}`,
      file: new Blob([bytes as Uint8Array<ArrayBuffer>]),
      name: (this.#loaded?.source.name ?? checkpoint.corpus?.path ?? "model").replace(/\.\w+$/, ""),
      config,
      vocabulary: vocabulary.characters,
      progress,
    };
    this.#report({ type, model });
  }

  #setPhase(phase: Phase): void {
    this.#report({ type: "phase", phase });
  }

  #fail(error: unknown, phase: Phase): void {
    const message = error instanceof Error ? error.message : String(error);
    const option = error instanceof InputError ? error.option ?? null : null;
    this.#report({ type: "error", message, option });
    this.#setPhase(phase);
  }
}

/** What an {@linkcode Observer} needs. */
interface ObserverOptions {
  readonly prepared: PreparedTraining;
  /** Seconds of training before this run. */
  readonly startSeconds: number;
  readonly report: (report: Report) => void;
  /** What samples begin with. */
  readonly prompt: () => string;
  readonly reportModel: (checkpoint: Checkpoint, kind: "model" | "best") => Promise<void>;
}

/** Reports the figures, samples and models of one run. None of it changes the trained weights. */
class Observer {
  readonly #options: ObserverOptions;
  readonly #begin = performance.now();
  #statusAt = -Infinity;
  /** The latest status, reported or not. */
  #status: TrainingStatus | null = null;
  #sampleAt: number;
  /** Milliseconds that the last sample took. */
  #sampleCost = 0;
  #sampledStep = -1;
  #modelAt: number;
  #loggedStep: number | null = null;
  /** A best checkpoint that was not reported yet. */
  #best: Checkpoint | null = null;
  /** The checkpoint to resume from, without the validation that only the end of the run made. */
  #latest: Checkpoint | null = null;

  constructor(options: ObserverOptions) {
    this.#options = options;
    // The first sample is one of a model that has learned nothing yet.
    this.#sampleAt = options.startSeconds === 0 ? 0 : this.#nextSampleAt();
    this.#modelAt = options.startSeconds === 0 ? FIRST_MODEL_MS : this.#sampleAt;
  }

  /** Milliseconds of training, those before this run included. */
  #elapsedMs(): number {
    return 1000 * this.#options.startSeconds + performance.now() - this.#begin;
  }

  #nextSampleAt(): number {
    const elapsed = this.#elapsedMs();
    const cost = Math.min(SAMPLE_COST_FACTOR * this.#sampleCost, MAX_SAMPLE_COST_MS);
    return elapsed + Math.max(MIN_SAMPLE_MS, cost, SAMPLE_INTERVAL * elapsed);
  }

  /** The callbacks of the run. */
  callbacks(): TrainingCallbacks {
    return {
      onStatus: (status) => this.#observe(status),
      onLog: (metrics) => this.#log(metrics),
      onCheckpoint: (checkpoint, kind) => {
        if (kind === "best") this.#best = checkpoint;
        else this.#latest = checkpoint;
      },
    };
  }

  /** Measures the baselines beside the training. */
  measureBaselines(corpus: Corpus, signal: AbortSignal): void {
    const { trainer } = this.#options.prepared;
    const { split } = trainer;
    measureBaselines(corpus, { split, parts: ["validation"], signal }).then(
      (measured) => {
        const [baselines] = measured ?? [];
        if (baselines !== undefined) this.#options.report({ type: "baselines", baselines });
      },
      // Without them the curves stand alone.
      () => {},
    );
  }

  #log(metrics: TrainingMetrics): void {
    const { limits } = this.#options.prepared;
    if (metrics.step === 1 || metrics.step % limits.logEvery === 0) this.#loggedStep = metrics.step;
    this.#options.report({ type: "metrics", metrics });
  }

  async #observe(status: TrainingStatus): Promise<void> {
    const now = this.#elapsedMs();
    this.#status = status;
    if (now - this.#statusAt >= STATUS_MS) {
      this.#statusAt = now;
      this.#options.report({ type: "status", status });
    }
    const { trainer } = this.#options.prepared;
    if (!trainer.isHealthy) return;
    if (now >= this.#sampleAt) {
      const begin = performance.now();
      this.#sample(status);
      this.#sampleCost = performance.now() - begin;
      this.#sampleAt = this.#nextSampleAt();
    }
    if (now >= this.#modelAt) {
      const begin = performance.now();
      const { reportModel } = this.#options;
      const progress = { elapsedSeconds: now / 1000, loggedStep: this.#loggedStep };
      await this.#reportBest();
      await reportModel(trainer.checkpoint(progress), "model");
      const cost = performance.now() - begin;
      this.#modelAt = this.#elapsedMs() + Math.max(MIN_MODEL_MS, MODEL_COST_FACTOR * cost);
    }
  }

  /** Reports the best model; before the latest, so that the two always belong together. */
  async #reportBest(): Promise<void> {
    const best = this.#best;
    this.#best = null;
    if (best !== null) await this.#options.reportModel(best, "best");
  }

  #sample({ step, loss }: Pick<Progress, "step" | "loss">): void {
    const { prepared, report } = this.#options;
    const prompt = this.#options.prompt();
    this.#sampledStep = step;
    const seconds = this.#elapsedMs() / 1000;
    const model = prepared.trainer.model();
    const write = (prompt: string) => {
      const continuations = continuePrompt(model, prompt);
      report({ type: "sample", sample: { step, seconds, loss, prompt, continuations } });
    };
    try {
      write(prompt);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      write("");
      report({ type: "sampleError", message: error.message });
    }
  }

  /** Reports the end of the run; the checkpoint to resume from. */
  async end(result: TrainResult): Promise<Checkpoint> {
    const latest = this.#latest ?? result.latest;
    const { step, loss } = latest.progress;
    if (this.#status !== null) this.#options.report({ type: "status", status: this.#status });
    if (this.#sampledStep !== step) this.#sample({ step, loss });
    await this.#reportBest();
    await this.#options.reportModel(latest, "model");
    return latest;
  }
}

/** Prepares a training; `null` if the signal aborts that. */
async function prepareUnlessAborted(
  corpus: Corpus,
  options: NonNullable<Parameters<typeof prepareTraining>[1]> & { readonly signal: AbortSignal },
): Promise<PreparedTraining | null> {
  try {
    return await prepareTraining(corpus, options);
  } catch (error) {
    if (options.signal.aborted) return null;
    throw error;
  }
}

function latestOf(state: TrainResult | Checkpoint): Checkpoint {
  return "latest" in state ? state.latest : state;
}

async function decode(file: Blob): Promise<Checkpoint> {
  return await decodeCheckpoint(new Uint8Array(await file.arrayBuffer()));
}

function isSame(a: TextSource, b: TextSource): boolean {
  return a.name === b.name && typeof a.content === "string" && a.content === b.content;
}

async function readUtf8(file: Blob, name: string): Promise<string> {
  const bytes = await file.arrayBuffer();
  if (bytes.byteLength === 0) {
    throw new InputError(`Cannot read the text ${JSON.stringify(name)}: it is empty`);
  }
  try {
    // A byte-order mark is a character of the text, as for the command line.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new InputError(
      `Cannot read the text ${JSON.stringify(name)}: it is not encoded in UTF-8; save it as UTF-8`,
    );
  }
}
