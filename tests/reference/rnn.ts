/**
 * The network in plain float64 TypeScript: the equations, written down one number at a time, with
 * nothing arranged for speed. Every kernel is held against it.
 *
 *     h_t = tanh(Wxh x_t + Whh h_{t-1} + bh)      y_t = Why h_t + by      p_t = softmax(y_t)
 *     loss = −Σ_t Σ_v q_tv ln p_tv, averaged over the streams
 */

import type { ParameterSet, Sizes } from "../../src/model/parameters.ts";
import { zeroParameters } from "../../src/model/parameters.ts";

/** What the network reads and has to predict: T steps of B streams; row t·B + b is step t of b. */
export interface Batch {
  readonly seqLength: number;
  readonly batchSize: number;
  /** [T·B] vectors of length I. */
  readonly inputs: readonly Float64Array[];
  /** [T·B] distributions over V. */
  readonly targets: readonly Float64Array[];
  /** [B, H] */
  readonly hiddenState: Float64Array;
}

/** What {@linkcode referenceGradients} finds. */
export interface Result {
  readonly loss: number;
  readonly gradients: ParameterSet;
  /** [T·B, H], after each step. */
  readonly hiddenStates: Float64Array;
  /** [T·B, V] */
  readonly logits: Float64Array;
}

/** Vectors that are 1 at one place. */
export function oneHot(ids: ArrayLike<number>, length: number): Float64Array[] {
  return Array.from(ids, (id) => {
    const vector = new Float64Array(length);
    vector[id] = 1;
    return vector;
  });
}

/** e^{y − max y}, divided by its sum. */
export function softmax(y: Float64Array): Float64Array {
  const greatest = y.reduce((a, b) => Math.max(a, b), -Infinity);
  const e = y.map((x) => Math.exp(x - greatest));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((x) => x / sum);
}

/** The loss of a batch and its gradient with respect to every parameter, by BPTT. */
export function referenceGradients(sizes: Sizes, parameters: ParameterSet, batch: Batch): Result {
  const { inputs: I, hidden: H, outputs: V } = sizes;
  const { seqLength: T, batchSize: B } = batch;
  const { Wxh, Whh, Why, bh, by } = parameters;
  const gradients = zeroParameters(sizes, "f64");
  const hiddenStates = new Float64Array(T * B * H);
  const logits = new Float64Array(T * B * V);
  let loss = 0;

  for (let b = 0; b < B; b++) {
    const h: Float64Array[] = [batch.hiddenState.slice(b * H, (b + 1) * H)];
    const p: Float64Array[] = [];
    for (let t = 0; t < T; t++) {
      const row = t * B + b;
      const x = batch.inputs[row]!;
      const q = batch.targets[row]!;
      const state = new Float64Array(H);
      for (let i = 0; i < H; i++) {
        let sum = bh[i]!;
        for (let j = 0; j < I; j++) sum += Wxh[i * I + j]! * x[j]!;
        for (let j = 0; j < H; j++) sum += Whh[i * H + j]! * h[t]![j]!;
        state[i] = Math.tanh(sum);
      }
      h.push(state);
      hiddenStates.set(state, row * H);

      const y = new Float64Array(V);
      for (let v = 0; v < V; v++) {
        let sum = by[v]!;
        for (let i = 0; i < H; i++) sum += Why[v * H + i]! * state[i]!;
        y[v] = sum;
      }
      logits.set(y, row * V);
      const probabilities = softmax(y);
      p.push(probabilities);
      for (let v = 0; v < V; v++) {
        if (q[v] !== 0) loss -= q[v]! * Math.log(probabilities[v]!);
      }
    }

    let fromNext = new Float64Array(H); // Whhᵀ draw_{t+1}
    for (let t = T - 1; t >= 0; t--) {
      const row = t * B + b;
      const x = batch.inputs[row]!;
      const q = batch.targets[row]!;
      const mass = q.reduce((a, c) => a + c, 0);
      const dy = p[t]!.map((probability, v) => (probability * mass - q[v]!) / B);
      const dh = fromNext;
      for (let v = 0; v < V; v++) {
        gradients.by[v]! += dy[v]!;
        for (let i = 0; i < H; i++) {
          gradients.Why[v * H + i]! += dy[v]! * h[t + 1]![i]!;
          dh[i]! += Why[v * H + i]! * dy[v]!;
        }
      }
      fromNext = new Float64Array(H);
      for (let i = 0; i < H; i++) {
        const draw = (1 - h[t + 1]![i]! ** 2) * dh[i]!;
        gradients.bh[i]! += draw;
        for (let j = 0; j < I; j++) gradients.Wxh[i * I + j]! += draw * x[j]!;
        for (let j = 0; j < H; j++) {
          gradients.Whh[i * H + j]! += draw * h[t]![j]!;
          fromNext[j]! += Whh[i * H + j]! * draw;
        }
      }
    }
  }
  return { loss: loss / B, gradients, hiddenStates, logits };
}
