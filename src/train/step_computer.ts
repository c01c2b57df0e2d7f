import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { Dropout } from "../engine/dropout.ts";
import { type GatheredLoss, RankEngine } from "../engine/rank_engine.ts";
import type { Update } from "../engine/update.ts";
import { TextError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { Config } from "../model/config.ts";
import { sizesOf } from "../model/model.ts";
import { stateSlotsOf } from "../model/optimizers.ts";
import type { ParameterSet, RealArray } from "../model/parameters.ts";
import { throwFirst } from "../rank_jobs.ts";
import { LineLoader } from "../text/line_batches.ts";
import type { Corpus } from "../text/corpus.ts";
import type { Batches } from "./training_data.ts";
import type { Span } from "../text/split.ts";
import { canShare, RankValidation } from "./rank_validation.ts";
import { resetStreams, streamsAtTexts, streamsToReset } from "./state_resets.ts";

/** What {@linkcode StepComputer} is made of. */
export interface StepComputerOptions {
  /** The text; its vocabulary determines sizes. */
  readonly corpus: Pick<Corpus, "vocabulary" | "texts" | "read">;
  /** The complete configuration. */
  readonly config: Config;
  /** The batches of the training part. */
  readonly batches: Batches;
  /** Threads of this process; `auto` for the number that is measured to be the fastest. */
  readonly threads: number | "auto";
  /** The validation part. */
  readonly validation: readonly Span[];
  /** The other ranks, if the training is shared. */
  readonly exchange: Exchange | null;
}

/** A step whose gradients are to be computed. */
export interface GradientJob {
  /** Updates before it. */
  readonly step: number;
  /** Steps between the resets of a stream's state. */
  readonly resetEvery: number;
  /** Dropout, if the step has it. */
  readonly dropout?: Dropout | undefined;
}

/** What the computation of gradients found. */
export interface StepGradients {
  /** The loss in nats, summed over the steps of the sequence and averaged over the streams. */
  readonly loss: number;
  /** Whether the computation was stopped, so that the loss has no meaning, and the batch was undone. */
  readonly isStopped: boolean;
}

/** A state to load; see {@linkcode StepComputer.load}. */
export interface LoadJob {
  /** The position of the batches. */
  readonly position: number;
  /** State slots that are loaded; the others are zero. */
  readonly slots: number;
}

/** The state itself, which rank 0 has. */
export type LoadedState =
  & Pick<Checkpoint, "parameters" | "trainingParameters" | "optimizerState">
  & { readonly hiddenState?: RealArray };

/**
 * The part of a trainer that computes: the network, its batches, and their state.
 *
 * If several ranks share the training, each has one, and they call the same methods in the same order:
 * rank 0 as its trainer needs them, the others when rank 0 sends the job ({@linkcode followTraining}).
 */
export class StepComputer implements Disposable {
  readonly #corpus: StepComputerOptions["corpus"];
  readonly #network: RankEngine;
  readonly #batches: Batches;
  readonly #config: Config;
  readonly #exchange: Exchange | null;
  readonly #validation: RankValidation | null;
  /** Undoes what the last batch has changed beside the gradients. */
  #undoBatch: () => void = () => {};

  /** Creates the network, whose parameters and states are zero. */
  constructor(
    { corpus, config, batches, validation, threads, exchange }: StepComputerOptions,
  ) {
    const { batchSize, precision, seqLength, dropout, weightAverage } = config;
    this.#corpus = corpus;
    this.#config = config;
    this.#batches = batches;
    this.#exchange = exchange === null || exchange.size === 1 ? null : exchange;
    this.#network = new RankEngine({
      ...sizesOf({ config, vocabulary: corpus.vocabulary }),
      ...{ seqLength, batchSize, precision, threads },
      dropout: dropout > 0,
      stateSlots: stateSlotsOf(config).length,
      weightAverage: weightAverage > 0,
    }, this.#exchange);
    this.#validation = this.#exchange !== null && canShare(validation)
      ? new RankValidation({
        ...{ corpus, config, threads, exchange: this.#exchange, spans: validation },
      })
      : null;
  }

  /** Whether all ranks validate. */
  get sharesValidation(): boolean {
    return this.#validation !== null;
  }

  /** The network. */
  get network(): RankEngine {
    return this.#network;
  }

  /** The ranges of the text that this rank reads, from their start to their end. */
  get ranges(): readonly Span[] {
    const training = this.#batches.rangeOf(this.#network.streams);
    return this.#validation === null ? [training] : [training, this.#validation.range];
  }

  /** Ends the threads of this rank. */
  [Symbol.dispose](): void {
    this.#network[Symbol.dispose]();
    this.#validation?.[Symbol.dispose]();
  }

  /**
   * Takes the next batch, sets hidden states to zero that are due, and computes loss and gradients.
   *
   * @throws {TextError} if a rank cannot read its text any more; the state is then as before.
   */
  computeGradients({ step, resetEvery, dropout }: GradientJob): StepGradients {
    let failure: TextError | undefined;
    this.#undoBatch = () => {};
    try {
      this.#undoBatch = this.#nextBatch(step, resetEvery);
    } catch (error) {
      // Other ranks wait for this one, which computes with the ids that it has.
      if (this.#exchange === null || !(error instanceof TextError)) throw error;
      failure = error;
    }
    this.#network.forward({ dropout, confidencePenalty: this.#config.confidencePenalty });
    this.#network.backward();
    const { loss, words } = this.#network.gatherLoss([
      failure === undefined ? 0 : 1,
      Atomics.load(this.#network.engine.stopWord, 0),
    ]);
    const isStopped = this.#agreeToStop(words, failure);
    // Every rank does: no job is needed, as for `undo`.
    if (isStopped) this.#undoBatch();
    return { loss: this.#lossOf(loss), isStopped };
  }

  /** The loss of a batch; of lines, without what fills them up. */
  #lossOf(loss: number): number {
    if (!(this.#batches instanceof LineLoader) || !Number.isFinite(loss)) return loss;
    return this.#config.seqLength * this.#batches.meanLoss(this.#network.readLosses());
  }

  /** Goes back to the state before the last {@linkcode StepComputer.computeGradients}. */
  undo(): void {
    this.#undoBatch();
  }

  /** Whether all gradients are finite. */
  gradientsAreFinite(): boolean {
    return this.#network.gradientsAreFinite();
  }

  /** Updates the parameters, and returns whether they are finite. */
  update(update: Update): boolean {
    return this.#network.update(update);
  }

  /** Replaces all parameters and states by those of rank 0, which passes them. */
  load({ position, slots }: LoadJob, state?: LoadedState): void {
    this.#batches.position = position;
    const network = this.#network;
    network.clear();
    network.loadParameters(state?.trainingParameters ?? state?.parameters);
    if (this.#config.weightAverage > 0) network.loadWeightAverage(state?.parameters);
    for (let i = 0; i < slots; i++) network.loadOptimizerState(i, state?.optimizerState?.[i]);
    network.loadHiddenState(state?.hiddenState);
  }

  /** Copies a state slot of the optimizer, on rank 0. */
  readOptimizerState(slot: number): ParameterSet | null {
    return this.#network.readOptimizerState(slot);
  }

  /** Copies the weight average, on rank 0. */
  readWeightAverage(): ParameterSet | null {
    return this.#network.readWeightAverage();
  }

  /** Copies the hidden state of all streams, on rank 0. */
  readHiddenState(): RealArray | null {
    return this.#network.readHiddenState();
  }

  /** Begins to validate on all ranks; rank 0 passes the parameters. */
  beginValidation(parameters?: ParameterSet): void {
    this.#validation!.begin(parameters);
  }

  /** Validates for a moment; returns whether all ranks are done. */
  validateSlice(): boolean {
    return this.#validation!.measureSlice();
  }

  /** The validation loss, in nats per character. */
  endValidation(): number {
    return this.#validation!.end();
  }

  /**
   * Whether a rank was stopped; all are then. Throws the error of one that cannot read its text.
   *
   * @param words By rank: whether it has an error, and its stop word.
   * @param failure The error of this rank.
   */
  #agreeToStop(words: GatheredLoss["words"], failure: TextError | undefined): boolean {
    if (words.some(([failed]) => failed === 1)) {
      this.#undoBatch();
      throwFirst(this.#exchange!, failure);
    }
    const stopped = words.find(([, word]) => word !== 0);
    if (stopped === undefined) return false;
    Atomics.compareExchange(this.#network.engine.stopWord, 0, 0, stopped[1]!);
    return true;
  }

  /** Takes the next batch, and sets hidden states to zero that are due; returns what undoes this. */
  #nextBatch(step: number, resetEvery: number): () => void {
    const { engine, streams } = this.#network;
    const { position } = this.#batches;
    const { batchSize, hidden, seqLength } = this.#config;
    let hiddenState: RealArray | undefined;
    if (this.#batches.next(engine.inputIds, engine.targetIds, { streams })) {
      hiddenState = engine.readHiddenState();
      engine.writeHiddenState();
    }
    const reset = [
      ...streamsToReset(step, { batchSize, resetEvery }),
      ...streamsAtTexts(this.#corpus.texts, {
        starts: this.#batches.streamStarts,
        position: this.#batches.position - seqLength,
        seqLength,
      }),
    ].map((stream) => stream - streams.start)
      .filter((stream) => stream >= 0 && stream < streams.length);
    if (reset.length > 0) {
      const state = engine.readHiddenState();
      hiddenState ??= state.slice();
      resetStreams(state, reset, { batchSize: streams.length, hidden });
      engine.writeHiddenState(state);
    }
    return () => {
      this.#batches.position = position;
      if (hiddenState !== undefined) engine.writeHiddenState(hiddenState);
    };
  }
}
