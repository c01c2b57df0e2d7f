/** The parts of an ONNX file (https://onnx.ai/onnx/repo-docs/IR.html), as protocol buffers. */

import { bytesOf } from "../checkpoint/safetensors.ts";
import { InputError } from "../errors.ts";
import type { RealArray } from "../model/parameters.ts";
import { MessageWriter } from "../protobuf.ts";

/** What a protocol buffer may have, less than what the graph takes besides its weights. */
const MAX_WEIGHT_BYTES = 2 ** 31 - 2 ** 26;

/** TensorProto.DataType. */
export const FLOAT = 1;
export const INT64 = 7;
export const DOUBLE = 11;
/** AttributeProto.AttributeType. */
const INT_ATTRIBUTE = 2;
const GRAPH_ATTRIBUTE = 5;

/** An input or output of a graph. */
export interface Value {
  readonly name: string;
  /** One of the data types. */
  readonly type: number;
  /** A dimension with a name has any length. */
  readonly shape: readonly (number | string)[];
}

/** What a node does besides its inputs: whole numbers, and graphs that it runs. */
export type Attributes = Readonly<Record<string, number | MessageWriter>>;

/** Collects the nodes and initializers of a graph. */
export class Graph {
  readonly #nodes: MessageWriter[] = [];
  readonly #initializers: MessageWriter[] = [];
  #bytes = 0;

  /** Adds a node; names of inputs that are empty are left out. */
  add(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Attributes = {},
  ): void {
    const node = new MessageWriter();
    for (const name of inputs) node.text(1, name);
    for (const name of outputs) node.text(2, name);
    node.text(3, `${type}_${outputs.find((name) => name !== "")}`).text(4, type);
    this.#nodes.push(node.messages(5, Object.entries(attributes), attribute));
  }

  /** Adds a node of one output, and returns the name of it. */
  apply(
    type: string,
    inputs: readonly string[],
    output: string,
    attributes: Attributes = {},
  ): string {
    this.add(type, inputs, [output], attributes);
    return output;
  }

  /**
   * Adds weights, in their precision.
   *
   * @throws {InputError} if all of them take more than a file can have.
   */
  weights(name: string, shape: readonly number[], data: RealArray): string {
    this.#bytes += data.byteLength;
    if (this.#bytes > MAX_WEIGHT_BYTES) {
      throw new InputError(
        "Cannot export the model as ONNX: its weights take more than a file of this format can " +
          "have, 2 GiB; export it as safetensors",
      );
    }
    const type = data instanceof Float64Array ? DOUBLE : FLOAT;
    return this.#initializer(name, { type, shape, bytes: bytesOf(data) });
  }

  /** Adds whole numbers: one, without a shape, or a list. */
  integers(name: string, value: number | readonly number[]): string {
    const list = typeof value === "number" ? [value] : value;
    const data = BigInt64Array.from(list, BigInt);
    const bytes = new Uint8Array(data.buffer);
    const shape = typeof value === "number" ? [] : [list.length];
    return this.#initializer(name, { type: INT64, shape, bytes });
  }

  /** The graph, which must not change any more. */
  finish(
    name: string,
    { inputs, outputs }: { readonly inputs: readonly Value[]; readonly outputs: readonly Value[] },
  ): MessageWriter {
    return new MessageWriter()
      .messages(1, this.#nodes, (node) => node)
      .text(2, name)
      .messages(5, this.#initializers, (tensor) => tensor)
      .messages(11, inputs, valueInfo)
      .messages(12, outputs, valueInfo);
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
    this.#initializers.push(tensor.int(2, type).text(8, name).bytes(9, bytes));
    return name;
  }
}

function attribute([name, value]: [string, number | MessageWriter]): MessageWriter {
  const message = new MessageWriter().text(1, name);
  return typeof value === "number"
    ? message.int(3, value).int(20, INT_ATTRIBUTE)
    : message.message(6, value).int(20, GRAPH_ATTRIBUTE);
}

function valueInfo({ name, type, shape }: Value): MessageWriter {
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
