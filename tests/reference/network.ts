/**
 * The network in plain float64 TypeScript: the equations written down one number at a time, without
 * any optimization. Kernels are compared with it. It takes nothing from `src/` but types.
 *
 * Layer 0 reads the inputs, layer l + 1 the hidden states of layer l times the factors of dropout, and
 * the head those of the last layer:
 *
 *     p = softmax(Why h + by)      loss = −Σ_t Σ_v q_tv ln p_tv, averaged over the streams
 *
 * The cells are those of cells.ts.
 */

import type { ParameterSet, Sizes } from "../../src/model/parameters.ts";
import type { Cell } from "../../src/model/cells.ts";
import {
  addOuterProduct,
  backward,
  forward,
  gateCounts,
  type Layer,
  product,
  type Step,
  transposedProduct,
} from "./cells.ts";

/** T steps of B streams; row t·B + b is step t of stream b. */
export interface Batch {
  readonly seqLength: number;
  readonly batchSize: number;
  /** [T·B] vectors of length I. */
  readonly inputs: readonly Float64Array[];
  /** [T·B] distributions over V. */
  readonly targets: readonly Float64Array[];
  /** [L, B, H], before the first step. */
  readonly hiddenState: Float64Array;
  /** [L, B, H], before the first step, of an LSTM. */
  readonly cellState?: Float64Array;
  /** [L − 1] arrays of [T·B, H]: factors on the hidden states of layer l for layer l + 1. */
  readonly dropout?: readonly Float64Array[];
}

/** The result of {@linkcode referenceGradients}. */
export interface Result {
  readonly loss: number;
  readonly gradients: ParameterSet;
  /** [T·B, V] */
  readonly logits: Float64Array;
  /** [L] arrays of [T·B, H], after each step and before dropout. */
  readonly hiddenStates: readonly Float64Array[];
  /** [L] arrays of [T·B, H], of an LSTM. */
  readonly cellStates?: readonly Float64Array[];
  /** [L] arrays of [T·B, G·H]: each row has its gates one after the other. */
  readonly gates: readonly Float64Array[];
}

/** One-hot vectors. */
export function oneHot(ids: ArrayLike<number>, length: number): Float64Array[] {
  return Array.from(ids, (id) => {
    const vector = new Float64Array(length);
    vector[id] = 1;
    return vector;
  });
}

/** e^{y − max y}, divided by its sum. */
export function softmax(y: Float64Array): Float64Array {
  const max = y.reduce((a, b) => Math.max(a, b), -Infinity);
  const e = y.map((x) => Math.exp(x - max));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((x) => x / sum);
}

/** The entropy of a distribution in nats, −Σ p ln p. */
export function entropy(p: Float64Array): number {
  return p.reduce((sum, x) => x === 0 ? sum : sum - x * Math.log(x), 0);
}

/**
 * The gradient of −Σ q ln p − β Σ q · H(p) with respect to the logits of p:
 * Σ q · p (1 + β (ln p + H)) − q (Pereyra et al., 2017).
 */
export function penalizedGradient(
  y: Float64Array,
  q: Float64Array,
  penalty: number,
): Float64Array {
  const p = softmax(y);
  const h = entropy(p);
  const mass = q.reduce((a, b) => a + b, 0);
  return p.map((x, v) => mass * (x === 0 ? 0 : x * (1 + penalty * (Math.log(x) + h))) - q[v]!);
}

/** The arrays of a parameter set by name. */
type Arrays = Record<string, Float64Array>;

/** The suffix of the names of layer l's parameters. */
const suffix = (l: number) => l === 0 ? "" : `_l${l}`;

/** The shape of each parameter, [rows, columns] or [length], in the order of initialisation. */
export function referenceShapes(sizes: Sizes): Record<string, readonly number[]> {
  const { cell = "rnn", layers = 1, inputs: I, hidden: H, outputs: V } = sizes;
  const G = gateCounts[cell];
  const shapes: Record<string, readonly number[]> = {};
  for (let l = 0; l < layers; l++) {
    shapes["Wxh" + suffix(l)] = [G * H, l === 0 ? I : H];
    shapes["Whh" + suffix(l)] = [G * H, H];
  }
  shapes.Why = [V, H];
  for (let l = 0; l < layers; l++) shapes["bh" + suffix(l)] = [G * H];
  if (cell === "gru") { for (let l = 0; l < layers; l++) shapes["bhn" + suffix(l)] = [H]; }
  shapes.by = [V];
  return shapes;
}

/** The loss of a batch and its gradient with respect to every parameter, by BPTT. */
export function referenceGradients(sizes: Sizes, parameters: ParameterSet, batch: Batch): Result {
  const { cell = "rnn", layers: L = 1, hidden: H, outputs: V } = sizes;
  const { seqLength: T, batchSize: B, dropout } = batch;
  if (cell === "lstm" && !batch.cellState) throw new TypeError("An LSTM needs a cell state");
  const weights = parameters as unknown as Arrays;
  const gradients: Arrays = {};
  for (const [name, shape] of Object.entries(referenceShapes(sizes))) {
    gradients[name] = new Float64Array(shape.reduce((product, n) => product * n, 1));
  }
  const { Why, by } = weights as { Why: Float64Array; by: Float64Array };
  const { Why: dWhy, by: dby } = gradients as { Why: Float64Array; by: Float64Array };
  const states = (each = H) => Array.from({ length: L }, () => new Float64Array(T * B * each));
  const hiddenStates = states();
  const cellStates = states();
  const gates = states(gateCounts[cell] * H);
  const logits = new Float64Array(T * B * V);
  let loss = 0;

  for (let b = 0; b < B; b++) {
    const row = (t: number) => t * B + b;
    /** The hidden state of layer l in step t, or its gradient, through dropout. */
    const masked = (h: Float64Array, l: number, t: number) => {
      const factors = dropout?.[l]?.subarray(row(t) * H, (row(t) + 1) * H);
      return factors ? h.map((value, i) => value * factors[i]!) : h;
    };

    // Forward, layer by layer.
    const steps: Step[][] = [];
    for (let l = 0; l < L; l++) {
      const layer = layerOf(cell, weights, l);
      const first = (l * B + b) * H;
      let h: Float64Array = batch.hiddenState.slice(first, first + H);
      let c: Float64Array = batch.cellState?.slice(first, first + H) ?? new Float64Array(H);
      steps.push([]);
      for (let t = 0; t < T; t++) {
        const x = l === 0 ? batch.inputs[row(t)]! : masked(steps[l - 1]![t]!.h, l - 1, t);
        const step = forward(cell, layer, x, h, c);
        steps[l]!.push(step);
        ({ h, c } = step);
        hiddenStates[l]!.set(h, row(t) * H);
        cellStates[l]!.set(c, row(t) * H);
        gates[l]!.set(step.gates, row(t) * step.gates.length);
      }
    }

    // The head, forward and backward; dh[t] is the gradient of the last layer's h.
    let dh: Float64Array[] = [];
    for (let t = 0; t < T; t++) {
      const h = steps[L - 1]![t]!.h;
      const q = batch.targets[row(t)]!;
      const y = product(Why, h).map((sum, v) => sum + by[v]!);
      logits.set(y, row(t) * V);
      const logP = logSoftmax(y);
      const mass = q.reduce((a, c) => a + c, 0);
      const dy = new Float64Array(V);
      for (let v = 0; v < V; v++) {
        loss -= q[v]! * logP[v]! / B;
        dy[v] = (Math.exp(logP[v]!) * mass - q[v]!) / B;
        dby[v]! += dy[v]!;
      }
      addOuterProduct(dWhy, dy, h);
      dh.push(transposedProduct(Why, dy, H));
    }

    // Backward, from the last layer to the first, each from its last step to its first.
    for (let l = L - 1; l >= 0; l--) {
      const dx: Float64Array[] = [];
      let dhNext: Float64Array = new Float64Array(H);
      let dcNext: Float64Array = new Float64Array(H);
      for (let t = T - 1; t >= 0; t--) {
        const dhHere = dh[t]!.map((value, i) => value + dhNext[i]!);
        const before = backward(
          cell,
          layerOf(cell, weights, l),
          layerOf(cell, gradients, l),
          steps[l]![t]!,
          dhHere,
          dcNext,
        );
        dx[t] = before.dx;
        dhNext = before.dh;
        dcNext = before.dc;
      }
      if (l > 0) dh = dx.map((d, t) => masked(d, l - 1, t));
    }
  }
  const result = {
    loss,
    gradients: gradients as unknown as ParameterSet,
    logits,
    hiddenStates,
    gates,
  };
  return cell === "lstm" ? { ...result, cellStates } : result;
}

function layerOf(cell: Cell, parameters: Arrays, l: number): Layer {
  const array = (name: string) => parameters[name + suffix(l)]!;
  return {
    Wxh: array("Wxh"),
    Whh: array("Whh"),
    bh: array("bh"),
    bhn: cell === "gru" ? array("bhn") : new Float64Array(0),
  };
}

/** ln softmax(y) = y − max y − ln Σ e^{y − max y}, which is finite for every finite y. */
function logSoftmax(y: Float64Array): Float64Array {
  const max = y.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = y.reduce((total, value) => total + Math.exp(value - max), 0);
  return y.map((value) => value - max - Math.log(sum));
}
