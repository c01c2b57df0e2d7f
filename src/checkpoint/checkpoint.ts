/**
 * A checkpoint: one safetensors file with everything needed to use a model or to train on.
 *
 * The weights have the names and shapes of PyTorch, and load into `torch.nn.RNN`, `GRU` or
 * `LSTM(V, H, L)` as `rnn` and `torch.nn.Linear(H, V)` as `head`; with G·H rows for G gates, and of
 * layer l:
 *
 *     rnn.weight_ih_l0 [G·H, V]  Wxh      rnn.bias_ih_l0 [G·H]  bh      head.weight [V, H]  Why
 *     rnn.weight_hh_l0 [G·H, H]  Whh      rnn.bias_hh_l0 [G·H]  0       head.bias   [V]     by
 *
 * PyTorch adds two biases where the mathematics has one: bh is their sum. Only of the GRU's candidate
 * state the two differ, and bhn is the last third of bias_hh. Beside them stand what the optimizer
 * remembers, under PyTorch's word for it before the name of the weight (`adagrad.sum.`,
 * `sgd.momentum_buffer.`, `rmsprop.square_avg.`, `adam.exp_avg.` and `adam.exp_avg_sq.`), and the
 * state of each stream, `state.hidden` [L, B, H] and of the LSTM `state.cell` [L, B, H]. Where the
 * weights are an average, those that training goes on from have `training.` before their names.
 * Numbers are F64 for the precision `f64`, else F32.
 *
 * The metadata are those of `formatMetadata`, and `checksum`: the SHA-256, in hexadecimal digits, of
 * the UTF-8 of this JSON, without spaces, key and name in order of their characters:
 *
 *     [[[key, string] of all other metadata], [[name, dtype, shape, SHA-256 of its data] of all tensors]]
 *
 * It does not depend on the layout of the file. Of a file that another program wrote it is enough
 * when it has the weights, and `format`, `config` and `vocabulary` in the metadata.
 */

import { createHash } from "node:crypto";
import { InputError } from "../errors.ts";
import { checkFormat, formatMetadata, parseMetadata } from "./metadata.ts";
import type { CheckpointMetadata, CorpusIdentity, Progress } from "./metadata.ts";
import { finite, sum, TensorReader, tensorsOf, TRAINING } from "./tensors.ts";
import type { Config, Optimizer, Precision } from "../model/config.ts";
import { quote } from "../json.ts";
import { type Model, sizesOf } from "../model/model.ts";
import { length, type ParameterSet, type RealArray, realArray } from "../model/parameters.ts";
import {
  bytesOf,
  decodeSafetensors,
  dtypeOf,
  encodeSafetensors,
  type Safetensors,
  type Tensor,
} from "./safetensors.ts";

export type { CorpusIdentity, Progress };

/** A model, and all that its training goes on from. */
export interface Checkpoint extends Model {
  /**
   * What the optimizer remembers of each parameter, once or, of Adam, twice; `null` when it needs no
   * memory, or a file has none.
   */
  readonly optimizerState: readonly ParameterSet[] | null;
  /**
   * The weights that training goes on from, where `parameters` are their running average; `null` when
   * there is no average, or a file has the average alone.
   */
  readonly trainingParameters: ParameterSet | null;
  /** The hidden state of each stream, [L, B, H]; of the LSTM, the cell states follow, [L, B, H]. */
  readonly hiddenState: RealArray;
  /** How far the training has come. */
  readonly progress: Progress;
  /** The text that the model was trained on; `null` when it is not known. */
  readonly corpus: CorpusIdentity | null;
}

const HIDDEN_STATE = "state.hidden";
const CELL_STATE = "state.cell";

/** What stands before the names of the weights in each memory of an optimizer. */
const memoryPrefixes: Readonly<Record<Optimizer, readonly string[]>> = {
  adagrad: ["adagrad.sum."],
  sgd: ["sgd.momentum_buffer."],
  rmsprop: ["rmsprop.square_avg."],
  adam: ["adam.exp_avg.", "adam.exp_avg_sq."],
  adamw: ["adam.exp_avg.", "adam.exp_avg_sq."],
};

/** The prefixes of a configuration's memories. */
function prefixesOf({ optimizer, momentum }: Config): readonly string[] {
  return optimizer === "sgd" && momentum === 0 ? [] : memoryPrefixes[optimizer];
}

/**
 * Writes a checkpoint as the bytes of a file. It must not change until they are there.
 *
 * @throws {InputError} when it is one that {@linkcode decodeCheckpoint} would refuse: a weight is
 * not finite, or something does not fit the configuration.
 * @throws {RangeError} when an array has not the length of its shape.
 *
 * @example
 * ```ts
 * import { decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
 * import { resolveConfig } from "../model/config.ts";
 * import { Trainer } from "../train/trainer.ts";
 * import { corpusFromText } from "../text/corpus.ts";
 *
 * const corpus = corpusFromText("hello world, ".repeat(100));
 * const config = resolveConfig({ hidden: 8, batchSize: 1 }, { chars: corpus.length });
 * const trainer = Trainer.create(corpus, config);
 * trainer.step();
 * const bytes = await encodeCheckpoint(trainer.checkpoint());
 * const { vocabulary, progress } = await decodeCheckpoint(bytes);
 * console.log(vocabulary.size, progress.step); // 9 1
 * ```
 */
// deno-lint-ignore require-await -- what is wrong rejects the promise, as it does when reading
export async function encodeCheckpoint(checkpoint: Checkpoint): Promise<Uint8Array> {
  const { config, parameters, trainingParameters, optimizerState, hiddenState } = checkpoint;
  const sizes = sizesOf(checkpoint);
  const state = stateShape(config);
  const half = length(state);
  const prefixes = prefixesOf(config);
  if (optimizerState && optimizerState.length !== prefixes.length) {
    throw new InputError(
      `Cannot encode the checkpoint: it has ${optimizerState.length} of an optimizer's memories; ` +
        `the optimizer ${config.optimizer} has ${prefixes.length}`,
    );
  }
  const tensors = Object.fromEntries<Tensor>([
    ...tensorsOf(parameters, sizes, ""),
    ...trainingParameters ? tensorsOf(trainingParameters, sizes, TRAINING) : [],
    ...(optimizerState ?? []).flatMap((memory, i) => {
      return tensorsOf(memory, sizes, prefixes[i]!);
    }),
    [HIDDEN_STATE, {
      shape: state,
      data: hiddenState.subarray(0, hasCells(config) ? half : undefined),
    }],
    ...hasCells(config)
      ? [[CELL_STATE, { shape: state, data: hiddenState.subarray(half) }] as const]
      : [],
  ]);

  const metadata = formatMetadata(checkpoint);
  interpret(new Map(Object.entries(tensors)), metadata, "Cannot encode the checkpoint");
  const checksum = checksumOf(Object.entries(tensors), metadata);
  return encodeSafetensors(tensors, { ...metadata, checksum });
}

/**
 * Reads a checkpoint from the bytes of a file.
 *
 * A file need not be complete to be used: without the optimizer's memories they are `null`, without a hidden
 * state it is zero (unless it would be larger than all that the file holds), and without a checksum
 * none is compared. Beside the bytes this takes no more memory than twice their length, and 2 MiB.
 *
 * @param name What the file is called in an error, for example its path.
 * @throws {InputError} when the file is damaged, is no checkpoint, or does not fit together.
 */
// deno-lint-ignore require-await -- as above
export async function decodeCheckpoint(bytes: Uint8Array, name?: string): Promise<Checkpoint> {
  const doing = readingCheckpoint(name);
  return checkpointFrom(decodeSafetensors(bytes, doing), doing);
}

/** The first words of an error about reading a checkpoint of this name. */
export function readingCheckpoint(name?: string): string {
  return `Cannot read the checkpoint${name === undefined ? "" : ` ${quote(name, 1000)}`}`;
}

/**
 * The checkpoint that a safetensors file holds.
 *
 * @param doing What is being done, for an error's first words.
 * @throws {InputError} as {@linkcode decodeCheckpoint} does.
 */
export function checkpointFrom({ tensors, metadata }: Safetensors, doing: string): Checkpoint {
  checkFormat(metadata, doing);
  const { checksum, ...others } = metadata;
  if (checksum !== undefined && checksum !== checksumOf(tensors, others)) {
    throw new InputError(
      `${doing}: its contents do not match its checksum; take an undamaged copy, or leave ` +
        `"checksum" out of the metadata when the change is meant`,
    );
  }
  return interpret(tensors, others, doing);
}

/** The checksum as the head of this file describes it. */
function checksumOf(
  tensors: Iterable<readonly [string, Tensor]>,
  metadata: Readonly<Record<string, string>>,
): string {
  const digests: [string, string, readonly number[], string][] = [];
  for (const [name, { shape, data }] of tensors) {
    digests.push([name, dtypeOf(data), shape, sha256(bytesOf(data))]);
  }
  return sha256(JSON.stringify([byName(Object.entries(metadata)), byName(digests)]));
}

function byName<Item extends readonly [string, ...unknown[]]>(items: readonly Item[]): Item[] {
  return items.toSorted(([a], [b]) => a < b ? -1 : 1);
}

/** Of a string, the hash of its UTF-8. Web Crypto's `digest` would copy its data first. */
function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** The checkpoint that these tensors and metadata are. */
function interpret(
  tensors: ReadonlyMap<string, Tensor>,
  strings: Readonly<Record<string, string>>,
  doing: string,
): Checkpoint {
  const metadata: CheckpointMetadata = parseMetadata(strings, doing);
  const { config } = metadata;
  const sizes = sizesOf(metadata);
  const reader = new TensorReader(tensors, config.precision, doing);
  const parameters = reader.readSet(sizes, "", finite);
  const hasTraining = config.weightAverage > 0 && reader.hasAny(TRAINING);
  const trainingParameters = hasTraining ? reader.readSet(sizes, TRAINING, finite) : null;
  const prefixes = prefixesOf(config);
  const hasMemories = prefixes.some((prefix) => reader.hasAny(prefix));
  const optimizerState = prefixes.map((prefix) => {
    const wanted = prefix.startsWith("sgd") || prefix === "adam.exp_avg." ? finite : sum;
    return hasMemories ? reader.readSet(sizes, prefix, wanted) : null;
  });
  const state = stateShape(config);
  const names = hasCells(config) ? [HIDDEN_STATE, CELL_STATE] : [HIDDEN_STATE];
  const hasState = names.some((name) => reader.hasAny(name));
  const parts = names.map((name) =>
    hasState ? reader.read(name, state, finite) : reader.zeros(name, state)
  );
  const checkpoint = {
    ...metadata,
    parameters,
    trainingParameters,
    optimizerState: hasMemories ? optimizerState as ParameterSet[] : null,
    hiddenState: joined(parts, config.precision),
  };
  reader.finish(config);
  return checkpoint;
}

/** Arrays one after the other; of one, itself. */
function joined(arrays: readonly RealArray[], precision: Precision): RealArray {
  if (arrays.length === 1) return arrays[0]!;
  const all = realArray(precision, arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

/** The shape of the hidden states, and of the cell states. */
function stateShape({ layers, batchSize, hidden }: Config): readonly number[] {
  return [layers, batchSize, hidden];
}

function hasCells({ cell }: Config): boolean {
  return cell === "lstm";
}
