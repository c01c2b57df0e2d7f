/**
 * A model as an ONNX graph in double precision. Runtimes have the recurrent operators in single
 * precision only, so each layer is a `Scan` of the equations of its cell:
 *
 *     ids [T, B] ─► Gather, Add ─► Scan ─► MatMul, Add ─► Scan ─► … ─► MatMul, Add ─► logits [T, B, V]
 *     h0 [L, B, H] ─► Gather ───────┘ └─► Unsqueeze, Concat ─► hn [L, B, H]
 *
 * The first Gather takes the columns of Wxh that the ids select. Weights in single precision stay so
 * in the file. `Cast` converts them, which runtimes do once, when they load the graph, but for those
 * that a Gather reads.
 */

import { type Cell, cells } from "../model/cells.ts";
import { type Model, sizesOf } from "../model/model.ts";
import type { RealArray } from "../model/parameters.ts";
import { DOUBLE, Graph, type Value } from "./onnx_graph.ts";
import { gateBlocks, transposed } from "./onnx_weights.ts";
import { weightTensors } from "./weights.ts";

/** How a cell is computed. */
interface CellGraph {
  /** Its gates as indices of PyTorch's order: those of the sigmoid come first. */
  readonly gates: readonly number[];
  /** The inputs of a step, by the number of gates that each has. */
  readonly inputs: Readonly<Record<string, number>>;
  /**
   * Adds one step: from the inputs, the states `h` and `c`, and the outer values `R`, [H, G·H],
   * `bhn`, [H], and `parts`, which splits the gates into those of the sigmoid and the other.
   *
   * @returns The names of the next states.
   */
  readonly addStep: (
    step: Graph,
    outer: Readonly<Record<"R" | "bhn" | "parts", string>>,
  ) => string[];
}

const cellGraphs: Readonly<Record<Cell, CellGraph>> = {
  rnn: {
    gates: [0],
    inputs: { x: 1 },
    addStep(step, { R }) {
      step.apply("MatMul", ["h", R], "u");
      step.apply("Add", ["x", "u"], "a");
      return [step.apply("Tanh", ["a"], "h_next")];
    },
  },
  gru: {
    gates: [0, 1, 2],
    inputs: { x_rz: 2, x_n: 1 },
    addStep(step, { R, bhn, parts }) {
      step.apply("MatMul", ["h", R], "u");
      step.add("Split", ["u", parts], ["u_rz", "u_n"], { axis: 1 });
      step.apply("Add", ["x_rz", "u_rz"], "a_rz");
      step.apply("Sigmoid", ["a_rz"], "rz");
      step.add("Split", ["rz"], ["r", "z"], { axis: 1 });
      step.apply("Add", ["u_n", bhn], "u_bias");
      step.apply("Mul", ["r", "u_bias"], "u_reset");
      step.apply("Add", ["x_n", "u_reset"], "a_n");
      step.apply("Tanh", ["a_n"], "n");
      // (1 − z) n + z h
      step.apply("Sub", ["h", "n"], "difference");
      step.apply("Mul", ["z", "difference"], "kept");
      return [step.apply("Add", ["n", "kept"], "h_next")];
    },
  },
  lstm: {
    // i, f, o, g of i, f, g, o.
    gates: [0, 1, 3, 2],
    inputs: { x: 4 },
    addStep(step, { R, parts }) {
      step.apply("MatMul", ["h", R], "u");
      step.apply("Add", ["x", "u"], "a");
      step.add("Split", ["a", parts], ["a_ifo", "a_g"], { axis: 1 });
      step.apply("Sigmoid", ["a_ifo"], "ifo");
      step.add("Split", ["ifo"], ["i", "f", "o"], { axis: 1 });
      step.apply("Tanh", ["a_g"], "g");
      step.apply("Mul", ["f", "c"], "kept");
      step.apply("Mul", ["i", "g"], "written");
      const c = step.apply("Add", ["kept", "written"], "c_next");
      step.apply("Tanh", [c], "c_tanh");
      return [step.apply("Mul", ["o", "c_tanh"], "h_next"), c];
    },
  },
};

/** Adds the nodes and weights from the inputs to the outputs. */
export function addDoublePrecision(graph: Graph, model: Model): void {
  const { cell, layers, hidden, outputs } = { ...model.config, ...sizesOf(model) };
  const states = cells[cell].hasCellState ? ["h", "c"] : ["h"];
  const { gates } = cellGraphs[cell];
  // Runtimes warn of what no node uses.
  if (gates.length > 1) graph.integers("parts", [(gates.length - 1) * hidden, hidden]);
  graph.integers("axis", [0]);
  let below = "";
  for (let l = 0; l < layers; l++) below = addLayer(graph, { model, layer: l, below });
  for (const state of states) {
    const parts = Array.from(
      { length: layers },
      (_, l) => graph.apply("Unsqueeze", [`${state}n_l${l}`, "axis"], `${state}n_row_l${l}`),
    );
    graph.add("Concat", parts, [`${state}n`], { axis: 0 });
  }
  const { Why, by } = model.parameters;
  const head = double(graph, "head.weight", [hidden, outputs], transposed(Why, hidden));
  const bias = double(graph, "head.bias", [outputs], by);
  graph.add("MatMul", [below, head], ["scores"]);
  graph.add("Add", ["scores", bias], ["logits"]);
}

/**
 * Adds a layer.
 *
 * @returns The name of its outputs, [T, B, H].
 */
function addLayer(
  graph: Graph,
  { model, layer, below }: {
    readonly model: Model;
    readonly layer: number;
    /** The name of the outputs of the layer below; the first has none. */
    readonly below: string;
  },
): string {
  const { cell, hidden } = model.config;
  const { gates, inputs, addStep } = cellGraphs[cell];
  const states = cells[cell].hasCellState ? ["h", "c"] : ["h"];
  const tensors = new Map(weightTensors(model));
  const name = (kind: string) => `${kind}_l${layer}`;
  /** The transposed matrix of a kind, [columns, G·H]. */
  const matrix = (kind: string): [readonly number[], RealArray] => {
    const { data } = tensors.get(`rnn.${name(kind)}`)!;
    const columns = data.length / (gates.length * hidden);
    return [[columns, gates.length * hidden], transposed(gateBlocks(data, gates), columns)];
  };
  const biasOf = (kind: string) => tensors.get(`rnn.${name(kind)}`)!.data;

  const R = double(graph, name("R"), ...matrix("weight_hh"));
  const bias = double(
    graph,
    name("b"),
    [gates.length * hidden],
    gateBlocks(biasOf("bias_ih"), gates),
  );
  // Only the candidate state of a GRU has a second bias.
  const bhn = cells[cell].hasCandidateBias
    ? double(graph, name("bhn"), [hidden], biasOf("bias_hh").slice(-hidden))
    : "";

  let products: string;
  if (layer === 0) {
    const W = graph.weights(name("W"), ...matrix("weight_ih"));
    const columns = graph.apply("Gather", [W, "ids"], name("columns"), { axis: 0 });
    // Every id would cost more to convert in advance than those of a call.
    products = graph.apply("Cast", [columns], name("products"), { to: DOUBLE });
  } else {
    const W = double(graph, name("W"), ...matrix("weight_ih"));
    products = graph.apply("MatMul", [below, W], name("products"));
  }
  const x = graph.apply("Add", [products, bias], name("x"));
  const names = Object.keys(inputs);
  const scanned = names.length === 1 ? [x] : names.map((input) => name(input));
  if (names.length > 1) graph.add("Split", [x, "parts"], scanned, { axis: 2 });

  const step = new Graph();
  const next = addStep(step, { R, bhn, parts: "parts" });
  step.add("Identity", [next[0]!], ["y"]);
  const value = (name: string, count = 1): Value => ({
    name,
    type: DOUBLE,
    shape: ["batch", count * hidden],
  });
  const body = step.finish(name("step"), {
    inputs: [
      ...states.map((state) => value(state)),
      ...Object.entries(inputs).map(([input, count]) => value(input, count)),
    ],
    outputs: [...next.map((state) => value(state)), value("y")],
  });

  const index = graph.integers(name("layer"), layer);
  const before = states.map((state) =>
    graph.apply("Gather", [`${state}0`, index], name(`${state}0`), { axis: 0 })
  );
  const after = states.map((state) => name(`${state}n`));
  graph.add("Scan", [...before, ...scanned], [...after, name("y")], {
    num_scan_inputs: scanned.length,
    body,
  });
  return name("y");
}

/** Adds weights, and a node that makes them numbers of double precision. */
function double(graph: Graph, name: string, shape: readonly number[], data: RealArray): string {
  const weights = graph.weights(name, shape, data);
  if (data instanceof Float64Array) return weights;
  return graph.apply("Cast", [weights], `${name}.double`, { to: DOUBLE });
}
