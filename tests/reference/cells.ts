/**
 * One step of one layer of tanh, GRU or LSTM cells, forward and backward, in plain float64.
 *
 * x is the input of the layer, h' and c' are its states before the step, σ is the logistic function:
 *
 *     rnn   h = tanh(Wxh x + Whh h' + bh)
 *
 *     lstm  i, f, g, o = Wxh x + Whh h' + bh
 *           c = σ(f) ∘ c' + σ(i) ∘ tanh(g)             h = σ(o) ∘ tanh(c)
 *
 *     gru   r, z = σ(Wxh x + Whh h' + bh)              of their rows
 *           n = tanh(Wxh x + bh + r ∘ (Whh h' + bhn))  of n's rows
 *           h = (1 − z) ∘ n + z ∘ h'
 *
 * The gates are blocks of H rows in PyTorch's order: i, f, g, o and r, z, n. bh is the sum of
 * PyTorch's two biases, but for the GRU's n gate, where bh is `bias_ih` and bhn is `bias_hh`.
 */

import type { Cell } from "../../src/model/cells.ts";

/** The gates of each cell, G. */
export const gateCounts: Readonly<Record<Cell, number>> = { rnn: 1, gru: 3, lstm: 4 };

/** The parameters of one layer, or their gradients. */
export interface Layer {
  readonly Wxh: Float64Array;
  readonly Whh: Float64Array;
  readonly bh: Float64Array;
  /** Of a GRU; empty for other cells. */
  readonly bhn: Float64Array;
}

/** The inputs and results of one step of a layer. */
export interface Step {
  readonly x: Float64Array;
  readonly hBefore: Float64Array;
  readonly cBefore: Float64Array;
  /** Whh h', and in the GRU's n gate + bhn: [G·H]. */
  readonly recurrent: Float64Array;
  /** After σ or tanh: [G·H]; h of the tanh cell. */
  readonly gates: Float64Array;
  readonly h: Float64Array;
  /** Of an LSTM; zeros for other cells. */
  readonly c: Float64Array;
}

/** One step of one layer, forward. */
export function forward(
  cell: Cell,
  { Wxh, Whh, bh, bhn }: Layer,
  x: Float64Array,
  hBefore: Float64Array,
  cBefore: Float64Array,
): Step {
  const H = hBefore.length;
  const input = product(Wxh, x).map((sum, k) => sum + bh[k]!);
  const recurrent = product(Whh, hBefore);
  for (let i = 0; i < bhn.length; i++) recurrent[2 * H + i]! += bhn[i]!;
  const gates = new Float64Array(input.length);
  const h = new Float64Array(H);
  const c = new Float64Array(H);
  for (let i = 0; i < H; i++) {
    const sum = (gate: number) => input[gate * H + i]! + recurrent[gate * H + i]!;
    if (cell === "rnn") {
      h[i] = gates[i] = Math.tanh(sum(0));
    } else if (cell === "lstm") {
      const [I, F, G, O] = [sigmoid(sum(0)), sigmoid(sum(1)), Math.tanh(sum(2)), sigmoid(sum(3))];
      [I, F, G, O].forEach((value, gate) => gates[gate * H + i] = value);
      c[i] = F * cBefore[i]! + I * G;
      h[i] = O * Math.tanh(c[i]!);
    } else {
      const [R, Z] = [sigmoid(sum(0)), sigmoid(sum(1))];
      const N = Math.tanh(input[2 * H + i]! + R * recurrent[2 * H + i]!);
      [R, Z, N].forEach((value, gate) => gates[gate * H + i] = value);
      h[i] = (1 - Z) * N + Z * hBefore[i]!;
    }
  }
  return { x, hBefore, cBefore, recurrent, gates, h, c };
}

/**
 * One step of one layer, backward: the gradients of x, h' and c' from those of h and c. The gradients
 * of the parameters are added to `gradients`.
 */
export function backward(
  cell: Cell,
  { Wxh, Whh }: Layer,
  gradients: Layer,
  { x, hBefore, cBefore, recurrent, gates, h, c }: Step,
  dh: Float64Array,
  dcNext: Float64Array,
): { dx: Float64Array; dh: Float64Array; dc: Float64Array } {
  const H = dh.length;
  /** The gradients of Wxh x + bh and of Whh h' (+ bhn), which differ in the GRU's n gate only. */
  const dInput = new Float64Array(gates.length);
  const dRecurrent = new Float64Array(gates.length);
  /** The parts of the gradients of h' and c' that bypass the gates. */
  const dhDirect = new Float64Array(H);
  const dcBefore = new Float64Array(H);
  for (let i = 0; i < H; i++) {
    const set = (gate: number, d: number, throughRecurrent = d) => {
      dInput[gate * H + i] = d;
      dRecurrent[gate * H + i] = throughRecurrent;
    };
    const gate = (k: number) => gates[k * H + i]!;
    if (cell === "rnn") {
      set(0, (1 - h[i]! ** 2) * dh[i]!);
    } else if (cell === "lstm") {
      const [I, F, G, O] = [gate(0), gate(1), gate(2), gate(3)];
      const tanhC = Math.tanh(c[i]!);
      const dc = dcNext[i]! + dh[i]! * O * (1 - tanhC ** 2);
      set(0, dc * G * I * (1 - I));
      set(1, dc * cBefore[i]! * F * (1 - F));
      set(2, dc * I * (1 - G ** 2));
      set(3, dh[i]! * tanhC * O * (1 - O));
      dcBefore[i] = dc * F;
    } else {
      const [R, Z, N] = [gate(0), gate(1), gate(2)];
      const dn = dh[i]! * (1 - Z) * (1 - N ** 2);
      set(0, dn * recurrent[2 * H + i]! * R * (1 - R));
      set(1, dh[i]! * (hBefore[i]! - N) * Z * (1 - Z));
      set(2, dn, dn * R);
      dhDirect[i] = dh[i]! * Z;
    }
  }
  addOuterProduct(gradients.Wxh, dInput, x);
  addOuterProduct(gradients.Whh, dRecurrent, hBefore);
  for (let k = 0; k < dInput.length; k++) gradients.bh[k]! += dInput[k]!;
  for (let i = 0; i < gradients.bhn.length; i++) gradients.bhn[i]! += dRecurrent[2 * H + i]!;
  return {
    dx: transposedProduct(Wxh, dInput, x.length),
    dh: transposedProduct(Whh, dRecurrent, H).map((value, i) => value + dhDirect[i]!),
    dc: dcBefore,
  };
}

/** σ(x) = 1 / (1 + e^{−x}) */
function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** M x, with M [rows, length of x]. */
export function product(M: Float64Array, x: Float64Array): Float64Array {
  const result = new Float64Array(M.length / x.length);
  for (let i = 0; i < result.length; i++) {
    for (let j = 0; j < x.length; j++) result[i]! += M[i * x.length + j]! * x[j]!;
  }
  return result;
}

/** Mᵀ d, with M [length of d, columns]. */
export function transposedProduct(M: Float64Array, d: Float64Array, columns: number): Float64Array {
  const result = new Float64Array(columns);
  for (let i = 0; i < d.length; i++) {
    for (let j = 0; j < columns; j++) result[j]! += M[i * columns + j]! * d[i]!;
  }
  return result;
}

/** M += d xᵀ */
export function addOuterProduct(M: Float64Array, d: Float64Array, x: Float64Array): void {
  for (let i = 0; i < d.length; i++) {
    for (let j = 0; j < x.length; j++) M[i * x.length + j]! += d[i]! * x[j]!;
  }
}
