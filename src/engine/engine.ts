import { quote } from "../json.ts";
import { cells, type GateName } from "../model/cells.ts";
import { stateSlotsOf } from "../model/optimizers.ts";
import {
  type ParameterName,
  type ParameterSet,
  type RealArray,
  realArray,
} from "../model/parameters.ts";
import { checkDropout, type Dropout } from "./dropout.ts";
import { copyNumbers, KernelMemory, type MatrixLayout } from "./kernel_memory.ts";
import { AutoThreads } from "./auto_threads.ts";
import { type Instance, instantiate, type Kernels, type Layout } from "./kernels/instance.ts";
import { type EngineOptions, resolveEngineOptions } from "./options.ts";
import type { Rank } from "./rank_parts.ts";
import { threadRange } from "./thread_count.ts";
import { ThreadPool } from "./thread_pool.ts";
import { checkUpdate, type Update, Updater } from "./update.ts";

/**
 * What `RankEngine` uses of an engine beside its methods.
 *
 * @internal
 */
export interface EngineInternals {
  readonly instance: Instance;
  readonly memory: KernelMemory;
  readonly updater: Updater;
  /** Runs a kernel in which all threads take part. */
  readonly runKernel: <Result>(run: (kernels: Kernels) => Result) => Result;
  /** Checks an update, and runs it with a norm of the gradients that is computed elsewhere. */
  readonly update: (update: Update, gradientNorm: () => number) => boolean;
}

/**
 * The internals of an engine with `training`.
 *
 * @internal
 */
export function internalsOf(engine: Engine): EngineInternals {
  return internals.get(engine)!();
}

/** Not in the class: a bundler keeps a class that sets something when it is loaded. */
const internals = new WeakMap<Engine, () => EngineInternals>();

/**
 * One network in WebAssembly memory: the host of the kernels.
 *
 * An engine computes on numbers and character ids only. It checks every size, length and id that a
 * kernel uses, because kernels check nothing. In all arrays, row t·B + b is step t of stream b.
 *
 * Methods take the number of steps to process, from 1 to T; the default is T.
 *
 * @example
 * ```ts
 * import { Engine } from "./engine.ts";
 *
 * using engine = new Engine({
 *   precision: "f64", inputs: 3, hidden: 4, outputs: 3, seqLength: 2, batchSize: 1,
 * });
 * engine.inputIds.set([0, 1]);
 * engine.targetIds.set([1, 2]);
 * engine.forward();
 * console.log(engine.crossEntropy()); // 2 ln 3, because all weights are 0
 * ```
 */
export class Engine {
  // Private, so that what was checked cannot be replaced.
  readonly #options: Readonly<Required<EngineOptions>>;
  readonly #inputIds: Uint32Array;
  readonly #targetIds: Uint32Array;
  /**
   * Any number but 0 in its only element makes the matrix products compute nothing, so that a long
   * pass that runs on the host's thread ends soon. Another thread may write it at any time; what was
   * computed meanwhile has no meaning.
   */
  readonly stopWord: Int32Array<SharedArrayBuffer>;

  readonly #instance: Instance;
  readonly #kernels: Kernels;
  readonly #layout: Layout;
  readonly #memory: KernelMemory;
  /** Only with `training`. */
  readonly #updater: Updater | undefined;
  readonly #pool: ThreadPool;
  /** Chooses the number of threads; only with `threads` `auto`. */
  readonly #auto: AutoThreads | undefined;
  /** Workers that take part in the next kernel. */
  #workers = 1;
  /** Whether a backward pass has replaced the gates. */
  #hasGateGradients = false;
  /** The last update, which makes it fast to check the next. */
  #checkedUpdate: Update | undefined;
  /** B, or the streams of this rank. */
  readonly #streams: number;
  readonly #isWhole: boolean;
  /** Why no kernel can run any more. */
  #failure: Error | undefined;
  #isDisposed = false;

  /**
   * Creates an engine whose parameters and states are all zero.
   *
   * @param options Sizes and features.
   * @param part Which of several processes this is, if they share the streams and the parameters.
   * @throws {RangeError} If an option is out of range.
   * @throws {TypeError} If an option has a wrong type, or is unknown or missing.
   * @throws {InputError} If the network does not fit into the 4 GiB of a WebAssembly memory.
   * @throws {Error} If the threads cannot be started.
   */
  constructor(options: EngineOptions, part: Rank = ONLY_RANK) {
    this.#options = resolveEngineOptions(options);
    const { precision, seqLength, threads, training, ...others } = this.#options;
    const range = threads === "auto"
      ? threadRange(this.#options)
      : { first: threads, most: threads };
    const plan = { ...others, seqLength, training, workers: range.most };
    const instance = instantiate(precision, { ...plan, rank: part.rank, ranks: part.size });
    this.#isWhole = part.size === 1;
    this.#instance = instance;
    this.#kernels = instance.kernels;
    this.#layout = instance.layout;
    this.#streams = this.#layout.batchSize;
    this.#memory = new KernelMemory(instance, this.#options);
    const { buffer } = instance.memory;
    this.#inputIds = new Uint32Array(buffer, this.#layout.inputIds, seqLength * this.#streams);
    this.#targetIds = new Uint32Array(buffer, this.#layout.targetIds, seqLength * this.#streams);
    this.stopWord = new Int32Array(
      buffer as ArrayBufferLike as SharedArrayBuffer,
      this.#layout.stopWord,
      1,
    );
    this.#updater = training ? new Updater(instance, range.most) : undefined;
    this.#pool = new ThreadPool(instance, range.most);
    const use = (workers: number) => this.#useWorkers(workers);
    this.#pool.start(range.first);
    this.#pool.waitUntilReady();
    use(range.first);
    if (threads === "auto" && range.most > 1) {
      this.#auto = new AutoThreads(this.#pool, { ...range, use });
    }
    internals.set(this, () => ({
      instance,
      memory: this.#memory,
      updater: this.#trainingUpdater(),
      runKernel: (run) => this.#runKernel(1, run),
      update: (update, gradientNorm) => this.#update(update, gradientNorm),
    }));
  }

  /** The options, completed with their defaults. */
  get options(): Readonly<Required<EngineOptions>> {
    return this.#options;
  }

  /**
   * The number of threads that compute. With `threads` `auto` it is the fastest one so far, and changes
   * while the engine computes.
   */
  get threads(): number {
    return this.#auto?.threads ?? this.#workers;
  }

  /** Whether numbers of threads are still to be compared for the first time. */
  get isChoosingThreads(): boolean {
    return this.#auto?.isSettled === false;
  }

  /** The character ids to read, [T, B]; write them before {@linkcode forward}. */
  get inputIds(): Uint32Array {
    return this.#inputIds;
  }

  /** The character ids to predict, [T, B]; write them before {@linkcode crossEntropy}. */
  get targetIds(): Uint32Array {
    return this.#targetIds;
  }

  /** Whether the engine was disposed of, so that it can only be read. */
  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  /**
   * Ends the threads at the end of a `using` block. Afterwards the engine can only be read. Further
   * calls do nothing. The threads of an engine that nothing refers to any more end, too, but later.
   */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#failure ??= new Error("Cannot compute: the engine was disposed of");
    this.#pool[Symbol.dispose]();
  }

  /**
   * Sets everything to zero, as in a new engine. This includes the padding, where numbers that are not
   * finite would otherwise remain.
   */
  clear(): void {
    this.#memory.clear(this.#layout.parameters);
  }

  /** Copies the parameters to new arrays. */
  readParameters(): ParameterSet {
    return this.#memory.readParameters();
  }

  /**
   * Replaces the parameters.
   *
   * @throws {RangeError} If an array has a wrong length.
   * @throws {TypeError} If an array is missing, or is not a Float32Array or Float64Array.
   */
  writeParameters(parameters: ParameterSet): void {
    this.#memory.writeParameters(parameters);
  }

  /**
   * Replaces one number of a parameter.
   *
   * @param index The index in the plain, row-major array of a {@linkcode ParameterSet}.
   * @throws {RangeError} If there is no such parameter or number.
   * @throws {TypeError} If the value is not a number.
   */
  writeParameter(name: ParameterName, index: number, value: number): void {
    this.#memory.writeParameter(name, index, value);
  }

  /**
   * Copies the gradients of the last {@linkcode backward} to new arrays.
   *
   * @throws {RangeError} If the engine was created without `training`.
   */
  readGradients(): ParameterSet {
    return this.#memory.readParameters(this.#trainingLayout().toGradient);
  }

  /**
   * Copies a state slot of the optimizer to new arrays: Adagrad's sums of squared gradients, RMSProp's
   * mean squares, SGD's velocity, Adam's first (slot 0) and second (slot 1) moments.
   *
   * @throws {RangeError} If there is no such slot.
   */
  readOptimizerState(slot = 0): ParameterSet {
    return this.#memory.readParameters(this.#toStateSlot(slot));
  }

  /**
   * Replaces a state slot of the optimizer.
   *
   * @throws {RangeError} If there is no such slot, or an array has a wrong length.
   * @throws {TypeError} as {@linkcode writeParameters} does.
   */
  writeOptimizerState(state: ParameterSet, slot = 0): void {
    this.#memory.writeParameters(state, this.#toStateSlot(slot));
  }

  /**
   * Copies the running average of the parameters to new arrays.
   *
   * @throws {RangeError} If the engine was created without `weightAverage`.
   */
  readWeightAverage(): ParameterSet {
    return this.#memory.readParameters(this.#toWeightAverage());
  }

  /**
   * Replaces the running average of the parameters.
   *
   * @throws {RangeError} If the engine was created without `weightAverage`, or an array has a wrong
   * length.
   * @throws {TypeError} as {@linkcode writeParameters} does.
   */
  writeWeightAverage(parameters: ParameterSet): void {
    this.#memory.writeParameters(parameters, this.#toWeightAverage());
  }

  /**
   * Copies the hidden state before the first step to a new array, [L, B, H]; with an LSTM, the cell
   * state follows, [L, B, H].
   */
  readHiddenState(): RealArray {
    const matrices = this.#initialStates();
    const each = matrices[0]!.rows * matrices[0]!.columns;
    const state = realArray(this.#options.precision, matrices.length * each);
    matrices.forEach((matrix, i) => state.set(this.#memory.readMatrix(matrix), i * each));
    return state;
  }

  /**
   * Replaces the hidden state before the first step.
   *
   * @param state In the form of {@linkcode readHiddenState}. Default: zeros.
   * @throws {RangeError} If the array has a wrong length.
   * @throws {TypeError} If it is not an array of numbers.
   */
  writeHiddenState(state?: ArrayLike<number>): void {
    const matrices = this.#initialStates();
    const each = matrices[0]!.rows * matrices[0]!.columns;
    const numbers = state === undefined
      ? new Float64Array(matrices.length * each)
      : copyNumbers(state, { what: "hidden state", length: matrices.length * each });
    matrices.forEach((matrix, i) => {
      const array = numbers.subarray(i * each, (i + 1) * each);
      this.#memory.writeMatrix(matrix, { array, what: "hidden state" });
    });
  }

  /**
   * Writes the input vectors of `seqLength` steps.
   *
   * @param vectors Row-major [seqLength, B, I].
   * @throws {RangeError} If the engine was created without `denseInputs`, or a length is wrong.
   * @throws {TypeError} If it is not an array of numbers.
   */
  writeInputVectors(vectors: ArrayLike<number>, seqLength: number = this.#options.seqLength): void {
    this.#requireOption("denseInputs");
    const matrix = {
      address: this.#layout.inputVectors,
      rows: this.#rowsOf(seqLength),
      columns: this.#options.inputs,
      stride: this.#layout.inputsPadded,
    };
    this.#memory.writeMatrix(matrix, { array: vectors, what: "input vectors" });
  }

  /**
   * Writes the target distributions of `seqLength` steps.
   *
   * @param vectors Row-major [seqLength, B, V].
   * @throws {RangeError} If the engine was created without `denseTargets`, or a length is wrong.
   * @throws {TypeError} If it is not an array of numbers.
   */
  writeTargetVectors(
    vectors: ArrayLike<number>,
    seqLength: number = this.#options.seqLength,
  ): void {
    this.#requireOption("denseTargets");
    const matrix = { ...this.#logitsOf(seqLength), address: this.#layout.targetVectors };
    this.#memory.writeMatrix(matrix, { array: vectors, what: "target vectors" });
  }

  /**
   * Computes the states and logits of `seqLength` steps from the hidden state, which does not change;
   * see {@linkcode carryHiddenState}.
   *
   * @param dropout Dropout of this pass and of the backward pass that follows. Default: none.
   * @throws {RangeError} If `seqLength` is not from 1 to T, an input id is not below I, the engine was
   * created without `dropout` and something is to be dropped, or the dropout is out of range.
   * @throws {TypeError} If `dropout` is not an object of two numbers.
   */
  forward(seqLength: number = this.#options.seqLength, dropout: Dropout = NO_DROPOUT): void {
    const { denseInputs } = this.#options;
    const rows = this.#rowsOf(seqLength);
    this.#checkInputIds(rows);
    const { probability, seed } = dropout === NO_DROPOUT ? dropout : checkDropout(dropout);
    if (probability !== 0) this.#requireOption("dropout");
    this.#hasGateGradients = false;
    this.#auto?.beginRound();
    this.#runKernel(
      seqLength,
      (kernels) => kernels.forward(seqLength, denseInputs, probability, seed),
    );
  }

  /**
   * Makes the state after `seqLength` steps the hidden state before the next sequence.
   *
   * @throws {RangeError} If `seqLength` is not from 1 to T.
   */
  carryHiddenState(seqLength: number = this.#options.seqLength): void {
    this.#rowsOf(seqLength);
    this.#runKernel(seqLength, (kernels) => kernels.carryHiddenState(seqLength));
  }

  /**
   * Copies the logits of the last {@linkcode forward} to a new array, [seqLength, B, V]. After
   * {@linkcode softmax} they are probabilities; after {@linkcode crossEntropy}, the gradient of the
   * loss with respect to the logits.
   *
   * @throws {RangeError} If `seqLength` is not from 1 to T.
   */
  readOutputs(seqLength: number = this.#options.seqLength): RealArray {
    return this.#memory.readMatrix(this.#logitsOf(seqLength));
  }

  /**
   * Copies a layer's hidden states after each step of the last {@linkcode forward} to a new array,
   * [seqLength, B, H].
   *
   * @param layer From 0. Default: the last layer.
   * @throws {RangeError} If `seqLength` is not from 1 to T, or there is no such layer.
   */
  readHiddenStates(
    seqLength: number = this.#options.seqLength,
    layer: number = this.#options.layers - 1,
  ): RealArray {
    this.#checkLayer(layer);
    return this.#readStates(this.#kernels.hiddenStates(layer), seqLength);
  }

  /**
   * Copies a layer's cell states c after each step of the last {@linkcode forward} to a new array,
   * [seqLength, B, H].
   *
   * @param layer From 0. Default: the last layer.
   * @throws {RangeError} If `seqLength` is not from 1 to T, there is no such layer, or the cell is not
   * `lstm`.
   */
  readCellStates(
    seqLength: number = this.#options.seqLength,
    layer: number = this.#options.layers - 1,
  ): RealArray {
    const { cell } = this.#options;
    if (!cells[cell].hasCellState) {
      throw new RangeError(`Cannot read the cell states: "cell" ${cell} has none; use lstm`);
    }
    this.#checkLayer(layer);
    return this.#readStates(this.#kernels.cellStates(layer), seqLength);
  }

  /**
   * Copies a layer's gates in each step of the last {@linkcode forward} to new arrays, one for each
   * name, [seqLength, B, H]: `r`, `z` and `n` of a GRU, `i`, `f`, `g` and `o` of an LSTM, none of an
   * RNN.
   *
   * They are the activations: `n` and `g` are from −1 to 1, the others from 0 to 1.
   *
   * @param layer From 0. Default: the last layer.
   * @throws {RangeError} If `seqLength` is not from 1 to T, or there is no such layer.
   * @throws {Error} If {@linkcode backward} has replaced them by gradients.
   */
  readGates(
    seqLength: number = this.#options.seqLength,
    layer: number = this.#options.layers - 1,
  ): Readonly<Partial<Record<GateName, RealArray>>> {
    this.#checkLayer(layer);
    const rows = this.#rowsOf(seqLength);
    if (this.#hasGateGradients) {
      throw new Error("Cannot read the gates: backward() replaced them; read them before it");
    }
    const { gatesPadded: stride, hiddenPadded } = this.#layout;
    const gates = this.#kernels.gateValues(layer) >>> 0;
    const { gateNames } = cells[this.#options.cell];
    return Object.fromEntries(gateNames.map((name, gate) => {
      const address = gates + this.#memory.bytesOf(gate * hiddenPadded);
      const matrix = { address, rows, columns: this.#options.hidden, stride };
      return [name, this.#memory.readMatrix(matrix)];
    }));
  }

  /**
   * Replaces the logits of the last {@linkcode forward} by probabilities.
   *
   * @throws {RangeError} If `seqLength` is not from 1 to T.
   */
  softmax(seqLength: number = this.#options.seqLength): void {
    this.#rowsOf(seqLength);
    this.#runKernel(seqLength, (kernels) => kernels.softmax(seqLength));
  }

  /**
   * Computes the loss of the last {@linkcode forward}: cross-entropy in nats, summed over the steps and
   * averaged over the streams. Replaces the logits by its gradient, for {@linkcode backward}.
   *
   * @param confidencePenalty β, 0 or above. The gradient is then that of the loss minus β times the
   * entropy of the predictions (Pereyra et al., 2017); the loss that is returned stays without it.
   * @throws {RangeError} If `seqLength` is not from 1 to T, a target id is not below V, or β is
   * negative or not finite.
   */
  crossEntropy(seqLength: number = this.#options.seqLength, confidencePenalty = 0): number {
    const { denseTargets, outputs, batchSize } = this.#options;
    const rows = this.#rowsOf(seqLength);
    if (!(confidencePenalty >= 0 && confidencePenalty < Infinity)) {
      throw new RangeError(
        `Cannot compute the loss: "confidencePenalty" must be a finite number, 0 or above, not ${
          quote(confidencePenalty)
        }`,
      );
    }
    if (denseTargets) {
      this.#runKernel(
        seqLength,
        (kernels) => kernels.crossEntropyOfVectors(seqLength, 1 / batchSize, confidencePenalty),
      );
    } else {
      checkIds(this.#targetIds, { what: "target", count: rows, limit: outputs });
      this.#runKernel(
        seqLength,
        (kernels) => kernels.crossEntropyOfIds(seqLength, 1 / batchSize, confidencePenalty),
      );
    }
    return this.#memory.sum(this.#layout.losses, rows) / batchSize;
  }

  /**
   * Replaces the logits of the last {@linkcode forward} by the gradient of any loss with respect to
   * them, for {@linkcode backward}: a loss of your own in place of {@linkcode crossEntropy}.
   *
   * @param gradients Row-major [seqLength, B, V].
   * @throws {RangeError} If `seqLength` is not from 1 to T, or the array has a wrong length.
   *
   * @example
   * ```ts
   * import { Engine } from "./engine.ts";
   *
   * using engine = new Engine({
   *   precision: "f64", inputs: 1, hidden: 4, outputs: 1, seqLength: 1, batchSize: 1,
   *   denseInputs: true,
   * });
   * engine.writeInputVectors([0.5]);
   * engine.forward();
   * // The squared error (y − 1)² has the derivative 2 (y − 1).
   * engine.writeOutputGradients(engine.readOutputs().map((y) => 2 * (y - 1)));
   * engine.backward();
   * console.log(engine.readGradients().by[0]); // -2
   * ```
   */
  writeOutputGradients(
    gradients: ArrayLike<number>,
    seqLength: number = this.#options.seqLength,
  ): void {
    this.#memory.writeMatrix(this.#logitsOf(seqLength), {
      array: gradients,
      what: "output gradients",
    });
  }

  /**
   * Copies the loss of each row in the last {@linkcode crossEntropy} to a new array, in nats,
   * [seqLength, B].
   *
   * @throws {RangeError} If `seqLength` is not from 1 to T.
   */
  readLosses(seqLength: number = this.#options.seqLength): RealArray {
    const columns = this.#rowsOf(seqLength);
    const address = this.#layout.losses;
    return this.#memory.readMatrix({ address, rows: 1, columns, stride: columns });
  }

  /**
   * Computes the gradient of the loss of the last {@linkcode crossEntropy}, or of the one behind
   * {@linkcode writeOutputGradients}, with respect to every parameter, by back-propagation through all `seqLength` steps.
   *
   * @throws {RangeError} If `seqLength` is not from 1 to T, an input id is not below I, or the engine
   * was created without `training`.
   */
  backward(seqLength: number = this.#options.seqLength): void {
    this.#requireOption("training");
    this.#checkInputIds(this.#rowsOf(seqLength));
    this.#hasGateGradients = true;
    this.#runKernel(seqLength, (kernels) => kernels.backward(seqLength, this.#options.denseInputs));
  }

  /**
   * The Euclidean norm of the gradients of the last {@linkcode backward}, as one vector.
   *
   * @throws {RangeError} If the engine was created without `training`.
   */
  gradientNorm(): number {
    const updater = this.#trainingUpdater();
    return this.#runKernel(1, () => updater.gradientNorm());
  }

  /**
   * Clips the gradients and updates the parameters.
   *
   * @returns Whether all parameters are finite afterwards.
   * @throws {RangeError} If a value is out of range, or the engine was created without `training`, with
   * fewer `stateSlots` than the optimizer has, or without `weightAverage` if the update averages.
   * @throws {TypeError} If a value has a wrong type, or is unknown or missing.
   */
  update(update: Update): boolean {
    return this.#update(update);
  }

  #update(update: Update, gradientNorm?: () => number): boolean {
    const updater = this.#trainingUpdater();
    update = this.#checkedUpdate = checkUpdate(update, this.#checkedUpdate);
    const needed = stateSlotsOf(update).length;
    if (needed > this.#options.stateSlots) {
      throw new RangeError(
        `Cannot update with ${update.optimizer}: the engine needs "stateSlots" ${needed}, and was ` +
          `created with ${this.#options.stateSlots}`,
      );
    }
    if (update.weightAverage) this.#requireOption("weightAverage");
    const workers = this.#workers;
    return this.#runKernel(1, () => updater.run(update, { workers, gradientNorm }));
  }

  /** Whether all parameters are finite. */
  parametersAreFinite(): boolean {
    const { parameters, parameterBytes } = this.#layout;
    return this.#kernels.allFinite(parameters, parameterBytes) !== 0;
  }

  /**
   * Whether all gradients of the last {@linkcode backward} are finite.
   *
   * @throws {RangeError} If the engine was created without `training`.
   */
  gradientsAreFinite(): boolean {
    const { parameters, parameterBytes, toGradient } = this.#trainingLayout();
    return this.#kernels.allFinite(parameters + toGradient, parameterBytes) !== 0;
  }

  /** Runs a kernel of `steps` steps in which several threads take part. */
  #runKernel<Result>(steps: number, run: (kernels: Kernels) => Result): Result {
    if (this.#failure) throw this.#failure;
    try {
      if (this.#auto === undefined) return run(this.#kernels);
      const result = this.#auto.measure(steps, () => run(this.#kernels));
      if (this.stopWord[0] !== 0) this.#auto.discardRound();
      return result;
    } catch (cause) {
      this.#failure = this.#pool.failure ?? new Error(`Cannot compute: ${cause}`, { cause });
      throw this.#failure;
    }
  }

  #useWorkers(workers: number): void {
    this.#workers = workers;
    this.#kernels.useWorkers(workers);
  }

  /** Checks the ids to read, before each kernel that reads them: they may be written in between. */
  #checkInputIds(rows: number): void {
    const { denseInputs, inputs } = this.#options;
    if (!denseInputs) checkIds(this.#inputIds, { what: "input", count: rows, limit: inputs });
  }

  /** The rows of `seqLength` steps. Every number of steps that a kernel gets is checked here. */
  #rowsOf(seqLength: number): number {
    const { seqLength: max } = this.#options;
    if (!Number.isInteger(seqLength) || seqLength < 1 || seqLength > max) {
      throw new RangeError(
        `Cannot process ${
          quote(seqLength)
        } steps: "seqLength" must be a whole number from 1 to ${max}`,
      );
    }
    return seqLength * this.#streams;
  }

  /** The states before the first step: hidden states of every layer, then cell states if any. */
  #initialStates(): MatrixLayout[] {
    const { cell, layers } = this.#options;
    const { hiddenStates, cellStates } = this.#kernels;
    const addresses = cells[cell].hasCellState ? [hiddenStates, cellStates] : [hiddenStates];
    return addresses.flatMap((addressOf) =>
      Array.from({ length: layers }, (_, layer) => this.#statesAt(addressOf(layer), this.#streams))
    );
  }

  /** The states after each of `seqLength` steps; those before the first step precede them. */
  #readStates(address: number, seqLength: number): RealArray {
    const matrix = this.#statesAt(address, this.#rowsOf(seqLength));
    const initialBytes = this.#memory.bytesOf(this.#streams * matrix.stride);
    return this.#memory.readMatrix({ ...matrix, address: matrix.address + initialBytes });
  }

  #checkLayer(layer: number): void {
    const { layers } = this.#options;
    if (!Number.isInteger(layer) || layer < 0 || layer >= layers) {
      throw new RangeError(
        `Cannot read a layer: "layer" must be from 0 to ${layers - 1}, not ${quote(layer)}`,
      );
    }
  }

  #statesAt(address: number, rows: number): MatrixLayout {
    const { hiddenPadded: stride } = this.#layout;
    // Addresses are unsigned, but WebAssembly returns signed numbers.
    return { address: address >>> 0, rows, columns: this.#options.hidden, stride };
  }

  #logitsOf(seqLength: number): MatrixLayout {
    return {
      address: this.#layout.logits,
      rows: this.#rowsOf(seqLength),
      columns: this.#options.outputs,
      stride: this.#layout.outputsPadded,
    };
  }

  /** The distance in bytes from a parameter to its number in a state slot. */
  #toStateSlot(slot: number): number {
    this.#requireWhole();
    const { toMoment1, toMoment2 } = this.#trainingLayout();
    const { stateSlots } = this.#options;
    if (slot !== 0 && slot !== 1 || slot >= stateSlots) {
      throw new RangeError(
        `Cannot access state slot ${
          quote(slot)
        }: the engine was created with "stateSlots" ${stateSlots}`,
      );
    }
    return slot === 0 ? toMoment1 : toMoment2;
  }

  /** The distance in bytes from a parameter to its average. */
  #toWeightAverage(): number {
    this.#requireOption("weightAverage");
    this.#requireWhole();
    return this.#trainingLayout().toAverage;
  }

  #requireWhole(): void {
    if (this.#isWhole) return;
    throw new Error("Cannot read or write a set of which this rank has a slice only");
  }

  #trainingLayout(): Layout {
    this.#requireOption("training");
    return this.#layout;
  }

  #trainingUpdater(): Updater {
    this.#requireOption("training");
    return this.#updater!;
  }

  #requireOption(
    option: "denseInputs" | "denseTargets" | "dropout" | "training" | "weightAverage",
  ): void {
    if (!this.#options[option]) {
      throw new RangeError(
        `Cannot call this method: the engine was created with "${option}" false`,
      );
    }
  }
}

const ONLY_RANK: Rank = { rank: 0, size: 1 };
const NO_DROPOUT: Dropout = { probability: 0, seed: 0 };

/**
 * Checks ids, which kernels use as addresses without a check.
 *
 * @throws {RangeError} If one of the first `count` ids is not below `limit`.
 */
function checkIds(
  ids: Uint32Array,
  { what, count, limit }: { readonly what: string; readonly count: number; readonly limit: number },
): void {
  for (let i = 0; i < count; i++) {
    if (ids[i]! >= limit) {
      throw new RangeError(
        `Cannot use ${what} id ${ids[i]} of row ${i}: it must be below ${limit}`,
      );
    }
  }
}
