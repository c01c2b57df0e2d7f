/**
 * What PyTorch computes with a state dict, in plain float64: the documented equations of torch.nn.RNN,
 * GRU and LSTM, with both of their biases, and of torch.nn.Linear.
 */
import type { Tensor } from "../../src/checkpoint/safetensors.ts";
import type { Cell } from "../../src/model/cells.ts";
import { product } from "../reference/cells.ts";

/** A state dict with the names of `encodeWeights()`. */
export interface StateDict {
  readonly cell: Cell;
  readonly layers: number;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** The loss of each id but the first, after all ids before it. */
export function torchLosses({ cell, layers, tensors }: StateDict, ids: readonly number[]) {
  const get = (name: string) => Float64Array.from(tensors.get(name)!.data);
  const affine = (weight: string, bias: string, x: Float64Array) => {
    const b = get(bias);
    return product(get(weight), x).map((sum, i) => sum + b[i]!);
  };
  const [size, hidden] = tensors.get("head.weight")!.shape as [number, number];
  const h = Array.from({ length: layers }, () => new Float64Array(hidden));
  const c = Array.from({ length: layers }, () => new Float64Array(hidden));
  return ids.slice(1).map((next, t) => {
    let x = new Float64Array(size);
    x[ids[t]!] = 1;
    for (let l = 0; l < layers; l++) {
      const input = affine(`rnn.weight_ih_l${l}`, `rnn.bias_ih_l${l}`, x);
      const recurrent = affine(`rnn.weight_hh_l${l}`, `rnn.bias_hh_l${l}`, h[l]!);
      const gate = (k: number, i: number) => input[k * hidden + i]! + recurrent[k * hidden + i]!;
      x = h[l]!.map((before, i) => {
        if (cell === "rnn") return Math.tanh(gate(0, i));
        if (cell === "lstm") {
          c[l]![i] = sigmoid(gate(1, i)) * c[l]![i]! + sigmoid(gate(0, i)) * Math.tanh(gate(2, i));
          return sigmoid(gate(3, i)) * Math.tanh(c[l]![i]!);
        }
        const [r, z] = [sigmoid(gate(0, i)), sigmoid(gate(1, i))];
        const n = Math.tanh(input[2 * hidden + i]! + r * recurrent[2 * hidden + i]!);
        return (1 - z) * n + z * before;
      });
      h[l] = x;
    }
    return crossEntropy(affine("head.weight", "head.bias", x), next);
  });
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** −ln softmax(logits) of an id. */
export function crossEntropy(logits: ArrayLike<number>, id: number): number {
  const max = Array.from(logits).reduce((a, b) => Math.max(a, b));
  const sum = Array.from(logits).reduce((total, y) => total + Math.exp(y - max), 0);
  return Math.log(sum) + max - logits[id]!;
}
