import type { Config, Optimizer, Precision } from "../model/config.ts";
import {
  length,
  type ParameterName,
  parameterNames,
  type ParameterSet,
  parameterShapes,
  type RealArray,
  realArray,
  type Sizes,
} from "../model/parameters.ts";
import { type Instance, instantiate, type Kernels, type Layout } from "./kernels/instance.ts";

/** What an {@linkcode Engine} is built for. */
export interface EngineOptions extends Sizes {
  /** How numbers are stored and multiplied. */
  readonly precision: Precision;
  /** T, the most steps of one sequence; each call may take fewer. */
  readonly steps: number;
  /** B, streams side by side. */
  readonly streams: number;
  /** Inputs are vectors of length I, not characters. Default: false. */
  readonly denseInputs?: boolean;
  /** Targets are distributions over V, not characters. Default: false. */
  readonly denseTargets?: boolean;
  /** Leave room for gradients and optimizer sums. Default: true. */
  readonly training?: boolean;
}

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
 *   precision: "f64", inputs: 3, hidden: 4, outputs: 3, steps: 2, streams: 1,
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
  /** The whole memory as numbers of the model's precision. */
  readonly #reals: RealArray;

  /**
   * Lays out the memory; all parameters are zero at first.
   *
   * @throws {RangeError} when a size is not a positive whole number.
   * @throws {InputError} when all of it does not fit into the 4 GiB of a WebAssembly memory.
   */
  constructor(options: EngineOptions) {
    this.options = Object.freeze({
      denseInputs: false,
      denseTargets: false,
      training: true,
      ...options,
    });
    const { precision, steps, streams } = this.options;
    for (const name of Object.keys(most) as (keyof typeof most)[]) {
      const size = this.options[name];
      if (!Number.isInteger(size) || size < 1 || size > most[name]) {
        throw new RangeError(
          `Cannot build an engine: ${name} must be a whole number from 1 to ${
            most[name]
          }, not ${size}`,
        );
      }
    }
    const instance: Instance = instantiate(precision, this.options);
    this.#kernels = instance.kernels;
    this.#layout = instance.layout;
    const { buffer } = instance.memory;
    this.#reals = precision === "f64" ? new Float64Array(buffer) : new Float32Array(buffer);
    this.inputIds = new Uint32Array(
      buffer,
      this.#layout.inputIds,
      steps * streams,
    );
    this.targetIds = new Uint32Array(
      buffer,
      this.#layout.targetIds,
      steps * streams,
    );
  }

  /** Reads the parameters into fresh arrays. */
  readParameters(): ParameterSet {
    return this.#readSet(0);
  }

  /**
   * Replaces the parameters.
   * @throws {RangeError} when an array is not as long as its shape says.
   */
  writeParameters(parameters: ParameterSet): void {
    this.#writeSet(0, parameters);
  }

  /**
   * Replaces one number of the parameters.
   * @param index In the plain, row-major array of {@linkcode ParameterSet}.
   */
  writeParameter(name: ParameterName, index: number, value: number): void {
    const count = length(parameterShapes(this.options)[name]);
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      throw new RangeError(`Cannot write ${name}[${index}]: it has ${count} numbers`);
    }
    this.#reals[this.#placeOf(name)(index)] = value;
  }

  /** Reads the gradients that {@linkcode backward} left, in the form of the parameters. */
  readGradients(): ParameterSet {
    return this.#readSet(this.#training().toGradient);
  }

  /** Reads Adagrad's sums of squared gradients, in the form of the parameters. */
  readOptimizerSums(): ParameterSet {
    return this.#readSet(this.#training().toSum);
  }

  /**
   * Replaces Adagrad's sums of squared gradients.
   * @throws {RangeError} when an array is not as long as its shape says.
   */
  writeOptimizerSums(sums: ParameterSet): void {
    this.#writeSet(this.#training().toSum, sums);
  }

  /** Reads the hidden state that the next sequence starts from, [B, H]. */
  readHiddenState(): RealArray {
    const { hidden, streams } = this.options;
    return this.#readRows(
      this.#layout.hiddenStates,
      streams,
      hidden,
      this.#layout.hiddenPadded,
    );
  }

  /**
   * Replaces the hidden state that the next sequence starts from.
   * @param state Row-major [B, H]; left out: zeros.
   * @throws {RangeError} when the array is not as long as that.
   */
  writeHiddenState(state?: ArrayLike<number>): void {
    const { hidden, streams } = this.options;
    const rows = state ?? realArray(this.options.precision, streams * hidden);
    this.#writeRows(
      "hidden state",
      this.#layout.hiddenStates,
      rows,
      hidden,
      this.#layout.hiddenPadded,
      streams,
    );
  }

  /**
   * Writes input vectors.
   * @param rows Row-major [steps·B, I].
   * @throws {RangeError} when the engine was not built with `denseInputs`, or the length is wrong.
   */
  writeInputVectors(
    rows: ArrayLike<number>,
    steps: number = this.options.steps,
  ): void {
    this.#demand("denseInputs");
    const { inputs, streams } = this.options;
    this.#writeRows(
      "input vectors",
      this.#layout.inputVectors,
      rows,
      inputs,
      this.#layout.inputsPadded,
      steps * streams,
    );
  }

  /**
   * Writes target distributions.
   * @param rows Row-major [steps·B, V].
   * @throws {RangeError} when the engine was not built with `denseTargets`, or the length is wrong.
   */
  writeTargetVectors(
    rows: ArrayLike<number>,
    steps: number = this.options.steps,
  ): void {
    this.#demand("denseTargets");
    const { outputs, streams } = this.options;
    this.#writeRows(
      "target vectors",
      this.#layout.targetVectors,
      rows,
      outputs,
      this.#layout.outputsPadded,
      steps * streams,
    );
  }

  /**
   * Runs the network over `steps` steps from the hidden state, which it leaves as it was; the
   * states on the way and the logits stay in memory for the calls that follow.
   * @throws {RangeError} when `steps` is not 1 to T, or an input id is not below I.
   */
  forward(steps: number = this.options.steps): void {
    const { denseInputs, inputs } = this.options;
    if (!Number.isInteger(steps) || steps < 1 || steps > this.options.steps) {
      throw new RangeError(
        `Cannot run ${steps} steps: the engine was built for 1 to ${this.options.steps}`,
      );
    }
    if (!denseInputs) {
      checkIds("input", this.inputIds, steps * this.options.streams, inputs);
    }
    this.#kernels.forward(steps, denseInputs);
  }

  /** Makes the last state of the `steps` steps just run the one that the next sequence starts from. */
  carryHiddenState(steps: number = this.options.steps): void {
    this.#kernels.carryHiddenState(steps);
  }

  /**
   * Reads the logits that {@linkcode forward} left, [steps·B, V]; after {@linkcode softmax}, the
   * probabilities; after {@linkcode crossEntropy}, the gradient of the loss with respect to them.
   */
  readOutputs(steps: number = this.options.steps): RealArray {
    const { outputs, streams } = this.options;
    return this.#readRows(
      this.#layout.logits,
      steps * streams,
      outputs,
      this.#layout.outputsPadded,
    );
  }

  /** Reads the hidden states that {@linkcode forward} left after each step, [steps·B, H]. */
  readHiddenStates(steps: number = this.options.steps): RealArray {
    const { hidden, streams } = this.options;
    const rowBytes = this.#layout.hiddenPadded * this.#reals.BYTES_PER_ELEMENT;
    const first = this.#layout.hiddenStates + streams * rowBytes;
    return this.#readRows(
      first,
      steps * streams,
      hidden,
      this.#layout.hiddenPadded,
    );
  }

  /** Turns the logits that {@linkcode forward} left into probabilities. */
  softmax(steps: number = this.options.steps): void {
    this.#kernels.softmaxRows(steps * this.options.streams);
  }

  /**
   * The loss of the steps just run: cross-entropy in nats, summed over the steps and averaged over
   * the streams. Turns the logits into its gradient, for {@linkcode backward}.
   * @throws {RangeError} when a target id is not below V.
   */
  crossEntropy(steps: number = this.options.steps): number {
    const { denseTargets, outputs, streams } = this.options;
    const rows = steps * streams;
    if (denseTargets) {
      this.#kernels.crossEntropyOfVectors(rows, 1 / streams);
    } else {
      checkIds("target", this.targetIds, rows, outputs);
      this.#kernels.crossEntropyOfIds(rows, 1 / streams);
    }
    const first = this.#layout.losses / this.#reals.BYTES_PER_ELEMENT;
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += this.#reals[first + row]!;
    return sum / streams;
  }

  /** Computes the gradients of the loss of the steps just run with respect to every parameter. */
  backward(steps: number = this.options.steps): void {
    this.#training();
    this.#kernels.backward(steps, this.options.denseInputs);
  }

  /**
   * Clips the gradients and updates the parameters by them.
   * @param settings The rule, its rate, and the clip (0: none).
   */
  update(
    settings: Pick<Config, "lr" | "clip"> & { readonly optimizer: Optimizer },
  ): void {
    this.#training();
    const limit = settings.clip === 0 ? Infinity : settings.clip;
    this.#kernels[settings.optimizer](settings.lr, limit);
  }

  /** The layout, where there is room for what training needs. */
  #training(): Layout {
    this.#demand("training");
    return this.#layout;
  }

  #demand(option: "denseInputs" | "denseTargets" | "training"): void {
    if (!this.options[option]) {
      throw new RangeError(
        `Cannot use an engine built with ${option}: false for this`,
      );
    }
  }

  #readSet(distance: number): ParameterSet {
    const shapes = parameterShapes(this.options);
    const read = (name: ParameterName): RealArray => {
      const array = realArray(this.options.precision, length(shapes[name]));
      const place = this.#placeOf(name, distance);
      for (let i = 0; i < array.length; i++) array[i] = this.#reals[place(i)]!;
      return array;
    };
    return { Wxh: read("Wxh"), Whh: read("Whh"), Why: read("Why"), bh: read("bh"), by: read("by") };
  }

  #writeSet(distance: number, set: ParameterSet): void {
    const shapes = parameterShapes(this.options);
    for (const name of parameterNames) checkLength(name, set[name], length(shapes[name]));
    for (const name of parameterNames) {
      const array = set[name];
      const place = this.#placeOf(name, distance);
      for (let i = 0; i < array.length; i++) this.#reals[place(i)] = array[i]!;
    }
  }

  /**
   * Where in memory each number of a parameter lies: plain arrays are [to][from], the memory is
   * [from][to] and padded.
   */
  #placeOf(name: ParameterName, distance = 0): (index: number) => number {
    const columns = parameterShapes(this.options)[name][1] ?? 1;
    const start = (this.#layout[name] + distance) / this.#reals.BYTES_PER_ELEMENT;
    const stride = name === "Why" ? this.#layout.outputsPadded : this.#layout.hiddenPadded;
    return (index) => start + (index % columns) * stride + Math.floor(index / columns);
  }

  #readRows(
    address: number,
    rows: number,
    columns: number,
    stride: number,
  ): RealArray {
    const array = realArray(this.options.precision, rows * columns);
    const start = address / this.#reals.BYTES_PER_ELEMENT;
    for (let row = 0; row < rows; row++) {
      const from = start + row * stride;
      array.set(this.#reals.subarray(from, from + columns), row * columns);
    }
    return array;
  }

  #writeRows(
    what: string,
    address: number,
    array: ArrayLike<number>,
    columns: number,
    stride: number,
    rows: number,
  ): void {
    checkLength(what, array, rows * columns);
    const start = address / this.#reals.BYTES_PER_ELEMENT;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        this.#reals[start + row * stride + column] = array[row * columns + column]!;
      }
    }
  }
}

/** The greatest sizes; the module's plan multiplies them in 64 bits, without overflow. */
const most = {
  inputs: 1114112, // all of Unicode
  hidden: 65536,
  outputs: 1114112,
  steps: 65536,
  streams: 65536,
} as const;

function checkLength(
  what: string,
  array: ArrayLike<number>,
  wanted: number,
): void {
  if (array.length !== wanted) {
    throw new RangeError(
      `Cannot write the ${what}: ${array.length} numbers given, ${wanted} wanted`,
    );
  }
}

/** Kernels use ids as addresses, unchecked. */
function checkIds(
  what: string,
  ids: Uint32Array,
  count: number,
  limit: number,
): void {
  for (let i = 0; i < count; i++) {
    if (ids[i]! >= limit) {
      throw new RangeError(
        `Cannot use the ${what} id ${ids[i]} of row ${i}: it must be below ${limit}`,
      );
    }
  }
}
