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
 * state of each stream, `state.hidden` [L, B, H] and of the LSTM `state.cell` [L, B, H]. Numbers are
 * F64 for the precision `f64`, else F32.
 *
 * The metadata are those of `formatMetadata`, and `checksum`: the SHA-256, in hexadecimal digits, of
 * the UTF-8 of this JSON, without spaces, key and name in order of their characters:
 *
 *     [[[key, string] of all other metadata], [[name, dtype, shape, SHA-256 of its data] of all tensors]]
 *
 * It does not depend on the layout of the file. Of a file that another program wrote it is enough
 * when it has the weights, and `format`, `config` and `vocabulary` in the metadata.
 */

import { InputError } from "../errors.ts";
import { checkFormat, formatMetadata, parseMetadata } from "./checkpoint_metadata.ts";
import type { CheckpointMetadata, CorpusIdentity, Progress } from "./checkpoint_metadata.ts";
import type { Config, Optimizer, Precision } from "./config.ts";
import { quote } from "./json.ts";
import { type Model, sizesOf } from "./model.ts";
import {
  length,
  type ParameterName,
  type ParameterSet,
  parameterSet,
  placeOfName,
  type RealArray,
  realArray,
  shapeEntries,
  type Sizes,
} from "./parameters.ts";
import { decodeSafetensors, dtypeOf, encodeSafetensors, type Tensor } from "./safetensors.ts";

export type { CorpusIdentity, Progress };

/** A model, and all that its training goes on from. */
export interface Checkpoint extends Model {
  /**
   * What the optimizer remembers of each parameter, once or, of Adam, twice; `null` when it needs no
   * memory, or a file has none.
   */
  readonly optimizerMemories: readonly ParameterSet[] | null;
  /** The hidden state of each stream, [L, B, H]; of the LSTM, the cell states follow, [L, B, H]. */
  readonly hiddenState: RealArray;
  /** State of the random generator: four whole numbers from 0 to 2^32 − 1, not all of them 0. */
  readonly random: readonly number[];
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

/** A parameter's name in PyTorch; bhn is a part of bias_hh. */
function torchName(name: ParameterName): string {
  if (name === "Why") return "head.weight";
  if (name === "by") return "head.bias";
  const { kind, layer } = placeOfName(name);
  const names: Record<string, string> = {
    Wxh: "weight_ih",
    Whh: "weight_hh",
    bh: "bias_ih",
    bhn: "bias_hh",
  };
  return `rnn.${names[kind]}_l${layer}`;
}

/** The tensors of a set of the parameters' form, each bias of a layer with its second beside it. */
function tensorsOf(set: ParameterSet, sizes: Sizes, prefix: string): [string, Tensor][] {
  const tensors: [string, Tensor][] = [];
  for (const [name, shape] of shapeEntries(sizes)) {
    const data = set[name]!;
    if (name.startsWith("bhn")) continue;
    tensors.push([prefix + torchName(name), { shape, data }]);
    if (!name.startsWith("bh") || !hasSeconds(sizes, prefix)) continue;
    const second = data.slice().fill(0);
    const candidates = set[secondOf(name)];
    if (candidates) second.set(candidates, 2 * sizes.hidden);
    tensors.push([prefix + torchName(secondOf(name)), { shape, data: second }]);
  }
  return tensors;
}

/** Whether there are second biases: of all weights, but nothing is remembered of what is always 0. */
function hasSeconds({ cell }: Sizes, prefix: string): boolean {
  return prefix === "" || cell === "gru";
}

/** The name of the bias beside a layer's bh. */
function secondOf(name: ParameterName): ParameterName {
  return name.replace("bh", "bhn") as ParameterName;
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
 * import { Trainer } from "../train/trainer.ts";
 * import { corpusFromText } from "../text/corpus.ts";
 *
 * const trainer = new Trainer(corpusFromText("hello world, ".repeat(100)), { hidden: 8, batch: 1 });
 * trainer.step();
 * const bytes = await encodeCheckpoint(trainer.checkpoint());
 * const { vocabulary, progress } = await decodeCheckpoint(bytes);
 * console.log(vocabulary.size, progress.step); // 9 1
 * ```
 */
export async function encodeCheckpoint(checkpoint: Checkpoint): Promise<Uint8Array> {
  const { config, parameters, optimizerMemories, hiddenState } = checkpoint;
  const sizes = sizesOf(checkpoint);
  const state = stateShape(config);
  const half = length(state);
  const prefixes = prefixesOf(config);
  if (optimizerMemories && optimizerMemories.length !== prefixes.length) {
    throw new InputError(
      `Cannot encode the checkpoint: it has ${optimizerMemories.length} of an optimizer's memories; ` +
        `the optimizer ${config.optimizer} has ${prefixes.length}`,
    );
  }
  const tensors = Object.fromEntries<Tensor>([
    ...tensorsOf(parameters, sizes, ""),
    ...(optimizerMemories ?? []).flatMap((memory, i) => {
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
  const checksum = await checksumOf(Object.entries(tensors), metadata);
  return encodeSafetensors(tensors, { ...metadata, checksum });
}

/**
 * Reads a checkpoint from the bytes of a file.
 *
 * A file need not be complete to be used: without the optimizer's memories they are `null`, without a hidden
 * state it is zero, and without a checksum none is compared.
 *
 * @param name What the file is called in an error, for example its path.
 * @throws {InputError} when the file is damaged, is no checkpoint, or does not fit together.
 */
export async function decodeCheckpoint(bytes: Uint8Array, name?: string): Promise<Checkpoint> {
  const doing = `Cannot read the checkpoint${name === undefined ? "" : ` ${JSON.stringify(name)}`}`;
  const { tensors, metadata } = decodeSafetensors(bytes, doing);
  checkFormat(metadata, doing);
  const { checksum, ...others } = metadata;
  if (checksum !== undefined && checksum !== await checksumOf(tensors, others)) {
    throw new InputError(
      `${doing}: its contents do not match its checksum; take an undamaged copy, or leave ` +
        `"checksum" out of the metadata when the change is meant`,
    );
  }
  return interpret(tensors, others, doing);
}

/** The checksum as the head of this file describes it. */
async function checksumOf(
  tensors: Iterable<readonly [string, Tensor]>,
  metadata: Readonly<Record<string, string>>,
): Promise<string> {
  const digests: [string, string, readonly number[], string][] = [];
  for (const [name, { shape, data }] of tensors) {
    // The digest takes no memory that is shared: so a copy, of one tensor at a time.
    digests.push([name, dtypeOf(data), shape, await sha256(data.slice())]);
  }
  const content = [byName(Object.entries(metadata)), byName(digests)];
  return await sha256(new TextEncoder().encode(JSON.stringify(content)));
}

function byName<Item extends readonly [string, ...unknown[]]>(items: readonly Item[]): Item[] {
  return items.toSorted(([a], [b]) => a < b ? -1 : 1);
}

async function sha256(data: BufferSource): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data)).toHex();
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
  const prefixes = prefixesOf(config);
  const hasMemories = prefixes.some((prefix) => reader.hasAny(prefix));
  const memories = prefixes.map((prefix) => {
    const wanted = prefix.startsWith("sgd") || prefix === "adam.exp_avg." ? finite : sum;
    return hasMemories ? reader.readSet(sizes, prefix, wanted) : null;
  });
  const state = stateShape(config);
  const parts = hasCells(config) ? [HIDDEN_STATE, CELL_STATE] : [HIDDEN_STATE];
  const hiddenState = realArray(config.precision, parts.length * length(state));
  if (parts.some((name) => reader.hasAny(name))) {
    parts.forEach((name, i) => {
      hiddenState.set(reader.read(name, state, finite), i * length(state));
    });
  }
  const checkpoint = {
    ...metadata,
    parameters,
    optimizerMemories: hasMemories ? memories as ParameterSet[] : null,
    hiddenState,
  };
  reader.finish(config);
  return checkpoint;
}

/** The shape of the hidden states, and of the cell states. */
function stateShape({ layers, batch, hidden }: Config): readonly number[] {
  return [layers, batch, hidden];
}

function hasCells({ cell }: Config): boolean {
  return cell === "lstm";
}

/** What each number of a tensor must be. */
interface Wanted {
  readonly accepts: (x: number) => boolean;
  readonly words: string;
}

const finite: Wanted = { accepts: Number.isFinite, words: "finite" };
/** A sum of squares may overflow: its weight then stays as it is, and training can go on. */
const sum: Wanted = { accepts: (x) => x >= 0, words: "0 or above" };

/** Takes tensors by name, and knows which are left. */
class TensorReader {
  readonly #left: Map<string, Tensor>;
  readonly #precision: Precision;
  readonly #doing: string;

  constructor(tensors: ReadonlyMap<string, Tensor>, precision: Precision, doing: string) {
    this.#left = new Map(tensors);
    this.#precision = precision;
    this.#doing = doing;
  }

  hasAny(prefix: string): boolean {
    return this.#left.keys().some((name) => name.startsWith(prefix));
  }

  read(name: string, shape: readonly number[], wanted: Wanted): RealArray {
    const tensor = this.#left.get(name);
    if (tensor === undefined) this.#refuse(name, "is missing");
    this.#left.delete(name);
    const right = `F${this.#precision === "f64" ? 64 : 32} [${shape.join(", ")}]`;
    const found = `${dtypeOf(tensor.data)} ${quote(tensor.shape).replaceAll(",", ", ")}`;
    if (found !== right) {
      this.#refuse(name, `is ${found}; by configuration and vocabulary it must be ${right}`);
    }
    this.check(name, tensor.data, wanted);
    return tensor.data;
  }

  /** Reads a set of the parameters' form, which {@linkcode tensorsOf} wrote, or PyTorch. */
  readSet(sizes: Sizes, prefix: string, wanted: Wanted): ParameterSet {
    const seconds = new Map<string, RealArray>();
    return parameterSet(sizes, (name, shape) => {
      const tensorName = prefix + torchName(name);
      if (name.startsWith("bhn")) return seconds.get(tensorName)!.slice(2 * sizes.hidden);
      const data = this.read(tensorName, shape, wanted);
      if (!name.startsWith("bh") || !hasSeconds(sizes, prefix)) return data;
      const secondName = prefix + torchName(secondOf(name));
      const second = this.read(secondName, shape, wanted);
      seconds.set(secondName, second);
      // Of the GRU's candidates the two biases stay two.
      const summed = sizes.cell === "gru" ? 2 * sizes.hidden : data.length;
      // Where nothing is added nothing may change, not even −0, to which 0 would be added.
      const sum = data.map((x, i) => i >= summed || second[i] === 0 ? x : x + second[i]!);
      this.check(`${tensorName} + ${secondName}`, sum, wanted);
      return sum;
    });
  }

  check(name: string, data: RealArray, { accepts, words }: Wanted): void {
    const index = data.findIndex((x) => !accepts(x));
    if (index >= 0) {
      this.#refuse(name, `is ${data[index]} at index ${index}; each number must be ${words}`);
    }
  }

  finish({ optimizer }: Config): void {
    const [name] = this.#left.keys();
    if (name === undefined) return;
    this.#refuse(name, `does not belong to a checkpoint with the optimizer ${optimizer}`);
  }

  #refuse(name: string, wrong: string): never {
    throw new InputError(`${this.#doing}: the tensor ${quote(name)} ${wrong}`);
  }
}
