import { Engine, type Model, type RealArray } from "../../src/engine/mod.ts";
import { logSumExp } from "./predictions.ts";
import { sizesOf } from "./text_reader.ts";

/** A prediction whose connectivity is asked for. */
export interface Prediction {
  /** The ids that the network reads; the prediction follows the last. */
  readonly ids: Uint32Array;
  /** The id of the character whose log-odds are differentiated. */
  readonly target: number;
  /** The state before the first id, as `Engine.readHiddenState()` has it. Default: zeros. */
  readonly hiddenState?: RealArray | undefined;
}

/**
 * Computes on which earlier characters a prediction depends: the norm of the gradient of its log-odds
 * ln(p / (1 − p)) with respect to each one-hot input vector.
 *
 * The kernels have no gradient with respect to inputs. So each step reads an id of its own: the network
 * has T inputs instead of V, and column t of its Wxh is the column of the character of step t. The
 * outputs are those of the model. The gradient with respect to column t is then the gradient at the
 * gates of step t alone, and Wxhᵀ times it is the gradient with respect to the input of step t.
 */
export class Connectivity implements Disposable {
  readonly #model: Model;
  readonly #engine: Engine;
  /** G·H. */
  readonly #rows: number;

  /**
   * @param seqLength T, the most ids of a prediction.
   * @throws {InputError} if the network does not fit into memory.
   */
  constructor(model: Model, seqLength: number) {
    const { precision } = model.config;
    this.#model = model;
    this.#rows = model.parameters.bh.length;
    this.#engine = new Engine({
      ...sizesOf(model),
      precision,
      inputs: seqLength,
      seqLength,
      batchSize: 1,
      stateSlots: 0,
    });
  }

  [Symbol.dispose](): void {
    this.#engine[Symbol.dispose]();
  }

  /** The connectivity of each id, 0 or above, [ids]. */
  compute({ ids, target, hiddenState }: Prediction): Float64Array {
    const engine = this.#engine;
    const steps = ids.length;
    engine.writeParameters({ ...this.#model.parameters, Wxh: this.#columnsOf(ids) });
    engine.writeHiddenState(hiddenState);
    for (let t = 0; t < steps; t++) engine.inputIds[t] = t;
    engine.forward(steps);
    engine.writeOutputGradients(lastRowOnly(engine.readOutputs(steps), steps, target), steps);
    engine.backward(steps);
    return this.#norms(engine.readGradients().Wxh, steps);
  }

  /** Wxh with one column per step, [G·H, T]; the columns that no step reads are 0. */
  #columnsOf(ids: Uint32Array): RealArray {
    const { parameters: { Wxh }, vocabulary: { size } } = this.#model;
    const { inputs } = this.#engine.options;
    const rows = this.#rows;
    const columns = Wxh instanceof Float64Array
      ? new Float64Array(rows * inputs)
      : new Float32Array(rows * inputs);
    for (let row = 0; row < rows; row++) {
      for (let t = 0; t < ids.length; t++) columns[row * inputs + t] = Wxh[row * size + ids[t]!]!;
    }
    return columns;
  }

  /** The norm of Wxhᵀ times each of the first `steps` columns of a [G·H, T] gradient. */
  #norms(gradient: RealArray, steps: number): Float64Array {
    const { parameters: { Wxh }, vocabulary: { size } } = this.#model;
    const { inputs } = this.#engine.options;
    const product = new Float64Array(size);
    return Float64Array.from({ length: steps }, (_, t) => {
      product.fill(0);
      for (let row = 0; row < this.#rows; row++) {
        const g = gradient[row * inputs + t]!;
        if (g === 0) continue;
        for (let v = 0, i = row * size; v < size; v++, i++) product[v]! += g * Wxh[i]!;
      }
      return Math.sqrt(product.reduce((sum, x) => sum + x * x, 0));
    });
  }
}

/**
 * The gradient of the log-odds of the last prediction with respect to all logits, [T, V]. It is 1 for
 * the target, and minus the softmax over all others: −p_v / (1 − p). Unlike the gradient of the loss,
 * which is this times p − 1, it does not vanish when the prediction is certain.
 */
function lastRowOnly(logits: RealArray, steps: number, target: number): Float64Array {
  const size = logits.length / steps;
  const first = (steps - 1) * size;
  const others = Float64Array.from(logits.subarray(first));
  others[target] = -Infinity;
  const sum = logSumExp(others);
  const gradients = new Float64Array(logits.length);
  // With one character only, there is nothing that could be predicted instead.
  if (sum === -Infinity || Number.isNaN(sum)) return gradients;
  for (let v = 0; v < size; v++) gradients[first + v] = -Math.exp(others[v]! - sum);
  gradients[first + target] = 1;
  return gradients;
}
