/**
 * A checkpoint: one safetensors file with a model and everything that training needs to resume.
 *
 * docs/design/checkpoint.md describes the format: the names and shapes of the tensors, the metadata
 * and the checksum.
 */

import { checkShape, checkString, wrongType } from "../arguments.ts";
import { InputError, withContext } from "../errors.ts";
import { quotePath } from "../json.ts";
import { createSha256 } from "../sha256.ts";
import { cells } from "../model/cells.ts";
import type { Config } from "../model/config.ts";
import { checkModel, type Model, sizesOf } from "../model/model.ts";
import { type StateSlot, stateSlotsOf } from "../model/optimizers.ts";
import {
  elementCount,
  type ParameterSet,
  type Precision,
  type RealArray,
  realArray,
  type Sizes,
  takeParameters,
} from "../model/parameters.ts";
import type { CorpusIdentity } from "../text/corpus_identity.ts";
import { checkFormat, checkProgress, formatMetadata, parseMetadata } from "./metadata.ts";
import type { Progress } from "./metadata.ts";
import {
  bytesOf,
  decodeSafetensors,
  dtypeOf,
  encodeSafetensors,
  type Safetensors,
  type Tensor,
} from "./safetensors.ts";
import { FINITE, NON_NEGATIVE, TensorReader, toTensors, TRAINING } from "./tensors.ts";

export type { Progress };

/** A model, and everything that its training needs to resume. */
export interface Checkpoint extends Model {
  /**
   * The optimizer state: one parameter set per state slot. `null` when the optimizer has no state,
   * or the file holds none.
   */
  readonly optimizerState: readonly ParameterSet[] | null;
  /**
   * The weights that training updates, where `parameters` are their running average. `null` without
   * weight averaging, or when the file holds the average only.
   */
  readonly trainingParameters: ParameterSet | null;
  /**
   * The hidden state of each stream, [L, B, H]; for the LSTM followed by the cell state, [L, B, H].
   */
  readonly hiddenState: RealArray;
  /** The progress of the training. */
  readonly progress: Progress;
  /** The text that the model was trained on; `null` when unknown. */
  readonly corpus: CorpusIdentity | null;
}

const HIDDEN_STATE = "state.hidden";
const CELL_STATE = "state.cell";

/** The prefix of the tensors of a state slot. */
function prefixOf({ name }: StateSlot): string {
  return `${name}.`;
}

/**
 * Checks a checkpoint that was passed to a function: its parts have the right types and fit
 * together. The numbers of its tensors are not looked at.
 *
 * @param checkpoint The checkpoint.
 * @param context What is being done, for an error.
 * @throws {TypeError} if it is no checkpoint, or a part is missing.
 * @throws {RangeError} if an array has not the length that the configuration gives.
 * @throws {InputError} if its configuration or its progress is invalid.
 */
export function checkCheckpoint(checkpoint: Checkpoint, context: string): void {
  checkModel(checkpoint, context);
  const { config, trainingParameters, optimizerState, hiddenState, progress, corpus } = checkpoint;
  const sizes = sizesOf(checkpoint);
  const refuse = (name: string, expected: string, value: unknown) =>
    wrongType({ context, name, expected, value });
  if (trainingParameters !== null) takeParameters(trainingParameters, { sizes, context });
  if (optimizerState !== null) {
    if (!Array.isArray(optimizerState)) {
      throw refuse("optimizerState", "an array or null", optimizerState);
    }
    for (const slot of optimizerState) takeParameters(slot, { sizes, context });
  }
  if (!(hiddenState instanceof Float32Array || hiddenState instanceof Float64Array)) {
    throw refuse("hiddenState", "a Float32Array or Float64Array", hiddenState);
  }
  const length = elementCount(stateShape(config)) * (hasCellState(config) ? 2 : 1);
  if (hiddenState.length !== length) {
    throw new RangeError(
      `${context}: "hiddenState" must have ${length} numbers, not ${hiddenState.length}`,
    );
  }
  if (corpus !== null) {
    const expected = "what identifies a text, or null";
    checkShape(corpus, { context, name: "corpus", expected, shape: { sha256: "string" } });
  }
  withContext(`${context}: its "progress"`, () => checkProgress(progress), {
    option: undefined,
  });
}

/**
 * Encodes a checkpoint as the bytes of a file. It must not change until the promise resolves.
 *
 * @throws {InputError} if {@linkcode decodeCheckpoint} would reject the bytes: a weight is not
 * finite, or the parts of the checkpoint do not fit together.
 * @throws {RangeError} if the length of an array does not fit its shape.
 *
 * @example
 * ```ts
 * import { corpusFromText, decodeCheckpoint, encodeCheckpoint, train } from "../mod.ts";
 *
 * const corpus = corpusFromText("hello world, ".repeat(100));
 * const { latest } = await train(corpus, { config: { hidden: 8, batchSize: 1 }, steps: 1 });
 * const bytes = await encodeCheckpoint(latest);
 * const { vocabulary, progress } = await decodeCheckpoint(bytes);
 * console.log(vocabulary.size, progress.step); // 9 1
 * ```
 */
// deno-lint-ignore require-await -- an error must reject the promise, as it does when decoding
export async function encodeCheckpoint(checkpoint: Checkpoint): Promise<Uint8Array> {
  const context = "Cannot encode the checkpoint";
  checkCheckpoint(checkpoint, context);
  return withContext(context, () => encode(checkpoint));
}

function encode(checkpoint: Checkpoint): Uint8Array {
  const { config, parameters, trainingParameters, optimizerState } = checkpoint;
  const sizes = sizesOf(checkpoint);
  const prefixes = stateSlotsOf(config).map(prefixOf);
  if (optimizerState && optimizerState.length !== prefixes.length) {
    throw new InputError(
      `it has ${optimizerState.length} of the optimizer's state slots; with the optimizer ` +
        `${config.optimizer} it must have ${prefixes.length}`,
    );
  }
  const tensors = Object.fromEntries<Tensor>([
    ...toTensors(parameters, { sizes, prefix: "" }),
    ...trainingParameters ? toTensors(trainingParameters, { sizes, prefix: TRAINING }) : [],
    ...(optimizerState ?? []).flatMap((slot, i) =>
      toTensors(slot, { sizes, prefix: prefixes[i]! })
    ),
    ...stateTensors(checkpoint),
  ]);
  const metadata = formatMetadata(checkpoint);
  // What is written must be readable.
  fromTensors(new Map(Object.entries(tensors)), metadata);
  const checksum = checksumOf(Object.entries(tensors), metadata);
  return encodeSafetensors(tensors, { ...metadata, checksum });
}

/** The hidden state as tensors; for the LSTM its second half is the cell state. */
function stateTensors({ config, hiddenState }: Checkpoint): [string, Tensor][] {
  const shape = stateShape(config);
  if (!hasCellState(config)) return [[HIDDEN_STATE, { shape, data: hiddenState }]];
  const half = elementCount(shape);
  return [
    [HIDDEN_STATE, { shape, data: hiddenState.subarray(0, half) }],
    [CELL_STATE, { shape, data: hiddenState.subarray(half) }],
  ];
}

/**
 * Decodes a checkpoint from the bytes of a file, which are untrusted.
 *
 * Weights, format, configuration and vocabulary are required. The rest may be missing: without
 * optimizer state `optimizerState` is `null`, without a hidden state it is zero, unless it would be
 * larger than all that the file holds, and without a checksum none is compared. Decoding takes at
 * most twice the length of the file in memory, plus 2 MiB.
 *
 * @param bytes The whole file.
 * @param name What to call the file in an error, for example its path.
 * @throws {InputError} if the file is damaged, is not a checkpoint, or its parts do not fit
 * together.
 */
// deno-lint-ignore require-await -- an error must reject the promise
export async function decodeCheckpoint(bytes: Uint8Array, name?: string): Promise<Checkpoint> {
  const context = "Cannot read a checkpoint";
  if (!(bytes instanceof Uint8Array)) {
    throw wrongType({ context, name: "bytes", expected: "a Uint8Array", value: bytes });
  }
  if (name !== undefined) checkString(name, { context, name: "name" });
  const subject = name === undefined ? "the checkpoint" : `the checkpoint ${quotePath(name)}`;
  return withContext(`Cannot read ${subject}`, () => fromSafetensors(decodeSafetensors(bytes)));
}

/**
 * Creates a checkpoint from the contents of a safetensors file, which are untrusted.
 *
 * @throws {InputError} as {@linkcode decodeCheckpoint} does, without its context.
 */
export function fromSafetensors({ tensors, metadata }: Safetensors): Checkpoint {
  checkFormat(metadata);
  const { checksum, ...others } = metadata;
  if (checksum !== undefined && checksum !== checksumOf(tensors, others)) {
    throw new InputError(
      "its contents do not match its checksum; use an undamaged copy, or remove " +
        '"checksum" from the metadata if the change is intended',
    );
  }
  return fromTensors(tensors, others);
}

/** The checksum that docs/design/checkpoint.md defines. It does not depend on the file's layout. */
function checksumOf(
  tensors: Iterable<readonly [string, Tensor]>,
  metadata: Readonly<Record<string, string>>,
): string {
  const digests: [string, string, readonly number[], string][] = [];
  for (const [name, { shape, data }] of tensors) {
    digests.push([name, dtypeOf(data), shape, sha256(bytesOf(data))]);
  }
  return sha256(JSON.stringify([sortByName(Object.entries(metadata)), sortByName(digests)]));
}

function sortByName<Item extends readonly [string, ...unknown[]]>(items: readonly Item[]): Item[] {
  return items.toSorted(([a], [b]) => a < b ? -1 : 1);
}

/** Hashes bytes, or the UTF-8 of a string. */
function sha256(data: string | Uint8Array): string {
  const hash = createSha256();
  if (typeof data === "string") hash.updateText(data);
  else hash.update(data);
  return hash.digest();
}

function fromTensors(
  tensors: ReadonlyMap<string, Tensor>,
  strings: Readonly<Record<string, string>>,
): Checkpoint {
  const metadata = parseMetadata(strings);
  const { config } = metadata;
  const sizes = sizesOf(metadata);
  const reader = new TensorReader(tensors, config.precision);
  const parameters = reader.readSet({ sizes, prefix: "" }, FINITE);
  const hasTraining = config.weightAverage > 0 && reader.hasAny(TRAINING);
  const trainingParameters = hasTraining
    ? reader.readSet({ sizes, prefix: TRAINING }, FINITE)
    : null;
  const optimizerState = readOptimizerState(reader, { config, sizes });
  const hiddenState = readHiddenState(reader, config);
  reader.finish(config);
  return { ...metadata, parameters, trainingParameters, optimizerState, hiddenState };
}

function readOptimizerState(
  reader: TensorReader,
  { config, sizes }: { config: Config; sizes: Sizes },
): readonly ParameterSet[] | null {
  const slots = stateSlotsOf(config);
  if (!slots.some((slot) => reader.hasAny(prefixOf(slot)))) return null;
  return slots.map((slot) => {
    const rule = slot.nonNegative ? NON_NEGATIVE : FINITE;
    return reader.readSet({ sizes, prefix: prefixOf(slot) }, rule);
  });
}

function readHiddenState(reader: TensorReader, config: Config): RealArray {
  const shape = stateShape(config);
  const names = hasCellState(config) ? [HIDDEN_STATE, CELL_STATE] : [HIDDEN_STATE];
  const isPresent = names.some((name) => reader.hasAny(name));
  const states = names.map((name) =>
    isPresent ? reader.read(name, { shape, rule: FINITE }) : reader.zeros(name, shape)
  );
  return concatenate(states, config.precision);
}

/** Copies arrays into one; a single array is returned as it is. */
function concatenate(arrays: readonly RealArray[], precision: Precision): RealArray {
  if (arrays.length === 1) return arrays[0]!;
  const all = realArray(precision, arrays.reduce((sum, array) => sum + array.length, 0));
  let offset = 0;
  for (const array of arrays) {
    all.set(array, offset);
    offset += array.length;
  }
  return all;
}

/** The shape of the hidden state, and of the cell state: [L, B, H]. */
function stateShape({ layers, batchSize, hidden }: Config): readonly number[] {
  return [layers, batchSize, hidden];
}

function hasCellState({ cell }: Config): boolean {
  return cells[cell].hasCellState;
}
