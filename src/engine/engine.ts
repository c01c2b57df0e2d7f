import {
  type ParameterName,
  type ParameterSet,
  type RealArray,
  realArray,
} from "../model/parameters.ts";
import { checkIds, type EngineOptions, resolveEngineOptions } from "./options.ts";
import { instantiate, type Kernels, type Layout } from "./kernels/instance.ts";
import { stateSlotsOf, type Update, updateParameters } from "./update.ts";
import { type Area, Views } from "./views.ts";
import { ThreadPool } from "./thread_pool.ts";

/**
 * One network in WebAssembly memory, with everything that it computes: the kernels' host.
 *
 * Rows are steps of streams: row t·B + b is step t of stream b, in inputs, targets and results.
 * The engine knows no text and no file; it checks every number that a kernel would trust.
 *
 * @example
 * ```ts
 * import { Engine } from "./engine.ts";
 *
 * const engine = new Engine({
 *   precision: "f64", inputs: 3, hidden: 4, outputs: 3, seqLength: 2, batchSize: 1,
 * });
 * engine.inputIds.set([0, 1]);
 * engine.targetIds.set([1, 2]);
 * engine.forward();
 * console.log(engine.crossEntropy()); // 2 ln 3: all weights are 0
 * ```
 */
export class Engine {
  /** The sizes and the precision that the engine was built for. */
  readonly options: Readonly<Required<EngineOptions>>;
  /** u32 [T·B], the characters to read: write them, then call {@linkcode forward}. */
  readonly inputIds: Uint32Array;
  /** u32 [T·B], the characters to predict: write them, then call {@linkcode crossEntropy}. */
  readonly targetIds: Uint32Array;

  readonly #kernels: Kernels;
  readonly #layout: Layout;
  readonly #views: Views;
  /** The numbers of an optimizer's rule, for the kernels. */
  readonly #hyperparams: Float64Array;
  /** Of each thread, at the beginning of a line, whether it left finite parameters only. */
  readonly #finiteFlags: Uint32Array;
  readonly #workers: ThreadPool;
  /** Why nothing can be computed any more. */
  #broken: Error | undefined;

  /**
   * Lays out the memory; all parameters are zero at first.
   *
   * @throws {RangeError} when a size is not a positive whole number.
   * @throws {InputError} when all of it does not fit into the 4 GiB of a WebAssembly memory.
   * @throws {Error} when the threads cannot be started.
   */
  constructor(options: EngineOptions) {
    this.options = resolveEngineOptions(options);
    const { precision, seqLength, batchSize, threads } = this.options;
    const instance = instantiate(precision, { ...this.options, workers: threads });
    this.#kernels = instance.kernels;
    this.#layout = instance.layout;
    this.#views = new Views(instance, precision, this.options);
    const { buffer } = instance.memory;
    this.inputIds = new Uint32Array(buffer, this.#layout.inputIds, seqLength * batchSize);
    this.targetIds = new Uint32Array(buffer, this.#layout.targetIds, seqLength * batchSize);
    this.#hyperparams = new Float64Array(buffer, this.#layout.hyperparams, HYPERPARAMS);
    const lines = this.options.training ? threads * LINE : 0;
    this.#finiteFlags = new Uint32Array(buffer, this.#layout.finiteFlags, lines);
    this.#workers = new ThreadPool(instance, threads);
  }

  /** Ends the threads; nothing can be computed afterwards. */
  close(): void {
    this.#broken ??= new Error("Cannot compute with an engine that was closed");
    this.#workers.close();
  }

  /** As {@linkcode Engine.close}, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Sets everything to zero, as it was at first, also the padding, in which numbers that are not
   * finite would stay for good.
   */
  clear(): void {
    this.#views.clear(this.#layout.parameters);
  }

  /** Reads the parameters into fresh arrays. */
  readParameters(): ParameterSet {
    return this.#views.readParameters();
  }

  /**
   * Replaces the parameters.
   * @throws {RangeError} when an array is not as long as its shape says.
   */
  writeParameters(parameters: ParameterSet): void {
    this.#views.writeParameters(parameters);
  }

  /**
   * Replaces one number of the parameters.
   * @param index In the plain, row-major array of {@linkcode ParameterSet}.
   */
  writeParameter(name: ParameterName, index: number, value: number): void {
    this.#views.writeParameter(name, index, value);
  }

  /** Reads the gradients that {@linkcode backward} left, in the form of the parameters. */
  readGradients(): ParameterSet {
    return this.#views.readParameters(this.#training().toGradient);
  }

  /**
   * Reads what the optimizer remembers, in the form of the parameters: Adagrad's sums of squared
   * gradients, RMSProp's mean square, SGD's velocity, or Adam's first and second moments.
   * @param index 0, or 1 for the second.
   * @throws {RangeError} when there is no such memory.
   */
  readOptimizerState(index = 0): ParameterSet {
    return this.#views.readParameters(this.#memory(index));
  }

  /**
   * Replaces what the optimizer remembers.
   * @param index 0, or 1 for the second.
   * @throws {RangeError} when there is no such memory, or an array is not as long as its shape says.
   */
  writeOptimizerState(memory: ParameterSet, index = 0): void {
    this.#views.writeParameters(memory, this.#memory(index));
  }

  /**
   * Reads the running average of the parameters.
   * @throws {RangeError} when the engine was built without `averaging`.
   */
  readWeightAverage(): ParameterSet {
    return this.#views.readParameters(this.#average());
  }

  /**
   * Replaces the running average of the parameters.
   * @throws {RangeError} when the engine was built without `averaging`, or an array is not as long as
   * its shape says.
   */
  writeWeightAverage(parameters: ParameterSet): void {
    this.#views.writeParameters(parameters, this.#average());
  }

  /**
   * Reads the hidden state that the next sequence starts from, [L, B, H]; of an LSTM, the cell
   * states follow, [L, B, H].
   */
  readHiddenState(): RealArray {
    const areas = this.#initialStates();
    const each = areas[0]!.rows * areas[0]!.columns;
    const state = realArray(this.options.precision, areas.length * each);
    areas.forEach((area, i) => state.set(this.#views.readMatrix(area), i * each));
    return state;
  }

  /**
   * Replaces the hidden state that the next sequence starts from.
   * @param state As {@linkcode readHiddenState} gives it; left out: zeros.
   * @throws {RangeError} when the array is not as long as that.
   */
  writeHiddenState(state?: ArrayLike<number>): void {
    const areas = this.#initialStates();
    const each = areas[0]!.rows * areas[0]!.columns;
    const numbers = state ? Float64Array.from(state) : new Float64Array(areas.length * each);
    if (numbers.length !== areas.length * each) {
      throw new RangeError(
        `Cannot write the hidden state: ${numbers.length} numbers given, ` +
          `${areas.length * each} wanted`,
      );
    }
    areas.forEach((area, i) => {
      this.#views.writeMatrix("hidden state", area, numbers.subarray(i * each, (i + 1) * each));
    });
  }

  /**
   * Writes input vectors.
   * @param vectors Row-major [steps·B, I].
   * @throws {RangeError} when the engine was not built with `denseInputs`, or a length is wrong.
   */
  writeInputVectors(vectors: ArrayLike<number>, seqLength: number = this.options.seqLength): void {
    this.#requireOption("denseInputs");
    this.#views.writeMatrix("input vectors", {
      address: this.#layout.inputVectors,
      rows: this.#rows(seqLength),
      columns: this.options.inputs,
      stride: this.#layout.inputsPadded,
    }, vectors);
  }

  /**
   * Writes target distributions.
   * @param vectors Row-major [steps·B, V].
   * @throws {RangeError} when the engine was not built with `denseTargets`, or a length is wrong.
   */
  writeTargetVectors(vectors: ArrayLike<number>, seqLength: number = this.options.seqLength): void {
    this.#requireOption("denseTargets");
    this.#views.writeMatrix("target vectors", {
      ...this.#outputs(seqLength),
      address: this.#layout.targetVectors,
    }, vectors);
  }

  /**
   * Runs the network over `steps` steps from the hidden state, which it leaves as it was; the
   * states on the way and the logits stay in memory for the calls that follow.
   * @param drop Leaves out some of what layers pass up, in this pass and in the backward pass that
   * follows: each number with this probability, chosen by the seed. Default: none.
   * @throws {RangeError} when `steps` is not 1 to T, an input id is not below I, or something is to
   * be dropped by an engine built without `dropout`, with a probability not from 0 to below 1, or
   * with a seed that is no whole number from 0 to 2^53 − 1.
   */
  forward(
    seqLength: number = this.options.seqLength,
    drop: { readonly probability: number; readonly seed: number } = nothing,
  ): void {
    const { denseInputs, inputs } = this.options;
    const rows = this.#rows(seqLength);
    if (!denseInputs) checkIds("input", this.inputIds, rows, inputs);
    const { probability, seed } = drop;
    if (probability !== 0) {
      this.#requireOption("dropout");
      if (!(probability > 0 && probability < 1) || !Number.isSafeInteger(seed) || seed < 0) {
        throw new RangeError(
          `Cannot drop with probability ${probability} and seed ${seed}: they must be from 0 to ` +
            `below 1, and a whole number from 0 to 2^53 − 1`,
        );
      }
    }
    this.#runKernel((kernels) => kernels.forward(seqLength, denseInputs, probability, seed));
  }

  /**
   * Makes the last state of the `steps` steps just run the one that the next sequence starts from.
   * @throws {RangeError} when `steps` is not 1 to T.
   */
  carryHiddenState(seqLength: number = this.options.seqLength): void {
    this.#rows(seqLength);
    this.#kernels.carryHiddenState(seqLength);
  }

  /**
   * Reads the logits that {@linkcode forward} left, [steps·B, V]; after {@linkcode softmax}, the
   * probabilities; after {@linkcode crossEntropy}, the gradient of the loss with respect to them.
   * @throws {RangeError} when `steps` is not 1 to T.
   */
  readOutputs(seqLength: number = this.options.seqLength): RealArray {
    return this.#views.readMatrix(this.#outputs(seqLength));
  }

  /**
   * Reads the hidden states of a layer that {@linkcode forward} left after each step, [steps·B, H].
   * @param layer From 0; default: the last.
   * @throws {RangeError} when `steps` is not 1 to T, or there is no such layer.
   */
  readHiddenStates(
    seqLength: number = this.options.seqLength,
    layer: number = this.options.layers - 1,
  ): RealArray {
    if (!Number.isInteger(layer) || layer < 0 || layer >= this.options.layers) {
      throw new RangeError(
        `Cannot read the states of layer ${layer}: there are ${this.options.layers}, from 0`,
      );
    }
    const { batchSize } = this.options;
    const area = this.#statesAt(this.#kernels.hiddenStates(layer), this.#rows(seqLength));
    const before = this.#views.bytesOf(batchSize * area.stride);
    return this.#views.readMatrix({ ...area, address: area.address + before });
  }

  /**
   * Turns the logits that {@linkcode forward} left into probabilities.
   * @throws {RangeError} when `steps` is not 1 to T.
   */
  softmax(seqLength: number = this.options.seqLength): void {
    this.#rows(seqLength);
    this.#runKernel((kernels) => kernels.softmax(seqLength));
  }

  /**
   * The loss of the steps just run: cross-entropy in nats, summed over the steps and averaged over
   * the streams. Turns the logits into its gradient, for {@linkcode backward}.
   * @throws {RangeError} when `steps` is not 1 to T, or a target id is not below V.
   */
  crossEntropy(seqLength: number = this.options.seqLength): number {
    const { denseTargets, outputs, batchSize } = this.options;
    const rows = this.#rows(seqLength);
    if (denseTargets) {
      this.#runKernel((kernels) => kernels.crossEntropyOfVectors(seqLength, 1 / batchSize));
    } else {
      checkIds("target", this.targetIds, rows, outputs);
      this.#runKernel((kernels) => kernels.crossEntropyOfIds(seqLength, 1 / batchSize));
    }
    return this.#views.sum(this.#layout.losses, rows) / batchSize;
  }

  /**
   * Reads the cross-entropy of each row that {@linkcode crossEntropy} saw, in nats, [steps·B].
   * @throws {RangeError} when `steps` is not 1 to T.
   */
  readLosses(seqLength: number = this.options.seqLength): RealArray {
    const rows = this.#rows(seqLength);
    return this.#views.readMatrix({
      address: this.#layout.losses,
      rows: 1,
      columns: rows,
      stride: rows,
    });
  }

  /**
   * Computes the gradients of the loss of the steps just run with respect to every parameter.
   * @throws {RangeError} when `steps` is not 1 to T, or the engine was built without `training`.
   */
  backward(seqLength: number = this.options.seqLength): void {
    this.#requireOption("training");
    this.#rows(seqLength);
    this.#runKernel((kernels) => kernels.backward(seqLength, this.options.denseInputs));
  }

  /** The Euclidean norm of all gradients that {@linkcode backward} left, as one vector. */
  gradientNorm(): number {
    const { norms, parameterBytes } = this.#training();
    this.#runKernel((kernels) => kernels.squareSums());
    const blocks = Math.ceil(parameterBytes / NORM_BYTES);
    const sums = new Float64Array(this.inputIds.buffer, norms, blocks);
    return Math.sqrt(sums.reduce((sum, part) => sum + part, 0));
  }

  /**
   * Clips the gradients and updates the parameters by them.
   * @param update The rule and its numbers.
   * @returns Whether all parameters are finite now.
   * @throws {RangeError} when the engine was built without `training`, with fewer `memories` than the
   * rule needs, or without `averaging` when it averages.
   */
  update(update: Update): boolean {
    this.#requireOption("training");
    if (stateSlotsOf(update) > this.options.stateSlots) {
      throw new RangeError(
        `Cannot update by ${update.optimizer}: it needs ${
          stateSlotsOf(update)
        } memories, and the ` +
          `engine was built with ${this.options.stateSlots}`,
      );
    }
    if (update.weightAverage) this.#requireOption("weightAverage");
    this.#runKernel((kernels) => {
      updateParameters(kernels, this.#hyperparams, update, () => this.gradientNorm());
    });
    return this.#finiteFlags.every((finite, i) => i % LINE !== 0 || finite === 1);
  }

  /** Runs a kernel in which all threads take part. */
  #runKernel(job: (kernels: Kernels) => void): void {
    if (this.#broken) throw this.#broken;
    try {
      job(this.#kernels);
    } catch (error) {
      this.#broken = this.#workers.failure ?? new Error(`Cannot go on computing: ${error}`);
      throw this.#broken;
    }
  }

  /** Whether all parameters are finite: a look at each, without a copy. */
  parametersAreFinite(): boolean {
    const { parameters, parameterBytes } = this.#layout;
    return this.#kernels.allFinite(parameters, parameterBytes) !== 0;
  }

  /**
   * Whether all gradients that {@linkcode backward} left are finite.
   * @throws {RangeError} when the engine was built without `training`.
   */
  gradientsAreFinite(): boolean {
    const { parameters, parameterBytes, toGradient } = this.#training();
    return this.#kernels.allFinite(parameters + toGradient, parameterBytes) !== 0;
  }

  /** The number of rows that so many steps have; every count that a kernel gets comes from here. */
  #rows(seqLength: number): number {
    if (!Number.isInteger(seqLength) || seqLength < 1 || seqLength > this.options.seqLength) {
      throw new RangeError(
        `Cannot use ${seqLength} steps: the engine was built for 1 to ${this.options.seqLength}`,
      );
    }
    return seqLength * this.options.batchSize;
  }

  /** The states before the first step, of every layer; then an LSTM's cell states. */
  #initialStates(): Area[] {
    const { cell, layers, batchSize } = this.options;
    const of = (address: (layer: number) => number) =>
      Array.from({ length: layers }, (_, layer) => this.#statesAt(address(layer), batchSize));
    const { hiddenStates, cellStates } = this.#kernels;
    return cell === "lstm" ? [...of(hiddenStates), ...of(cellStates)] : of(hiddenStates);
  }

  #statesAt(pointer: number, rows: number): Area {
    const { hiddenPadded: stride } = this.#layout;
    // Pointers are unsigned, what kernels return is signed.
    return { address: pointer >>> 0, rows, columns: this.options.hidden, stride };
  }

  #outputs(seqLength: number): Area {
    return {
      address: this.#layout.logits,
      rows: this.#rows(seqLength),
      columns: this.options.outputs,
      stride: this.#layout.outputsPadded,
    };
  }

  /** From a parameter to a memory of the optimizer, in bytes. */
  #memory(index: number): number {
    const { toMoment1, toMoment2 } = this.#training();
    if (index !== 0 && index !== 1 || index >= this.options.stateSlots) {
      throw new RangeError(
        `Cannot use memory ${index} of the optimizer: the engine was built with ` +
          `${this.options.stateSlots}, counted from 0`,
      );
    }
    return index === 0 ? toMoment1 : toMoment2;
  }

  /** From a parameter to its average, in bytes. */
  #average(): number {
    this.#requireOption("weightAverage");
    return this.#training().toAverage;
  }

  /** The layout, where there is room for what training needs. */
  #training(): Layout {
    this.#requireOption("training");
    return this.#layout;
  }

  #requireOption(
    option: "denseInputs" | "denseTargets" | "dropout" | "training" | "weightAverage",
  ): void {
    if (!this.options[option]) {
      throw new RangeError(`Cannot use an engine built with ${option}: false for this`);
    }
  }
}

/** Bytes of gradients whose squares have a sum of their own, in assembly/layout.ts. */
const NORM_BYTES = 65536;
/** Words on a cache line. */
const LINE = 16;
/** The numbers of an optimizer's rule. */
const HYPERPARAMS = 16;

/** Drops nothing. */
const nothing = { probability: 0, seed: 0 } as const;
