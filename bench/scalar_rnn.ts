/**
 * The network in plain float64 TypeScript, as one would write it for speed without vectors: typed
 * arrays, gathers instead of one-hot products, no array made during a step. It is what the kernels'
 * times are compared with; the mathematics is that of the kernels, and of tests/reference/.
 */
import {
  parameterNames,
  type ParameterSet,
  type RealArray,
  zeroParameters,
} from "../src/model/parameters.ts";
import type { NetworkSize, Workload } from "./network_size.ts";

/** C[rows × columns] += A[rows × depth]·B[depth × columns]. */
export function multiply(
  c: RealArray,
  a: RealArray,
  b: RealArray,
  rows: number,
  depth: number,
  columns: number,
): void {
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < depth; k++) {
      const factor = a[i * depth + k]!;
      for (let j = 0; j < columns; j++) c[i * columns + j]! += factor * b[k * columns + j]!;
    }
  }
}

/** C[rows × columns] += A[rows × depth]·Bᵀ, with B[columns × depth]. */
export function multiplyByTransposed(
  c: RealArray,
  a: RealArray,
  b: RealArray,
  rows: number,
  depth: number,
  columns: number,
): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < depth; k++) sum += a[i * depth + k]! * b[j * depth + k]!;
      c[i * columns + j]! += sum;
    }
  }
}

/** C[rows × columns] += Aᵀ·B, with A[depth × rows] and B[depth × columns]. */
export function multiplyTransposed(
  c: RealArray,
  a: RealArray,
  b: RealArray,
  rows: number,
  depth: number,
  columns: number,
): void {
  for (let k = 0; k < depth; k++) {
    for (let i = 0; i < rows; i++) {
      const factor = a[k * rows + i]!;
      for (let j = 0; j < columns; j++) c[i * columns + j]! += factor * b[k * columns + j]!;
    }
  }
}

/** One network on one batch; row t·B + b is step t of stream b, as in `Engine`. */
export class ScalarRnn {
  /** Left by {@linkcode backward}. */
  readonly gradients: ParameterSet;
  readonly #sums: ParameterSet;
  /** [(T+1)·B, H], the first B rows the initial state. */
  readonly #states: Float64Array;
  /** [R, V], then the gradient of the loss in their place. */
  readonly #logits: Float64Array;
  /** [R, H] */
  readonly #hiddenGradients: Float64Array;

  /** @param setting Its parameters are updated in place. */
  constructor(readonly setting: Workload, readonly size: NetworkSize) {
    const { sizes } = setting;
    const rows = size.seqLength * size.batchSize;
    this.gradients = zeroParameters(sizes, "f64");
    this.#sums = zeroParameters(sizes, "f64");
    this.#states = new Float64Array((rows + size.batchSize) * sizes.hidden);
    this.#logits = new Float64Array(rows * sizes.outputs);
    this.#hiddenGradients = new Float64Array(rows * sizes.hidden);
  }

  /** h_t = tanh(Wxh x_t + Whh h_{t-1} + bh), y_t = Why h_t + by. */
  forward(): void {
    const { inputIds, parameters, sizes: { inputs: I, hidden: H, outputs: V } } = this.setting;
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
      multiplyByTransposed(states, previous, Whh, batchSize, H, H);
      for (let i = 0; i < block; i++) states[i] = Math.tanh(states[i]!);
    }
    for (let row = 0; row < rows; row++) this.#logits.set(by, row * V);
    multiplyByTransposed(this.#logits, this.#states.subarray(block), Why, rows, H, V);
  }

  /** The loss, as `Engine.crossEntropy` has it; turns the logits into its gradient. */
  crossEntropy(): number {
    const { targetIds, sizes: { outputs: V } } = this.setting;
    const { seqLength, batchSize } = this.size;
    let loss = 0;
    for (let row = 0; row < seqLength * batchSize; row++) {
      const y = this.#logits.subarray(row * V, (row + 1) * V);
      const target = targetIds[row]!;
      let greatest = -Infinity;
      for (let v = 0; v < V; v++) greatest = Math.max(greatest, y[v]!);
      const shifted = y[target]! - greatest;
      let sum = 0;
      for (let v = 0; v < V; v++) sum += y[v] = Math.exp(y[v]! - greatest);
      for (let v = 0; v < V; v++) y[v]! /= sum * batchSize;
      y[target]! -= 1 / batchSize;
      loss += Math.log(sum) - shifted;
    }
    return loss / batchSize;
  }

  /** The gradients of the loss with respect to every parameter. */
  backward(): void {
    const { inputIds, parameters, sizes: { inputs: I, hidden: H, outputs: V } } = this.setting;
    const { Whh, Why } = parameters;
    const { Wxh: dWxh, Whh: dWhh, Why: dWhy, bh: dbh, by: dby } = this.gradients;
    const { seqLength, batchSize } = this.size;
    const rows = seqLength * batchSize;
    const block = batchSize * H;
    const dh = this.#hiddenGradients.fill(0);
    for (const gradient of Object.values(this.gradients)) gradient.fill(0);
    multiply(dh, this.#logits, Why, rows, V, H);
    for (let t = seqLength - 1; t >= 0; t--) {
      const own = dh.subarray(t * block, (t + 1) * block);
      const states = this.#states.subarray((t + 1) * block, (t + 2) * block);
      if (t + 1 < seqLength) {
        multiply(own, dh.subarray((t + 1) * block, (t + 2) * block), Whh, batchSize, H, H);
      }
      for (let i = 0; i < block; i++) own[i]! *= 1 - states[i]! * states[i]!;
    }
    multiplyTransposed(dWhy, this.#logits, this.#states.subarray(block), V, rows, H);
    multiplyTransposed(dWhh, dh, this.#states, H, rows, H);
    for (let row = 0; row < rows; row++) {
      const id = inputIds[row]!;
      for (let i = 0; i < H; i++) {
        dWxh[i * I + id]! += dh[row * H + i]!;
        dbh[i]! += dh[row * H + i]!;
      }
      for (let v = 0; v < V; v++) dby[v]! += this.#logits[row * V + v]!;
    }
  }

  /** Adagrad with clipping: m ← m + g², w ← w − rate·g / √(m + 1e-8). */
  update(rate: number, gradClip: number): void {
    const { parameters } = this.setting;
    for (const name of parameterNames) {
      const w = parameters[name];
      const m = this.#sums[name];
      const gradient = this.gradients[name];
      for (let i = 0; i < w.length; i++) {
        const g = Math.max(-gradClip, Math.min(gradClip, gradient[i]!));
        m[i]! += g * g;
        w[i]! -= rate * g / Math.sqrt(m[i]! + 1e-8);
      }
    }
  }
}
