/**
 * Networks of one or more layers of tanh, GRU or LSTM cells in plain float64 TypeScript, like
 * `rnn.ts`: one number at a time, nothing arranged for speed, nothing taken from `src/`.
 *
 * Layer 0 reads the inputs, layer l + 1 the h of layer l, times the factors of dropout, and the head
 * the h of the last layer:
 *
 *     p = softmax(Why h + by)      loss = −Σ_t Σ_v q_tv ln p_tv, averaged over the streams
 *
 * The cells are those of `cells.ts`.
 */

import {
  addOuterProduct,
  backward,
  type Cell,
  forward,
  gateCounts,
  type Layer,
  product,
  type Step,
  transposedProduct,
} from "./cells.ts";

export type { Cell };

/** The sizes that decide the parameters' shapes: L layers, I, H, V. */
export interface NetworkSizes {
  readonly cell: Cell;
  readonly layers: number;
  readonly inputs: number;
  readonly hidden: number;
  readonly outputs: number;
}

/** Row-major arrays by the names of {@linkcode referenceShapes}. */
export type Parameters = Record<string, Float64Array>;

/** What the network reads and has to predict: T steps of B streams; row t·B + b is step t of b. */
export interface NetworkBatch {
  readonly seqLength: number;
  readonly batchSize: number;
  /** [T·B] vectors of length I. */
  readonly inputs: readonly Float64Array[];
  /** [T·B] distributions over V. */
  readonly targets: readonly Float64Array[];
  /** [L, B, H], before the first step; a constant to the gradients. */
  readonly hiddenState: Float64Array;
  /** [L, B, H], of an LSTM. */
  readonly cellState?: Float64Array;
  /** [L − 1] arrays of [T·B, H]: factors on layer l's h before layer l + 1 reads it. */
  readonly dropout?: readonly Float64Array[];
}

/** What {@linkcode networkGradients} finds. */
export interface NetworkResult {
  readonly loss: number;
  readonly gradients: Parameters;
  /** [T·B, V] */
  readonly logits: Float64Array;
  /** [L] arrays of [T·B, H], after each step and before dropout. */
  readonly hiddenStates: readonly Float64Array[];
  /** Those of an LSTM's cells. */
  readonly cellStates?: readonly Float64Array[];
}

/** The end of the names of layer l's parameters: nothing for the first. */
const suffix = (l: number) => l === 0 ? "" : `_l${l}`;

/** The shape of each parameter, [rows, columns] or [length], in the order of initialisation. */
export function referenceShapes(sizes: NetworkSizes): Record<string, readonly number[]> {
  const { cell, layers, inputs: I, hidden: H, outputs: V } = sizes;
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
export function networkGradients(
  sizes: NetworkSizes,
  parameters: Parameters,
  batch: NetworkBatch,
): NetworkResult {
  const { cell, layers: L, hidden: H, outputs: V } = sizes;
  const { seqLength: T, batchSize: B, dropout } = batch;
  if (cell === "lstm" && !batch.cellState) throw new TypeError("An LSTM needs a cell state");
  const gradients: Parameters = {};
  for (const [name, shape] of Object.entries(referenceShapes(sizes))) {
    gradients[name] = new Float64Array(shape.reduce((product, n) => product * n, 1));
  }
  const { Why, by } = parameters as { Why: Float64Array; by: Float64Array };
  const { Why: dWhy, by: dby } = gradients as { Why: Float64Array; by: Float64Array };
  const states = () => Array.from({ length: L }, () => new Float64Array(T * B * H));
  const hiddenStates = states();
  const cellStates = states();
  const logits = new Float64Array(T * B * V);
  let loss = 0;

  for (let b = 0; b < B; b++) {
    const row = (t: number) => t * B + b;
    /** Layer l's factors on its h of step t. */
    const factors = (l: number, t: number) =>
      dropout ? dropout[l]!.subarray(row(t) * H, (row(t) + 1) * H) : new Float64Array(H).fill(1);

    // Forward, layer by layer.
    const seqLength: Step[][] = [];
    for (let l = 0; l < L; l++) {
      const layer = layerOf(cell, parameters, l);
      const first = (l * B + b) * H;
      let h: Float64Array = batch.hiddenState.slice(first, first + H);
      let c: Float64Array = batch.cellState?.slice(first, first + H) ?? new Float64Array(H);
      seqLength.push([]);
      for (let t = 0; t < T; t++) {
        const x = l === 0
          ? batch.inputs[row(t)]!
          : seqLength[l - 1]![t]!.h.map((value, i) => value * factors(l - 1, t)[i]!);
        const step = forward(cell, layer, x, h, c);
        seqLength[l]!.push(step);
        ({ h, c } = step);
        hiddenStates[l]!.set(h, row(t) * H);
        cellStates[l]!.set(c, row(t) * H);
      }
    }

    // The head, forward and backward; dh[t] is the gradient of the last layer's h.
    let dh: Float64Array[] = [];
    for (let t = 0; t < T; t++) {
      const h = seqLength[L - 1]![t]!.h;
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
          layerOf(cell, parameters, l),
          layerOf(cell, gradients, l),
          seqLength[l]![t]!,
          dhHere,
          dcNext,
        );
        dx[t] = before.dx;
        dhNext = before.dh;
        dcNext = before.dc;
      }
      if (l > 0) dh = dx.map((d, t) => d.map((value, i) => value * factors(l - 1, t)[i]!));
    }
  }
  const result = { loss, gradients, logits, hiddenStates };
  return cell === "lstm" ? { ...result, cellStates } : result;
}

function layerOf(cell: Cell, parameters: Parameters, l: number): Layer {
  const array = (name: string) => parameters[name + suffix(l)]!;
  return {
    Wxh: array("Wxh"),
    Whh: array("Whh"),
    bh: array("bh"),
    bhn: cell === "gru" ? array("bhn") : new Float64Array(0),
  };
}

/** ln softmax(y), finite whatever finite y is: y − max y − ln Σ e^{y − max y}. */
function logSoftmax(y: Float64Array): Float64Array {
  const greatest = y.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = y.reduce((total, value) => total + Math.exp(value - greatest), 0);
  return y.map((value) => value - greatest - Math.log(sum));
}
