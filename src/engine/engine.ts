import type { Config, Precision } from "../model/config.ts";
import type { ParameterName, ParameterSet, RealArray, Sizes } from "../model/parameters.ts";
import { instantiate, type Kernels, type Layout } from "./kernels/instance.ts";
import { type Area, Views } from "./views.ts";

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
  readonly #views: Views;

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
    const instance = instantiate(precision, this.options);
    this.#kernels = instance.kernels;
    this.#layout = instance.layout;
    this.#views = new Views(instance, precision, this.options);
    const { buffer } = instance.memory;
    this.inputIds = new Uint32Array(buffer, this.#layout.inputIds, steps * streams);
    this.targetIds = new Uint32Array(buffer, this.#layout.targetIds, steps * streams);
  }

  /**
   * Sets everything to zero, as it was at first, also the padding, in which numbers that are not
   * finite would stay for good.
   */
  clear(): void {
    this.#views.clear(this.#layout.Wxh);
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

  /** Reads Adagrad's sums of squared gradients, in the form of the parameters. */
  readOptimizerSums(): ParameterSet {
    return this.#views.readParameters(this.#training().toSum);
  }

  /**
   * Replaces Adagrad's sums of squared gradients.
   * @throws {RangeError} when an array is not as long as its shape says.
   */
  writeOptimizerSums(sums: ParameterSet): void {
    this.#views.writeParameters(sums, this.#training().toSum);
  }

  /** Reads the hidden state that the next sequence starts from, [B, H]. */
  readHiddenState(): RealArray {
    return this.#views.readMatrix(this.#hiddenStates(0, 1));
  }

  /**
   * Replaces the hidden state that the next sequence starts from.
   * @param state Row-major [B, H]; left out: zeros.
   * @throws {RangeError} when the array is not as long as that.
   */
  writeHiddenState(state?: ArrayLike<number>): void {
    const area = this.#hiddenStates(0, 1);
    const zeros = () => new Float64Array(area.rows * area.columns);
    this.#views.writeMatrix("hidden state", area, state ?? zeros());
  }

  /**
   * Writes input vectors.
   * @param vectors Row-major [steps·B, I].
   * @throws {RangeError} when the engine was not built with `denseInputs`, or a length is wrong.
   */
  writeInputVectors(vectors: ArrayLike<number>, steps: number = this.options.steps): void {
    this.#demand("denseInputs");
    this.#views.writeMatrix("input vectors", {
      address: this.#layout.inputVectors,
      rows: this.#rows(steps),
      columns: this.options.inputs,
      stride: this.#layout.inputsPadded,
    }, vectors);
  }

  /**
   * Writes target distributions.
   * @param vectors Row-major [steps·B, V].
   * @throws {RangeError} when the engine was not built with `denseTargets`, or a length is wrong.
   */
  writeTargetVectors(vectors: ArrayLike<number>, steps: number = this.options.steps): void {
    this.#demand("denseTargets");
    this.#views.writeMatrix("target vectors", {
      ...this.#outputs(steps),
      address: this.#layout.targetVectors,
    }, vectors);
  }

  /**
   * Runs the network over `steps` steps from the hidden state, which it leaves as it was; the
   * states on the way and the logits stay in memory for the calls that follow.
   * @throws {RangeError} when `steps` is not 1 to T, or an input id is not below I.
   */
  forward(steps: number = this.options.steps): void {
    const { denseInputs, inputs } = this.options;
    const rows = this.#rows(steps);
    if (!denseInputs) checkIds("input", this.inputIds, rows, inputs);
    this.#kernels.forward(steps, denseInputs);
  }

  /**
   * Makes the last state of the `steps` steps just run the one that the next sequence starts from.
   * @throws {RangeError} when `steps` is not 1 to T.
   */
  carryHiddenState(steps: number = this.options.steps): void {
    this.#rows(steps);
    this.#kernels.carryHiddenState(steps);
  }

  /**
   * Reads the logits that {@linkcode forward} left, [steps·B, V]; after {@linkcode softmax}, the
   * probabilities; after {@linkcode crossEntropy}, the gradient of the loss with respect to them.
   * @throws {RangeError} when `steps` is not 1 to T.
   */
  readOutputs(steps: number = this.options.steps): RealArray {
    return this.#views.readMatrix(this.#outputs(steps));
  }

  /**
   * Reads the hidden states that {@linkcode forward} left after each step, [steps·B, H].
   * @throws {RangeError} when `steps` is not 1 to T.
   */
  readHiddenStates(steps: number = this.options.steps): RealArray {
    return this.#views.readMatrix(this.#hiddenStates(1, steps));
  }

  /**
   * Turns the logits that {@linkcode forward} left into probabilities.
   * @throws {RangeError} when `steps` is not 1 to T.
   */
  softmax(steps: number = this.options.steps): void {
    this.#kernels.softmaxRows(this.#rows(steps));
  }

  /**
   * The loss of the steps just run: cross-entropy in nats, summed over the steps and averaged over
   * the streams. Turns the logits into its gradient, for {@linkcode backward}.
   * @throws {RangeError} when `steps` is not 1 to T, or a target id is not below V.
   */
  crossEntropy(steps: number = this.options.steps): number {
    const { denseTargets, outputs, streams } = this.options;
    const rows = this.#rows(steps);
    if (denseTargets) {
      this.#kernels.crossEntropyOfVectors(rows, 1 / streams);
    } else {
      checkIds("target", this.targetIds, rows, outputs);
      this.#kernels.crossEntropyOfIds(rows, 1 / streams);
    }
    return this.#views.sum(this.#layout.losses, rows) / streams;
  }

  /**
   * Reads the cross-entropy of each row that {@linkcode crossEntropy} saw, in nats, [steps·B].
   * @throws {RangeError} when `steps` is not 1 to T.
   */
  readLosses(steps: number = this.options.steps): RealArray {
    const rows = this.#rows(steps);
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
  backward(steps: number = this.options.steps): void {
    this.#demand("training");
    this.#rows(steps);
    this.#kernels.backward(steps, this.options.denseInputs);
  }

  /**
   * Clips the gradients and updates the parameters by them.
   * @param settings The rule, its rate, and the clip (0: none).
   * @throws {RangeError} when the engine was built without `training`.
   */
  update(settings: Pick<Config, "optimizer" | "lr" | "clip">): void {
    this.#demand("training");
    const limit = settings.clip === 0 ? Infinity : settings.clip;
    this.#kernels[settings.optimizer](settings.lr, limit);
  }

  /** Whether all parameters are finite: a look at each, without a copy. */
  parametersAreFinite(): boolean {
    const { Wxh, parameterBytes } = this.#layout;
    return this.#kernels.allFinite(Wxh, parameterBytes) !== 0;
  }

  /**
   * Whether all gradients that {@linkcode backward} left are finite.
   * @throws {RangeError} when the engine was built without `training`.
   */
  gradientsAreFinite(): boolean {
    const { Wxh, parameterBytes, toGradient } = this.#training();
    return this.#kernels.allFinite(Wxh + toGradient, parameterBytes) !== 0;
  }

  /** The number of rows that so many steps have; every count that a kernel gets comes from here. */
  #rows(steps: number): number {
    if (!Number.isInteger(steps) || steps < 1 || steps > this.options.steps) {
      throw new RangeError(
        `Cannot use ${steps} steps: the engine was built for 1 to ${this.options.steps}`,
      );
    }
    return steps * this.options.streams;
  }

  /** The hidden states of `steps` steps, counted from 0, the one before the first step. */
  #hiddenStates(first: number, steps: number): Area {
    const stride = this.#layout.hiddenPadded;
    const rowsBefore = first * this.options.streams;
    return {
      address: this.#layout.hiddenStates + this.#views.bytesOf(rowsBefore * stride),
      rows: this.#rows(steps),
      columns: this.options.hidden,
      stride,
    };
  }

  #outputs(steps: number): Area {
    return {
      address: this.#layout.logits,
      rows: this.#rows(steps),
      columns: this.options.outputs,
      stride: this.#layout.outputsPadded,
    };
  }

  /** The layout, where there is room for what training needs. */
  #training(): Layout {
    this.#demand("training");
    return this.#layout;
  }

  #demand(option: "denseInputs" | "denseTargets" | "training"): void {
    if (!this.options[option]) {
      throw new RangeError(`Cannot use an engine built with ${option}: false for this`);
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
