/**
 * A tanh network in plain float64 TypeScript, the baseline of the kernels' times.
 *
 * It is written for speed as far as that is possible without SIMD: typed arrays, column lookups
 * instead of products with one-hot vectors, and no allocation of arrays during a step. The kernels
 * and tests/reference/ compute the same formulas.
 */
import { parameterNames, type ParameterSet, zeroParameters } from "../src/model/parameters.ts";
import { addMatmul, addMatmulNT, addMatmulTN } from "./scalar_matmul.ts";
import type { Workload, WorkloadSize } from "./workload.ts";

/** Adagrad's ε, inside the root as in min-char-rnn. */
const EPSILON = 1e-8;

/** A network of one layer and the batch that it trains on; row t·B + b is step t of stream b. */
export class ScalarRnn {
  /** The gradients that {@linkcode backward} computed last. */
  readonly gradients: ParameterSet;
  /** Adagrad's sums of squared gradients. */
  readonly #squareSums: ParameterSet;
  /** Hidden states, [T + 1, B, H]; the first B rows are the initial state, zero. */
  readonly #states: Float64Array;
  /** Logits, [T, B, V], which {@linkcode crossEntropy} overwrites with their gradients. */
  readonly #logits: Float64Array;
  /** Gradients of the hidden states, [T, B, H]. */
  readonly #hiddenGradients: Float64Array;

  /** @param workload The network, whose parameters are updated in place, and its batch. */
  constructor(readonly workload: Workload, readonly size: WorkloadSize) {
    const { sizes } = workload;
    const rows = size.seqLength * size.batchSize;
    this.gradients = zeroParameters(sizes, "f64");
    this.#squareSums = zeroParameters(sizes, "f64");
    this.#states = new Float64Array((rows + size.batchSize) * sizes.hidden);
    this.#logits = new Float64Array(rows * sizes.outputs);
    this.#hiddenGradients = new Float64Array(rows * sizes.hidden);
  }

  /** Forward pass: h_t = tanh(Wxh x_t + Whh h_{t-1} + bh), y_t = Why h_t + by. */
  forward(): void {
    const { inputIds, parameters, sizes: { inputs: I, hidden: H, outputs: V } } = this.workload;
    const { Wxh, Whh, Why, bh, by } = parameters;
    const { seqLength, batchSize } = this.size;
    const rows = seqLength * batchSize;
    const block = batchSize * H;
    for (let t = 0; t < seqLength; t++) {
      const previous = this.#states.subarray(t * block, (t + 1) * block);
      const states = this.#states.subarray((t + 1) * block, (t + 2) * block);
      for (let b = 0; b < batchSize; b++) {
        const id = inputIds[t * batchSize + b]!;
        for (let i = 0; i < H; i++) states[b * H + i] = Wxh[i * I + id]! + bh[i]!;
      }
      addMatmulNT(states, { a: previous, b: Whh, m: batchSize, k: H, n: H });
      for (let i = 0; i < block; i++) states[i] = Math.tanh(states[i]!);
    }
    for (let row = 0; row < rows; row++) this.#logits.set(by, row * V);
    addMatmulNT(this.#logits, { a: this.#states.subarray(block), b: Why, m: rows, k: H, n: V });
  }

  /**
   * Softmax and cross-entropy; overwrites the logits with the gradients of the loss.
   *
   * @returns The loss in nats, summed over T and averaged over B, as `Engine.crossEntropy` does.
   */
  crossEntropy(): number {
    const { targetIds, sizes: { outputs: V } } = this.workload;
    const { seqLength, batchSize } = this.size;
    let loss = 0;
    for (let row = 0; row < seqLength * batchSize; row++) {
      const y = this.#logits.subarray(row * V, (row + 1) * V);
      const target = targetIds[row]!;
      let max = -Infinity;
      for (let v = 0; v < V; v++) max = Math.max(max, y[v]!);
      const shifted = y[target]! - max;
      let sum = 0;
      for (let v = 0; v < V; v++) sum += y[v] = Math.exp(y[v]! - max);
      for (let v = 0; v < V; v++) y[v]! /= sum * batchSize;
      y[target]! -= 1 / batchSize;
      loss += Math.log(sum) - shifted;
    }
    return loss / batchSize;
  }

  /** Backward pass: the gradients of the loss with respect to all parameters. */
  backward(): void {
    const { inputIds, parameters, sizes: { inputs: I, hidden: H, outputs: V } } = this.workload;
    const { Whh, Why } = parameters;
    const { Wxh: dWxh, Whh: dWhh, Why: dWhy, bh: dbh, by: dby } = this.gradients;
    const { seqLength, batchSize } = this.size;
    const rows = seqLength * batchSize;
    const block = batchSize * H;
    const dh = this.#hiddenGradients.fill(0);
    for (const gradient of Object.values(this.gradients)) gradient.fill(0);
    addMatmul(dh, { a: this.#logits, b: Why, m: rows, k: V, n: H });
    for (let t = seqLength - 1; t >= 0; t--) {
      const current = dh.subarray(t * block, (t + 1) * block);
      const states = this.#states.subarray((t + 1) * block, (t + 2) * block);
      if (t + 1 < seqLength) {
        const next = dh.subarray((t + 1) * block, (t + 2) * block);
        addMatmul(current, { a: next, b: Whh, m: batchSize, k: H, n: H });
      }
      for (let i = 0; i < block; i++) current[i]! *= 1 - states[i]! * states[i]!;
    }
    addMatmulTN(dWhy, { a: this.#logits, b: this.#states.subarray(block), m: V, k: rows, n: H });
    addMatmulTN(dWhh, { a: dh, b: this.#states, m: H, k: rows, n: H });
    for (let row = 0; row < rows; row++) {
      const id = inputIds[row]!;
      for (let i = 0; i < H; i++) {
        dWxh[i * I + id]! += dh[row * H + i]!;
        dbh[i]! += dh[row * H + i]!;
      }
      for (let v = 0; v < V; v++) dby[v]! += this.#logits[row * V + v]!;
    }
  }

  /** Update by Adagrad, each element g of the gradients clipped: s += g², w −= lr·g / √(s + ε). */
  update({ lr, gradClip }: { readonly lr: number; readonly gradClip: number }): void {
    const { parameters } = this.workload;
    for (const name of parameterNames) {
      const w = parameters[name];
      const squareSums = this.#squareSums[name];
      const gradient = this.gradients[name];
      for (let i = 0; i < w.length; i++) {
        const g = Math.max(-gradClip, Math.min(gradClip, gradient[i]!));
        squareSums[i]! += g * g;
        w[i]! -= lr * g / Math.sqrt(squareSums[i]! + EPSILON);
      }
    }
  }
}
