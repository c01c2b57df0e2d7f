/** A model as a file for ONNX runtimes, by the operators of opset 17. */

import { checkOptions, optionsSchema } from "../arguments.ts";
import { cells } from "../model/cells.ts";
import { checkModel, type Model, sizesOf } from "../model/model.ts";
import { MessageWriter } from "../protobuf.ts";
import { oneOf } from "../schemas.ts";
import { addSinglePrecision } from "./onnx_float32.ts";
import { addDoublePrecision } from "./onnx_float64.ts";
import { DOUBLE, FLOAT, Graph, INT64, type Value } from "./onnx_graph.ts";
import { metadataOf } from "./weights.ts";

const OPSET = 17;
/** The version of the format that came with the opset. */
const IR_VERSION = 8;

/** What an ONNX graph computes in. */
export type OnnxDtype = "float64" | "float32";

/** All of them. */
export const onnxDtypes = ["float64", "float32"] as const satisfies readonly OnnxDtype[];

/** Options of {@linkcode encodeOnnx}. */
export interface OnnxOptions {
  /**
   * The type of states and logits, and of all that is computed. `float64` has the losses of
   * {@linkcode score} but for rounding errors of some 1e-14. `float32` is made of the operators RNN,
   * GRU or LSTM, which are faster, and which processors without double precision have; its losses
   * differ by some 1e-6. Default: `float64`.
   */
  readonly dtype?: OnnxDtype;
}

const schema = optionsSchema({ dtype: oneOf(onnxDtypes) });

/**
 * Encodes a model as an ONNX file.
 *
 * Inputs are `ids` (int64, [sequence, batch]), `h0` ([L, batch, H]) and, for an LSTM, `c0`; outputs
 * `logits` ([sequence, batch, V]), `hn` and `cn`; all but `ids` in the given type. Sequence and batch
 * have any length. A text begins with states of zero, and continues with the states of the last call.
 * The metadata has that of {@linkcode encodeWeights}: `cell`, and `vocabulary`, the JSON string of all
 * characters by their ids.
 *
 * The weights have the precision of the model, but those of a model of precision `f64` are rounded
 * for `float32`.
 *
 * @param model A model, for example a checkpoint.
 * @returns The bytes of the file.
 * @throws {InputError} if the weights take 2 GiB, or the configuration of the model or an option is
 * invalid.
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
 * const bytes = encodeOnnx(best, { dtype: "float32" });
 * console.log(new TextDecoder().decode(bytes).includes("GRU")); // true
 * ```
 */
export function encodeOnnx(model: Model, options: OnnxOptions = {}): Uint8Array {
  const context = "Cannot export the model as ONNX";
  checkModel(model, context);
  const { dtype = "float64" } = checkOptions(options, { schema, context });
  return new MessageWriter()
    .int(1, IR_VERSION)
    .text(2, "unroll")
    .message(7, graphOf(model, dtype))
    .message(8, new MessageWriter().text(1, "").int(2, OPSET))
    .messages(
      14,
      Object.entries(metadataOf(model)),
      ([key, value]) => new MessageWriter().text(1, key).text(2, value),
    )
    .finish();
}

function graphOf(model: Model, dtype: OnnxDtype): MessageWriter {
  const { cell, layers, hidden, outputs } = { ...model.config, ...sizesOf(model) };
  const graph = new Graph();
  if (dtype === "float64") addDoublePrecision(graph, model);
  else addSinglePrecision(graph, model);
  const type = dtype === "float64" ? DOUBLE : FLOAT;
  const states = cells[cell].hasCellState ? ["h", "c"] : ["h"];
  const statesOf = (moment: string) =>
    states.map((state): Value => ({
      name: `${state}${moment}`,
      type,
      shape: [layers, "batch", hidden],
    }));
  return graph.finish("unroll", {
    inputs: [{ name: "ids", type: INT64, shape: ["sequence", "batch"] }, ...statesOf("0")],
    outputs: [
      { name: "logits", type, shape: ["sequence", "batch", outputs] },
      ...statesOf("n"),
    ],
  });
}
