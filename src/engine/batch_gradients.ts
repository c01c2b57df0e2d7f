import { checkArguments, optionsSchema } from "../arguments.ts";
import { quote } from "../json.ts";
import { checkModel, type Model, sizesOf } from "../model/model.ts";
import type { ParameterSet, RealArray } from "../model/parameters.ts";
import { unchecked } from "../schemas.ts";
import { Engine } from "./engine.ts";
import { copyNumbers } from "./kernel_memory.ts";

/** T steps of B streams; row t·B + b is step t of stream b. */
export interface Batch {
  /** Sequence length, T. */
  readonly seqLength: number;
  /** Batch size, B. */
  readonly batchSize: number;
  /** The character ids to read, [T, B]. */
  readonly inputs: ArrayLike<number>;
  /** The character ids to predict, [T, B]. */
  readonly targets: ArrayLike<number>;
  /** The hidden state before the first step, as {@linkcode BatchGradients} has it. Default: zeros. */
  readonly hiddenState?: ArrayLike<number>;
}

/** The result of {@linkcode batchGradients}. */
export interface BatchGradients {
  /** Cross-entropy in nats, summed over the steps and averaged over the streams. */
  readonly loss: number;
  /** The gradient of the loss with respect to every parameter, not clipped. */
  readonly gradients: ParameterSet;
  /** The hidden state after the last step, [L, B, H]; of an LSTM, the cell state follows. */
  readonly hiddenState: RealArray;
}

// The engine checks sizes and the hidden state.
const schema = optionsSchema({ hiddenState: unchecked }, {
  seqLength: unchecked,
  batchSize: unchecked,
  inputs: unchecked,
  targets: unchecked,
});

/**
 * Computes the loss of one batch and its gradient, by back-propagation through time over all steps.
 *
 * @param model A model, for example a checkpoint. It does not change.
 * @param batch What to read and to predict, as ids of the model's vocabulary.
 * @throws {RangeError} If an array has a wrong length, or an id is not in the vocabulary.
 * @throws {TypeError} If `model` is no model, or an array has no numbers.
 * @throws {InputError} If the network does not fit into memory.
 *
 * @example
 * ```ts
 * import { corpusFromText, resolveConfig, Trainer } from "../mod.ts";
 * import { batchGradients } from "./batch_gradients.ts";
 *
 * const corpus = corpusFromText("abcabc".repeat(20));
 * const config = resolveConfig({ hidden: 4, seqLength: 3, batchSize: 1 }, { chars: corpus.length });
 * using trainer = Trainer.create(corpus, config);
 * const { loss, gradients } = batchGradients(trainer.model(), {
 *   seqLength: 2, batchSize: 1, inputs: [0, 1], targets: [1, 2],
 * });
 * console.log(loss); // about 2 ln 3 before the first step
 * console.log(gradients.by); // three numbers whose sum is 0
 * ```
 */
export function batchGradients(model: Model, batch: Batch): BatchGradients {
  const context = "Cannot compute gradients";
  checkModel(model, context);
  const { seqLength, batchSize, hiddenState, ...ids } = checkArguments(batch, { schema, context });
  const { precision } = model.config;
  using engine = new Engine({ ...sizesOf(model), precision, seqLength, batchSize });
  engine.writeParameters(model.parameters);
  engine.writeHiddenState(hiddenState);
  const count = seqLength * batchSize;
  engine.inputIds.set(checkIds(ids.inputs, { name: "inputs", count }));
  engine.targetIds.set(checkIds(ids.targets, { name: "targets", count }));
  engine.forward();
  const loss = engine.crossEntropy();
  engine.backward();
  engine.carryHiddenState();
  return { loss, gradients: engine.readGradients(), hiddenState: engine.readHiddenState() };
}

/** The ids of a batch, whose range the engine checks. */
function checkIds(
  ids: ArrayLike<number>,
  { name, count }: { readonly name: string; readonly count: number },
): Float64Array {
  const context = "Cannot compute gradients";
  const isArray = Array.isArray(ids) || ArrayBuffer.isView(ids) && "length" in ids;
  if (isArray && ids.length !== count) {
    throw new RangeError(`${context}: "${name}" must have ${count} ids, not ${quote(ids.length)}`);
  }
  const numbers = copyNumbers(ids, { what: name, length: count });
  const wrong = numbers.find((id) => !Number.isInteger(id) || id < 0);
  if (wrong === undefined) return numbers;
  throw new RangeError(`${context}: "${name}" must be whole numbers, 0 or above, not ${wrong}`);
}
