/** A training that several ranks share: rank 0 leads, the others follow. */

import { Disposables } from "../disposables.ts";
import { checkThreads, threadRange } from "../engine/thread_count.ts";
import { modules } from "../engine/kernels/modules.ts";
import type { Update } from "../engine/update.ts";
import { InputError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { type Config, parseConfig } from "../model/config.ts";
import { type Model, sizesOf } from "../model/model.ts";
import type { ParameterSet, RealArray } from "../model/parameters.ts";
import {
  agree,
  failureOf,
  gatherWords,
  type Job,
  receiveJob,
  runPart,
  sendJob,
} from "../rank_jobs.ts";
import type { Corpus } from "../text/corpus.ts";
import { withVocabulary } from "../text/reencode.ts";
import { Vocabulary } from "../text/vocabulary.ts";
import {
  type GradientJob,
  type LoadedState,
  type LoadJob,
  StepComputer,
  type StepComputerOptions,
  type StepGradients,
} from "./step_computer.ts";
import { loadTrainingData } from "./training_data.ts";

/** The job that makes the others follow a training. */
export interface TrainJob extends Job {
  readonly name: "train";
  readonly config: Config;
  /** The characters of the model, which need not be those of the text, in the order of their ids. */
  readonly vocabulary: string;
  /** Whether one of them is the unknown symbol. */
  readonly unknown: boolean;
  /** Threads of each rank; `null`: each has its default. */
  readonly threads: number | null;
}

/** The methods that rank 0 calls on all ranks. */
type Method =
  | "computeGradients"
  | "undo"
  | "gradientsAreFinite"
  | "update"
  | "load"
  | "readOptimizerState"
  | "readWeightAverage"
  | "readHiddenState"
  | "beginValidation"
  | "validateSlice"
  | "endValidation";

interface CallJob extends Job {
  readonly name: "call";
  readonly method: Method;
  readonly args: readonly unknown[];
}

/**
 * The number of threads of a rank, which computes the streams of one rank of `size`. Ranks wait for
 * each other, so each has a fixed number; by default as many as can have work.
 */
export function threadsOfRank(
  threads: number | "auto" | null | undefined,
  { corpus, config, size }: {
    readonly corpus: Pick<Corpus, "vocabulary">;
    readonly config: Config;
    readonly size: number;
  },
): number {
  const given = checkThreads(threads ?? "auto");
  if (given !== "auto") return given;
  const { precision, seqLength } = config;
  const batchSize = Math.ceil(config.batchSize / size);
  const sizes = sizesOf({ config, vocabulary: corpus.vocabulary });
  return threadRange({ ...sizes, seqLength, batchSize, precision }).most;
}

/**
 * How ranks share a training.
 *
 * @internal
 */
export interface RankUse {
  /** The threads of each rank. */
  readonly threads: readonly number[];
  /** How many ranks have streams; the others update parameters only. */
  readonly computing: number;
  /** P, the most ranks that can have streams. */
  readonly partials: number;
}

/** The computer of rank 0, which makes the others call the same methods. */
export class LeadingComputer extends StepComputer {
  readonly #exchange: Exchange;
  #threads: readonly number[] = [];
  #isDisposed = false;

  private constructor(options: StepComputerOptions & { readonly exchange: Exchange }) {
    super(options);
    this.#exchange = options.exchange;
  }

  /** How the ranks share the training. */
  get use(): RankUse {
    const { computingRanks: computing, partials } = this.network;
    return { threads: this.#threads, computing, partials };
  }

  /**
   * Creates the network on all ranks.
   *
   * @param options As for {@linkcode StepComputer}.
   * @param threads Threads of each rank; `null`: each has its default.
   * @throws {InputError} if a rank cannot create it.
   */
  static start(
    options: StepComputerOptions & { readonly exchange: Exchange; readonly threads: number },
    threads: number | null,
  ): LeadingComputer {
    const { exchange, config, corpus } = options;
    const { characters: vocabulary, unknown } = corpus.vocabulary;
    const job: TrainJob = {
      ...{ name: "train", config, vocabulary, unknown: unknown !== undefined, threads },
    };
    sendJob(exchange, job);
    return runPart(exchange, () => {
      const computer = createOnAll(exchange, () => new LeadingComputer(options));
      const gathered = gatherWords(exchange, [options.threads]);
      computer.#threads = gathered.map(([count]) => count!);
      return computer;
    });
  }

  override computeGradients(job: GradientJob): StepGradients {
    return this.#call("computeGradients", [job], () => super.computeGradients(job));
  }

  override undo(): void {
    this.#call("undo", [], () => super.undo());
  }

  override gradientsAreFinite(): boolean {
    return this.#call("gradientsAreFinite", [], () => super.gradientsAreFinite());
  }

  override update(update: Update): boolean {
    return this.#call("update", [update], () => super.update(update));
  }

  override load(job: LoadJob, state: LoadedState): void {
    this.#call("load", [job], () => super.load(job, state));
  }

  override readOptimizerState(slot: number): ParameterSet | null {
    return this.#call("readOptimizerState", [slot], () => super.readOptimizerState(slot));
  }

  override readWeightAverage(): ParameterSet | null {
    return this.#call("readWeightAverage", [], () => super.readWeightAverage());
  }

  override readHiddenState(): RealArray | null {
    return this.#call("readHiddenState", [], () => super.readHiddenState());
  }

  override beginValidation(parameters: ParameterSet): void {
    this.#call("beginValidation", [], () => super.beginValidation(parameters));
  }

  override validateSlice(): boolean {
    return this.#call("validateSlice", [], () => super.validateSlice());
  }

  override endValidation(): number {
    return this.#call("endValidation", [], () => super.endValidation());
  }

  /** Measures the validation loss on all ranks, in slices. */
  *validate({ parameters }: Pick<Model, "parameters">): Generator<void, number> {
    this.beginValidation(parameters);
    while (!this.validateSlice()) yield;
    return this.endValidation();
  }

  /** Ends the threads of all ranks. */
  override [Symbol.dispose](): void {
    if (!this.#isDisposed && failureOf(this.#exchange) === undefined) {
      sendJob(this.#exchange, { name: "dispose" });
    }
    this.#isDisposed = true;
    super[Symbol.dispose]();
  }

  #call<Result>(method: Method, args: readonly unknown[], part: () => Result): Result {
    const job: CallJob = { name: "call", method, args };
    return runPart(this.#exchange, () => {
      sendJob(this.#exchange, job);
      return part();
    });
  }
}

/** What a rank needs to follow a training. */
export interface FollowOptions {
  /** The same text as that of rank 0. */
  readonly corpus: Corpus;
  /** Threads of this rank if rank 0 does not say. Default: as for a training alone. */
  readonly threads?: number | undefined;
  /**
   * Checks the characters from `start` to `end`, which this rank reads; what it throws is thrown on
   * rank 0.
   */
  readonly checkText?: (start: number, end: number) => void;
  /** Called with the word that another thread may set to stop the training on all ranks. */
  readonly onStart?: (stopWord: Int32Array<SharedArrayBuffer>) => void;
}

/**
 * Computes this rank's part of a training until rank 0 disposes of its trainer.
 *
 * @param exchange Rank 0 has sent `job`.
 * @throws {Error} if this rank cannot continue, so that the others wait for it in vain.
 */
export function followTraining(
  exchange: Exchange,
  job: TrainJob,
  { onStart, ...options }: FollowOptions,
): void {
  using computer = createFollower(exchange, job, options);
  // If another rank has failed to create its network, rank 0 reports that.
  if (computer === null) return;
  onStart?.(computer.network.engine.stopWord);
  while (true) {
    const next = receiveJob(exchange) as CallJob | { readonly name: "dispose" };
    if (next.name === "dispose") return;
    try {
      (computer[next.method] as (...args: readonly unknown[]) => unknown)(...next.args);
    } catch (error) {
      // All ranks have the same error of input, which rank 0 reports.
      if (!(error instanceof InputError)) throw error;
    }
  }
}

function createFollower(
  exchange: Exchange,
  job: TrainJob,
  { corpus: text, threads, checkText }: FollowOptions,
): StepComputer | null {
  let count = 0;
  let computer: StepComputer;
  try {
    computer = createOnAll(exchange, () => {
      const config = parseConfig(job.config);
      checkPrecision(config);
      const { vocabulary, unknown } = job;
      const corpus = withVocabulary(text, Vocabulary.fromText(vocabulary, { unknown }));
      const { split: { validation }, batches } = loadTrainingData(corpus, config);
      const { size } = exchange;
      count = threadsOfRank(job.threads ?? threads, { corpus, config, size });
      using created = new Disposables();
      const parts = { corpus, config, batches, validation, exchange, threads: count };
      const computer = created.use(new StepComputer(parts));
      for (const range of computer.ranges) checkText?.(...range);
      created.move();
      return computer;
    });
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
  gatherWords(exchange, [count]);
  return computer;
}

/** Creates a computer on all ranks, or on none. */
function createOnAll<Computer extends StepComputer>(
  exchange: Exchange,
  create: () => Computer,
): Computer {
  let computer: Computer | undefined;
  try {
    return agree(exchange, () => computer = create());
  } catch (error) {
    computer?.network[Symbol.dispose]();
    throw error;
  }
}

/** @throws {InputError} if this machine would compute other bits than the configuration names. */
function checkPrecision({ precision }: Config): void {
  const supported = modules.supportedPrecision(precision);
  if (supported === precision) return;
  throw new InputError(
    `Cannot train with "precision" ${precision}: this machine computes the bits of ${supported}; ` +
      `use "precision" ${supported}`,
    { option: "precision" },
  );
}
