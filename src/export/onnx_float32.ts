/**
 * A model as an ONNX graph of the recurrent operators, which runtimes compute in single precision.
 *
 *     ids [T, B] ─► OneHot ─► RNN, GRU or LSTM, once per layer ─► MatMul, Add ─► logits [T, B, V]
 *     h0 [L, B, H] ─► Split ─┘                                └─► Concat ─► hn [L, B, H]
 */

import { type Cell, cells } from "../model/cells.ts";
import { type Model, sizesOf } from "../model/model.ts";
import type { RealArray } from "../model/parameters.ts";
import type { Graph } from "./onnx_graph.ts";
import { gateBlocks, transposed } from "./onnx_weights.ts";
import { weightTensors } from "./weights.ts";

/** The operator of each cell, and its gates as indices of PyTorch's order. */
const operators: Readonly<
  Record<Cell, { readonly type: string; readonly gates: readonly number[] }>
> = {
  rnn: { type: "RNN", gates: [0] },
  // z, r, h of r, z, n.
  gru: { type: "GRU", gates: [1, 0, 2] },
  // i, o, f, c of i, f, g, o.
  lstm: { type: "LSTM", gates: [0, 3, 1, 2] },
};

/** Adds the nodes and weights from the inputs to the outputs. */
export function addSinglePrecision(graph: Graph, model: Model): void {
  const { cell, layers, inputs, hidden, outputs } = { ...model.config, ...sizesOf(model) };
  graph.weights("off_on", [2], Float32Array.of(0, 1));
  const [depth, axis] = [graph.integers("V", inputs), graph.integers("direction", [1])];
  graph.add("OneHot", ["ids", depth, "off_on"], ["x"]);
  const states = cells[cell].hasCellState ? ["h", "c"] : ["h"];
  for (const state of states) {
    if (layers === 1) continue;
    const parts = Array.from({ length: layers }, (_, l) => `${state}0_l${l}`);
    graph.add("Split", [`${state}0`], parts, { axis: 0 });
  }
  let below = "x";
  for (let l = 0; l < layers; l++) {
    const suffix = layers === 1 ? "" : `_l${l}`;
    graph.add(
      operators[cell].type,
      [below, ...addLayer(graph, model, l), "", ...states.map((state) => `${state}0${suffix}`)],
      [`y_l${l}`, ...states.map((state) => `${state}n${suffix}`)],
      {
        hidden_size: hidden,
        ...cell === "gru" ? { linear_before_reset: 1 } : {},
      },
    );
    below = graph.apply("Squeeze", [`y_l${l}`, axis], `out_l${l}`);
  }
  for (const state of states) {
    if (layers === 1) continue;
    const parts = Array.from({ length: layers }, (_, l) => `${state}n_l${l}`);
    graph.add("Concat", parts, [`${state}n`], { axis: 0 });
  }
  const { Why, by } = model.parameters;
  graph.weights("head.weight", [hidden, outputs], single(transposed(Why, hidden)));
  graph.weights("head.bias", [outputs], single(by));
  graph.add("MatMul", [below, "head.weight"], ["scores"]);
  graph.add("Add", ["scores", "head.bias"], ["logits"]);
}

/** Adds the weights of a layer; the names of the operator's inputs W, R and B. */
function addLayer(graph: Graph, model: Model, layer: number): string[] {
  const { cell, hidden } = model.config;
  const { gates } = operators[cell];
  const tensors = new Map(weightTensors(model));
  const get = (kind: string) => tensors.get(`rnn.${kind}_l${layer}`)!;
  const inOrder = (data: RealArray) => single(gateBlocks(data, gates));
  const [W, R] = [get("weight_ih"), get("weight_hh")];
  const biases = [get("bias_ih"), get("bias_hh")].flatMap(({ data }) => [...inOrder(data)]);
  const name = (kind: string) => `${kind}_l${layer}`;
  const rows = gates.length * hidden;
  return [
    graph.weights(name("W"), [1, rows, W.shape[1]!], inOrder(W.data)),
    graph.weights(name("R"), [1, rows, hidden], inOrder(R.data)),
    graph.weights(name("B"), [1, 2 * rows], Float32Array.from(biases)),
  ];
}

function single(data: RealArray): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data);
}
