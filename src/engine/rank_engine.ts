import type { AllToAll, Exchange, Slice, Values } from "../exchange.ts";
import { cells } from "../model/cells.ts";
import { type ParameterSet, type RealArray, realArray } from "../model/parameters.ts";
import type { Dropout } from "./dropout.ts";
import { Engine, type EngineInternals, internalsOf } from "./engine.ts";
import type { EngineOptions } from "./options.ts";
import { partsOf, type RankPart } from "./rank_parts.ts";
import type { Update } from "./update.ts";

const NOTHING: Slice = { start: 0, length: 0 };

/** What a forward pass for training does beside the loss. */
export interface ForwardOptions {
  /** Dropout, if the step has it. */
  readonly dropout?: Dropout | undefined;
  /** β of {@linkcode Engine.crossEntropy}. Default: 0. */
  readonly confidencePenalty?: number;
}

/** What {@linkcode RankEngine.gatherLoss} has gathered. */
export interface GatheredLoss {
  /** The loss of all streams: summed over the steps of the sequence, averaged over the streams. */
  readonly loss: number;
  /** By rank: what it reports. */
  readonly words: readonly (readonly number[])[];
}

/**
 * One network in the memories of several ranks, which computes the same bits as an
 * {@linkcode Engine} alone (docs/design/distributed.md).
 *
 * Each rank has an engine with all parameters and a part of the streams. All call the same methods
 * in the same order; `load` and `read` methods use the arguments and return the results of rank 0.
 * Without an exchange, an engine alone does all.
 */
export class RankEngine implements Disposable {
  /** The engine of this rank. */
  readonly engine: Engine;
  readonly #exchange: Exchange | null;
  readonly #internals: EngineInternals;
  readonly #parts: readonly RankPart[];
  readonly #own: RankPart;
  /** The parameters as numbers of their precision, padding included. */
  readonly #parameters: RealArray;
  /** As many numbers, which are free between two steps. */
  readonly #gradients: RealArray;
  /** The exchanges of partial sums: the first of each rank, then the second, … */
  readonly #sums: readonly AllToAll[];
  /** By rank: 1 if something holds there. */
  readonly #flags: Int32Array;
  /** The loss of the streams of this rank. */
  #loss = 0;
  /** The losses of all rows that were gathered last, rank after rank. */
  #losses: Float64Array | null = null;
  readonly #flagSlices: readonly Slice[];

  /**
   * Creates the engine of this rank, whose parameters and states are zero.
   *
   * @param options Sizes and features, with the batch size of all ranks together.
   * @param exchange The other ranks.
   * @throws As {@linkcode Engine} does.
   */
  constructor(options: EngineOptions, exchange: Exchange | null) {
    const rank = { rank: exchange?.rank ?? 0, size: exchange?.size ?? 1 };
    this.engine = new Engine({ ...options, training: true }, rank);
    // Alone, there is nothing to exchange.
    this.#exchange = rank.size === 1 ? null : exchange;
    this.#internals = internalsOf(this.engine);
    const { layout, constants } = this.#internals.instance;
    const bytesEach = this.engine.options.precision === "f64" ? 8 : 4;
    const parameters = layout.parameterBytes / bytesEach;
    this.#parts = partsOf({
      size: rank.size,
      partials: layout.allPartials,
      batchSize: options.batchSize,
      parameters,
      block: constants.NORM_BLOCK_BYTES / bytesEach,
    });
    this.#own = this.#parts[rank.rank]!;
    this.#parameters = this.#viewAt(layout.parameters, parameters);
    this.#gradients = this.#viewAt(layout.parameters + layout.toGradient, parameters);
    this.#sums = this.#exchange === null ? [] : this.#planSums(rank.rank);
    this.#flags = new Int32Array(rank.size);
    this.#flagSlices = this.#parts.map((_, start) => ({ start, length: 1 }));
  }

  /** The streams of this rank. */
  get streams(): Slice {
    return this.#own.streams;
  }

  /** The streams of each rank. */
  get streamsByRank(): readonly Slice[] {
    return this.#parts.map(({ streams }) => streams);
  }

  /** How many ranks have streams; the others update parameters only. */
  get computingRanks(): number {
    return this.#parts.filter(({ streams }) => streams.length > 0).length;
  }

  /** P, the partial sums of a gradient. */
  get partials(): number {
    return this.#internals.instance.layout.allPartials;
  }

  /** Ends the threads of this rank. */
  [Symbol.dispose](): void {
    this.engine[Symbol.dispose]();
  }

  /** Sets everything to zero. */
  clear(): void {
    this.engine.clear();
  }

  /** Computes the states, logits and losses of this rank's streams; see {@linkcode Engine.crossEntropy}. */
  forward({ dropout, confidencePenalty }: ForwardOptions = {}): void {
    if (this.#own.streams.length === 0) return;
    const { engine } = this;
    engine.forward(engine.options.seqLength, dropout);
    this.#loss = engine.crossEntropy(engine.options.seqLength, confidencePenalty);
  }

  /**
   * Gathers the losses after a forward pass. Call it after {@linkcode RankEngine.backward}, which needs
   * none of other ranks: each exchange that ranks wait for takes time.
   *
   * @param words What each rank reports besides, as many numbers of each.
   * @returns The loss, with the same bits as on one rank, and the words by rank.
   */
  gatherLoss(words: readonly number[] = []): GatheredLoss {
    if (this.#exchange === null) return { loss: this.#loss, words: [words] };
    const { seqLength, batchSize } = this.engine.options;
    const slices = this.#parts.map(({ streams: { start, length } }, rank) => ({
      start: start * seqLength + rank * words.length,
      length: length * seqLength + words.length,
    }));
    const gathered = new Float64Array(seqLength * batchSize + this.#parts.length * words.length);
    const own = slices[this.#exchange.rank]!;
    if (this.#own.streams.length > 0) gathered.set(this.engine.readLosses(), own.start);
    gathered.set(words, own.start + own.length - words.length);
    this.#exchange.allGather(gathered, slices);
    const losses = new Float64Array(seqLength * batchSize);
    const wordsByRank = slices.map(({ start, length }, rank) => {
      const end = start + length - words.length;
      losses.set(gathered.subarray(start, end), this.#parts[rank]!.streams.start * seqLength);
      return Array.from(gathered.subarray(end, start + length));
    });
    this.#losses = losses;
    return { loss: this.#sumOf(losses) / batchSize, words: wordsByRank };
  }

  /** Adds the losses of all rows in the order of one rank: step by step. */
  #sumOf(losses: Float64Array): number {
    const { seqLength } = this.engine.options;
    let sum = 0;
    for (let t = 0; t < seqLength; t++) {
      for (const { streams: { start, length } } of this.#parts) {
        const row = start * seqLength + t * length;
        for (let i = row; i < row + length; i++) sum += losses[i]!;
      }
    }
    return sum;
  }

  /** Copies the losses of all rows after {@linkcode RankEngine.gatherLoss}, [T, B]. */
  readLosses(): ArrayLike<number> {
    if (this.#losses === null) return this.engine.readLosses();
    const { seqLength, batchSize } = this.engine.options;
    const all = new Float64Array(this.#losses.length);
    for (const { streams: { start, length } } of this.#parts) {
      for (let t = 0; t < seqLength; t++) {
        const row = start * seqLength + t * length;
        all.set(this.#losses.subarray(row, row + length), t * batchSize + start);
      }
    }
    return all;
  }

  /** Computes the gradients of this rank's slice of the parameters, from all streams. */
  backward(): void {
    if (this.#own.streams.length > 0) this.engine.backward();
    if (this.#exchange === null) return;
    for (const message of this.#sums) this.#exchange.allToAll(message);
    this.#internals.runKernel((kernels) => kernels.sumReceived());
  }

  /** Whether all gradients of the last {@linkcode RankEngine.backward} are finite. */
  gradientsAreFinite(): boolean {
    if (this.#exchange === null) return this.engine.gradientsAreFinite();
    const { start, length } = this.#own.parameters;
    return this.all(isFiniteSum(this.#gradients.subarray(start, start + length)));
  }

  /**
   * Clips the gradients, updates the parameters and carries the hidden state to the next batch.
   *
   * @returns Whether all parameters are finite afterwards.
   */
  update(update: Update): boolean {
    const isFinite = this.#exchange === null
      ? this.engine.update(update)
      : this.#updateSlice(update, this.#exchange);
    if (this.#own.streams.length > 0) this.engine.carryHiddenState();
    return isFinite;
  }

  /** Whether something holds on all ranks. */
  all(holds: boolean): boolean {
    if (this.#exchange === null) return holds;
    this.#flags[this.#exchange.rank] = holds ? 1 : 0;
    this.#exchange.allGather(this.#flags, this.#flagSlices);
    return this.#flags.every((flag) => flag === 1);
  }

  /** Replaces the parameters by those of rank 0. */
  loadParameters(parameters?: ParameterSet): void {
    if (parameters !== undefined) this.engine.writeParameters(parameters);
    const { buffer, byteOffset, byteLength } = this.#parameters;
    this.#exchange?.broadcast(new Uint8Array(buffer, byteOffset, byteLength));
  }

  /** Replaces a state slot of the optimizer by that of rank 0. */
  loadOptimizerState(slot: number, state?: ParameterSet): void {
    if (this.#exchange === null) this.engine.writeOptimizerState(state!, slot);
    else this.#scatter(this.#slotView(slot), state);
  }

  /** Replaces the weight average by that of rank 0. */
  loadWeightAverage(average?: ParameterSet): void {
    if (this.#exchange === null) this.engine.writeWeightAverage(average!);
    else this.#scatter(this.#averageView(), average);
  }

  /**
   * Replaces the hidden state by that of rank 0, in the form of {@linkcode Engine.readHiddenState}.
   *
   * @param state Default: zeros.
   */
  loadHiddenState(state?: RealArray): void {
    if (this.#exchange === null) return this.engine.writeHiddenState(state);
    const { rank, size } = this.#exchange;
    const sent = this.#parts.map(({ streams }) => this.#stateSliceOf(streams));
    const send = this.#newState(rank === 0 ? this.engine.options.batchSize : 0);
    if (rank === 0 && state) this.#copyStates({ all: state, byRank: send, isSplit: true });
    const own = this.#newState(this.#own.streams.length);
    this.#exchange.allToAll({
      send,
      sent: rank === 0 ? sent : new Array<Slice>(size).fill(NOTHING),
      receive: own,
      received: fromRank0(size, { start: 0, length: own.length }),
    });
    this.engine.writeHiddenState(own);
  }

  /** The state slot of the optimizer, on rank 0; between two steps. */
  readOptimizerState(slot: number): ParameterSet | null {
    if (this.#exchange === null) return this.engine.readOptimizerState(slot);
    return this.#gather(this.#slotView(slot));
  }

  /** The weight average, on rank 0; between two steps. */
  readWeightAverage(): ParameterSet | null {
    if (this.#exchange === null) return this.engine.readWeightAverage();
    return this.#gather(this.#averageView());
  }

  /** The hidden state of all streams, on rank 0. */
  readHiddenState(): RealArray | null {
    const own = this.engine.readHiddenState();
    if (this.#exchange === null) return own;
    const { rank, size } = this.#exchange;
    const receive = this.#newState(rank === 0 ? this.engine.options.batchSize : 0);
    this.#exchange.allToAll({
      send: own,
      sent: fromRank0(size, { start: 0, length: own.length }),
      receive,
      received: this.#parts.map(({ streams }) =>
        rank === 0 ? this.#stateSliceOf(streams) : NOTHING
      ),
    });
    if (rank !== 0) return null;
    const all = this.#newState(this.engine.options.batchSize);
    this.#copyStates({ all, byRank: receive, isSplit: false });
    return all;
  }

  #updateSlice(update: Update, exchange: Exchange): boolean {
    const { update: run, updater, instance: { kernels } } = this.#internals;
    const isFinite = run(update, () => {
      kernels.squareSums();
      exchange.allGather(updater.squareSums, this.#parts.map(({ blocks }) => blocks));
      return updater.normOfSquareSums();
    });
    exchange.allGather(this.#parameters, this.#parts.map(({ parameters }) => parameters));
    return this.all(isFinite);
  }

  /**
   * Plans the exchange of partial sums: each rank receives its slice of each sum that any rank sends.
   */
  #planSums(rank: number): AllToAll[] {
    const { layout } = this.#internals.instance;
    const { parameters, toGradient, toSums, parameterBytes, received } = layout;
    const counts = this.#parts.map(({ sums }) => sums.length);
    const { length } = this.#own.parameters;
    const receive = this.#viewAt(received, layout.receivedSums * length);
    return Array.from({ length: Math.max(...counts) }, (_, k) => {
      const distance = k === 0 ? toGradient : toSums + (k - 1) * parameterBytes;
      return {
        send: k < counts[rank]!
          ? this.#viewAt(parameters + distance, this.#parameters.length)
          : this.#gradients,
        sent: this.#parts.map((to) => k < counts[rank]! ? to.parameters : NOTHING),
        receive,
        received: counts.map((count, from) => {
          const before = counts.slice(0, from).reduce((sum, each) => sum + each, 0);
          return k < count ? { start: (before + k) * length, length } : NOTHING;
        }),
      };
    });
  }

  /** Sends each rank its slice of a set of rank 0. */
  #scatter(own: RealArray, set: ParameterSet | undefined): void {
    const exchange = this.#exchange!;
    const { memory, instance: { layout } } = this.#internals;
    if (set !== undefined) memory.writeParameters(set, layout.toGradient);
    const slices = this.#parts.map(({ parameters }) => parameters);
    exchange.allToAll({
      send: this.#gradients,
      sent: exchange.rank === 0 ? slices : slices.map(() => NOTHING),
      receive: own,
      received: fromRank0(exchange.size, { start: 0, length: own.length }),
    });
  }

  /** Completes a set on rank 0 of the slices of all ranks. */
  #gather(own: RealArray): ParameterSet | null {
    const exchange = this.#exchange!;
    const { memory, instance: { layout } } = this.#internals;
    const slices = this.#parts.map(({ parameters }) => parameters);
    exchange.allToAll({
      send: own,
      sent: fromRank0(exchange.size, { start: 0, length: own.length }),
      receive: this.#gradients,
      received: exchange.rank === 0 ? slices : slices.map(() => NOTHING),
    });
    return exchange.rank === 0 ? memory.readParameters(layout.toGradient) : null;
  }

  #slotView(slot: number): RealArray {
    const { toMoment1, toMoment2 } = this.#internals.instance.layout;
    return this.#sliceView(slot === 0 ? toMoment1 : toMoment2);
  }

  #averageView(): RealArray {
    return this.#sliceView(this.#internals.instance.layout.toAverage);
  }

  /** This rank's slice of a set that is laid out `distance` bytes after the parameters. */
  #sliceView(distance: number): RealArray {
    const { slice } = this.#internals.instance.layout;
    // A distance from the slice may be negative, as an unsigned number.
    return this.#viewAt((slice + distance) % 2 ** 32, this.#own.parameters.length);
  }

  #viewAt(address: number, length: number): RealArray {
    const { memory: { buffer } } = this.#internals.instance;
    return this.engine.options.precision === "f64"
      ? new Float64Array(buffer, address, length)
      : new Float32Array(buffer, address, length);
  }

  /** The hidden state of `streams` streams, as zeros. */
  #newState(streams: number): RealArray {
    return realArray(this.engine.options.precision, this.#statesEach * streams);
  }

  /** Numbers of the state of a stream in all layers. */
  get #statesEach(): number {
    const { cell, layers, hidden } = this.engine.options;
    return (cells[cell].hasCellState ? 2 : 1) * layers * hidden;
  }

  /** Where the states of some streams stand, if those of each rank are together. */
  #stateSliceOf({ start, length }: Slice): Slice {
    return { start: start * this.#statesEach, length: length * this.#statesEach };
  }

  /** Copies states between [L, B, H] of all streams and, rank after rank, [L, its streams, H]. */
  #copyStates({ all, byRank, isSplit }: {
    readonly all: RealArray;
    readonly byRank: RealArray;
    readonly isSplit: boolean;
  }): void {
    const { batchSize, hidden } = this.engine.options;
    const matrices = this.#statesEach / hidden;
    for (const { streams: { start, length } } of this.#parts) {
      for (let matrix = 0; matrix < matrices; matrix++) {
        const inAll = (matrix * batchSize + start) * hidden;
        const inRank = (start * matrices + matrix * length) * hidden;
        const count = length * hidden;
        if (isSplit) byRank.set(all.subarray(inAll, inAll + count), inRank);
        else all.set(byRank.subarray(inRank, inRank + count), inAll);
      }
    }
  }
}

/** What is exchanged with rank 0 alone. */
function fromRank0(size: number, slice: Slice): Slice[] {
  return Array.from({ length: size }, (_, rank) => rank === 0 ? slice : NOTHING);
}

/** Whether numbers are all finite: their sum with factors 0 is 0 then, and else NaN. */
function isFiniteSum(values: Values): boolean {
  let sum = 0;
  for (const value of values) sum += 0 * value;
  return sum === 0;
}
