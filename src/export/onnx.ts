/**
 * A model as an ONNX graph (https://onnx.ai/onnx/repo-docs/IR.html), by the operators of opset 17.
 *
 *     ids [T, B] ─► OneHot ─► RNN, GRU or LSTM, once per layer ─► MatMul, Add ─► logits [T, B, V]
 *     h0 [L, B, H] ─► Split ─┘                                └─► Concat ─► hn [L, B, H]
 *
 * T and B are free. An LSTM has c0 and cn besides.
 */

import { bytesOf } from "../checkpoint/safetensors.ts";
import { type Cell, cells } from "../model/cells.ts";
import { checkModel, type Model, sizesOf } from "../model/model.ts";
import type { RealArray } from "../model/parameters.ts";
import { MessageWriter } from "../protobuf.ts";
import { InputError } from "../errors.ts";
import { metadataOf, weightTensors } from "./weights.ts";

const OPSET = 17;
/** The version of the format that came with the opset. */
const IR_VERSION = 8;
/** What a protocol buffer may have, less than what the graph takes besides its weights. */
const MAX_WEIGHT_BYTES = 2 ** 31 - 2 ** 26;

/** TensorProto.DataType. */
const FLOAT = 1;
const INT64 = 7;
/** AttributeProto.AttributeType. */
const INT_ATTRIBUTE = 2;

/** The operator of each cell, and its gates as indices of PyTorch's order. */
const operators: Readonly<Record<Cell, { readonly type: string; readonly gates: number[] }>> = {
  rnn: { type: "RNN", gates: [0] },
  // z, r, h of r, z, n.
  gru: { type: "GRU", gates: [1, 0, 2] },
  // i, o, f, c of i, f, g, o.
  lstm: { type: "LSTM", gates: [0, 3, 1, 2] },
};

/**
 * Encodes a model as an ONNX file.
 *
 * Inputs are `ids` (int64, [sequence, batch]), `h0` (float, [L, batch, H]) and, for an LSTM, `c0`;
 * outputs `logits` (float, [sequence, batch, V]), `hn` and `cn`. Sequence and batch have any length.
 * A text begins with states of zero, and continues with the states of the last call. The metadata
 * has that of {@linkcode encodeWeights}: `cell`, and `vocabulary`, the JSON string of all characters by
 * their ids.
 *
 * The weights are in single precision, which is what runtimes compute these operators in; those of
 * a model of precision `f64` are rounded.
 *
 * @param model A model, for example a checkpoint.
 * @returns The bytes of the file.
 * @throws {InputError} if the weights take 2 GiB, or the configuration of the model is invalid.
 * @throws {RangeError} if the weights do not have the shapes of the configuration.
 * @throws {TypeError} if it is no model.
 *
 * @example
 * ```ts
 * import { corpusFromText, train } from "../mod.ts";
 * import { encodeOnnx } from "./mod.ts";
 *
 * const corpus = corpusFromText("tick tock ".repeat(50));
 * const { best } = await train(corpus, { config: { hidden: 8, cell: "gru" }, steps: 1 });
 * console.log(new TextDecoder().decode(encodeOnnx(best)).includes("GRU")); // true
 * ```
 */
export function encodeOnnx(model: Model): Uint8Array {
  checkModel(model, "Cannot export the model as ONNX");
  return new MessageWriter()
    .int(1, IR_VERSION)
    .text(2, "unroll")
    .message(7, graphOf(model))
    .message(8, new MessageWriter().text(1, "").int(2, OPSET))
    .messages(
      14,
      Object.entries(metadataOf(model)),
      ([key, value]) => new MessageWriter().text(1, key).text(2, value),
    )
    .finish();
}

/** Collects the nodes and initializers of a graph. */
class Graph {
  readonly nodes: MessageWriter[] = [];
  readonly initializers: MessageWriter[] = [];
  #bytes = 0;

  /** Adds a node; names of inputs that are empty are left out. */
  add(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, number>> = {},
  ): void {
    const node = new MessageWriter();
    for (const name of inputs) node.text(1, name);
    for (const name of outputs) node.text(2, name);
    node.text(3, `${type}_${outputs.find((name) => name !== "")}`).text(4, type);
    node.messages(
      5,
      Object.entries(attributes),
      ([name, value]) => new MessageWriter().text(1, name).int(3, value).int(20, INT_ATTRIBUTE),
    );
    this.nodes.push(node);
  }

  /** Adds weights. */
  weights(name: string, shape: readonly number[], data: Float32Array): string {
    this.#bytes += data.byteLength;
    if (this.#bytes > MAX_WEIGHT_BYTES) {
      throw new InputError(
        "Cannot export the model as ONNX: its weights take more than a file of this format can " +
          "have, 2 GiB; export it as safetensors",
      );
    }
    return this.#initializer(name, { type: FLOAT, shape, bytes: bytesOf(data) });
  }

  /** Adds whole numbers: one, without a shape, or a list. */
  integers(name: string, value: number | readonly number[]): string {
    const list = typeof value === "number" ? [value] : value;
    const data = BigInt64Array.from(list, BigInt);
    const bytes = new Uint8Array(data.buffer);
    const shape = typeof value === "number" ? [] : [list.length];
    return this.#initializer(name, { type: INT64, shape, bytes });
  }

  #initializer(
    name: string,
    { type, shape, bytes }: {
      readonly type: number;
      readonly shape: readonly number[];
      readonly bytes: Uint8Array;
    },
  ): string {
    const tensor = new MessageWriter();
    for (const length of shape) tensor.int(1, length);
    this.initializers.push(tensor.int(2, type).text(8, name).bytes(9, bytes));
    return name;
  }
}

function graphOf(model: Model): MessageWriter {
  const { cell, layers, inputs, hidden, outputs } = { ...model.config, ...sizesOf(model) };
  const { hasCellState } = cells[cell];
  const graph = new Graph();
  graph.weights("off_on", [2], Float32Array.of(0, 1));
  const [depth, axis] = [graph.integers("V", inputs), graph.integers("direction", [1])];
  graph.add("OneHot", ["ids", depth, "off_on"], ["x"]);
  const states = hasCellState ? ["h", "c"] : ["h"];
  for (const state of states) {
    if (layers === 1) continue;
    const parts = Array.from({ length: layers }, (_, l) => `${state}0_l${l}`);
    graph.add("Split", [`${state}0`], parts, { axis: 0 });
  }
  let below = "x";
  for (let l = 0; l < layers; l++) {
    const [suffix, last] = layers === 1 ? ["", ""] : [`_l${l}`, `_l${l}`];
    graph.add(
      operators[cell].type,
      [below, ...addLayer(graph, model, l), "", ...states.map((state) => `${state}0${suffix}`)],
      [`y_l${l}`, ...states.map((state) => `${state}n${last}`)],
      {
        hidden_size: hidden,
        ...cell === "gru" ? { linear_before_reset: 1 } : {},
      },
    );
    graph.add("Squeeze", [`y_l${l}`, axis], [`out_l${l}`]);
    below = `out_l${l}`;
  }
  for (const state of states) {
    if (layers === 1) continue;
    const parts = Array.from({ length: layers }, (_, l) => `${state}n_l${l}`);
    graph.add("Concat", parts, [`${state}n`], { axis: 0 });
  }
  const { Why, by } = model.parameters;
  graph.weights("head.weight", [hidden, outputs], transposed(Why, hidden));
  graph.weights("head.bias", [outputs], Float32Array.from(by));
  graph.add("MatMul", [below, "head.weight"], ["scores"]);
  graph.add("Add", ["scores", "head.bias"], ["logits"]);

  const stateShape = [layers, "batch", hidden];
  return new MessageWriter()
    .messages(1, graph.nodes, (node) => node)
    .text(2, "unroll")
    .messages(5, graph.initializers, (tensor) => tensor)
    .message(11, valueInfo("ids", INT64, ["sequence", "batch"]))
    .messages(11, states, (state) => valueInfo(`${state}0`, FLOAT, stateShape))
    .message(12, valueInfo("logits", FLOAT, ["sequence", "batch", outputs]))
    .messages(12, states, (state) => valueInfo(`${state}n`, FLOAT, stateShape));
}

/** Adds the weights of a layer; the names of the operator's inputs W, R and B. */
function addLayer(graph: Graph, model: Model, layer: number): string[] {
  const { cell, hidden } = model.config;
  const { gates } = operators[cell];
  const tensors = new Map(weightTensors(model));
  const get = (kind: string) => tensors.get(`rnn.${kind}_l${layer}`)!;
  const [W, R] = [get("weight_ih"), get("weight_hh")];
  const biases = [get("bias_ih"), get("bias_hh")].map(({ data }) => reordered(data, 1));
  const name = (kind: string) => `${kind}_l${layer}`;
  const rows = gates.length * hidden;
  return [
    graph.weights(name("W"), [1, rows, W.shape[1]!], reordered(W.data, W.shape[1]!)),
    graph.weights(name("R"), [1, rows, hidden], reordered(R.data, hidden)),
    graph.weights(name("B"), [1, 2 * rows], Float32Array.from(biases.flatMap((b) => [...b]))),
  ];

  /** The gates, blocks of H rows, in the order of the operator. */
  function reordered(data: RealArray, columns: number): Float32Array {
    const block = hidden * columns;
    const result = new Float32Array(data.length);
    gates.forEach((gate, i) =>
      result.set(data.subarray(gate * block, (gate + 1) * block), i * block)
    );
    return result;
  }
}

/** A matrix of rows of so many columns, transposed. */
function transposed(data: RealArray, columns: number): Float32Array {
  const rows = data.length / columns;
  const result = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[j * rows + i] = data[i * columns + j]!;
  }
  return result;
}

/** An input or output; a dimension with a name has any length. */
function valueInfo(
  name: string,
  type: number,
  shape: readonly (number | string)[],
): MessageWriter {
  const dimensions = new MessageWriter().messages(
    1,
    shape,
    (length) =>
      typeof length === "number"
        ? new MessageWriter().int(1, length)
        : new MessageWriter().text(2, length),
  );
  const tensor = new MessageWriter().int(1, type).message(2, dimensions);
  return new MessageWriter().text(1, name).message(2, new MessageWriter().message(1, tensor));
}
