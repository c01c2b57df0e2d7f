/**
 * A checkpoint: one safetensors file with everything needed to use a model or to train on.
 *
 * The weights have the names and shapes of PyTorch, and load into `torch.nn.RNN(V, H)` as `rnn` and
 * `torch.nn.Linear(H, V)` as `head`:
 *
 *     rnn.weight_ih_l0 [H, V]  Wxh        rnn.bias_ih_l0 [H]  bh      head.weight [V, H]  Why
 *     rnn.weight_hh_l0 [H, H]  Whh        rnn.bias_hh_l0 [H]  0       head.bias   [V]     by
 *
 * PyTorch adds two biases where the mathematics has one: bh is their sum. Beside them stand
 * Adagrad's sums of squared gradients, `adagrad.sum.` before the name of the weight, and the hidden
 * state of each stream, `state.hidden` [B, H]. Numbers are F64 for the precision `f64`, else F32.
 *
 * The metadata are those of `formatMetadata`, and `checksum`: the SHA-256, in hexadecimal digits, of
 * the UTF-8 of this JSON, without spaces, key and name in order of their characters:
 *
 *     [[[key, string] of all other metadata], [[name, dtype, shape, SHA-256 of its data] of all tensors]]
 *
 * It does not depend on the layout of the file. Of a file that another program wrote it is enough
 * when it has the six weights, and `format`, `config` and `vocabulary` in the metadata.
 */

import { createHash } from "node:crypto";
import { InputError } from "../errors.ts";
import { checkFormat, formatMetadata, parseMetadata } from "./checkpoint_metadata.ts";
import type { CheckpointMetadata, CorpusIdentity, Progress } from "./checkpoint_metadata.ts";
import type { Config, Precision } from "./config.ts";
import { quote } from "./json.ts";
import { type Model, sizesOf } from "./model.ts";
import {
  length,
  type ParameterName,
  parameterNames,
  type ParameterSet,
  parameterShapes,
  type RealArray,
  realArray,
} from "./parameters.ts";
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
  /** Adagrad's running sums of squared gradients; `null` when the model has none. */
  readonly optimizerSums: ParameterSet | null;
  /** The hidden state of each stream, [B, H]. */
  readonly hiddenState: RealArray;
  /** State of the random generator: four whole numbers from 0 to 2^32 − 1, not all of them 0. */
  readonly random: readonly number[];
  /** How far the training has come. */
  readonly progress: Progress;
  /** The text that the model was trained on; `null` when it is not known. */
  readonly corpus: CorpusIdentity | null;
}

const weightNames: Readonly<Record<ParameterName, string>> = {
  Wxh: "rnn.weight_ih_l0",
  Whh: "rnn.weight_hh_l0",
  Why: "head.weight",
  bh: "rnn.bias_ih_l0",
  by: "head.bias",
};
const SECOND_BIAS = "rnn.bias_hh_l0";
const SUM_PREFIX = "adagrad.sum.";
const HIDDEN_STATE = "state.hidden";

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
// deno-lint-ignore require-await -- what is wrong rejects the promise, as it does when reading
export async function encodeCheckpoint(checkpoint: Checkpoint): Promise<Uint8Array> {
  const { parameters, optimizerSums, hiddenState } = checkpoint;
  const { batch, hidden } = checkpoint.config;
  const shapes = parameterShapes(sizesOf(checkpoint));
  const tensors: Record<string, Tensor> = {};
  for (const name of parameterNames) {
    const shape = shapes[name];
    tensors[weightNames[name]] = { shape, data: parameters[name] };
    if (optimizerSums) {
      tensors[SUM_PREFIX + weightNames[name]] = { shape, data: optimizerSums[name] };
    }
  }
  const zeros = realArray(checkpoint.config.precision, hidden);
  tensors[SECOND_BIAS] = { shape: shapes.bh, data: zeros };
  tensors[HIDDEN_STATE] = { shape: [batch, hidden], data: hiddenState };

  const metadata = formatMetadata(checkpoint);
  interpret(new Map(Object.entries(tensors)), metadata, "Cannot encode the checkpoint");
  const checksum = checksumOf(Object.entries(tensors), metadata);
  return encodeSafetensors(tensors, { ...metadata, checksum });
}

/**
 * Reads a checkpoint from the bytes of a file.
 *
 * A file need not be complete to be used: without Adagrad's sums they are `null`, without a hidden
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
  const shapes = parameterShapes(sizesOf(metadata));
  const reader = new TensorReader(tensors, config.precision, doing);
  const readSet = (prefix: string, wanted: Wanted): ParameterSet => {
    const read = (name: ParameterName) =>
      reader.read(prefix + weightNames[name], shapes[name], wanted);
    return { Wxh: read("Wxh"), Whh: read("Whh"), Why: read("Why"), bh: read("bh"), by: read("by") };
  };

  const weights = readSet("", finite);
  const secondBias = reader.read(SECOND_BIAS, shapes.bh, finite);
  // Where nothing is added nothing may change, not even −0, to which 0 would be added.
  const bh = weights.bh.map((x, i) => secondBias[i] === 0 ? x : x + secondBias[i]!);
  reader.check(`${weightNames.bh} + ${SECOND_BIAS}`, bh, finite);

  const hasSums = config.optimizer === "adagrad" && reader.hasAny(SUM_PREFIX);
  const hiddenShape = [config.batch, config.hidden];
  const checkpoint = {
    ...metadata,
    parameters: { ...weights, bh },
    optimizerSums: hasSums ? readSet(SUM_PREFIX, sum) : null,
    hiddenState: reader.hasAny(HIDDEN_STATE)
      ? reader.read(HIDDEN_STATE, hiddenShape, finite)
      : reader.zeros(HIDDEN_STATE, hiddenShape),
  };
  reader.finish(config);
  return checkpoint;
}

/** What each number of a tensor must be. */
interface Wanted {
  readonly accepts: (x: number) => boolean;
  /** Whether `accepts` takes every negative number that is finite, as it does every positive one. */
  readonly negative: boolean;
  readonly words: string;
}

const finite: Wanted = { accepts: Number.isFinite, negative: true, words: "finite" };
/** A sum of squares may overflow: its weight then stays as it is, and training can go on. */
const sum: Wanted = { accepts: (x) => x >= 0, negative: false, words: "0 or above" };

/** Takes tensors by name, and knows which are left. */
class TensorReader {
  readonly #left: Map<string, Tensor>;
  readonly #precision: Precision;
  readonly #doing: string;
  /** How many numbers the tensors have in all. */
  readonly #numbers: number;

  constructor(tensors: ReadonlyMap<string, Tensor>, precision: Precision, doing: string) {
    this.#left = new Map(tensors);
    this.#precision = precision;
    this.#doing = doing;
    this.#numbers = tensors.values().reduce((sum, { data }) => sum + data.length, 0);
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

  /** Zeros for a tensor that is not there: no more than there are numbers in the file. */
  zeros(name: string, shape: readonly number[]): RealArray {
    const numbers = length(shape);
    if (numbers > this.#numbers) {
      this.#refuse(
        name,
        `is missing; of shape [${shape.join(", ")}] it must be there, as all others together ` +
          `have only ${this.#numbers} numbers`,
      );
    }
    return realArray(this.#precision, numbers);
  }

  check(name: string, data: RealArray, { accepts, negative, words }: Wanted): void {
    // By sign and exponent, which are the high word of a number: until a loop is compiled, V8 puts
    // every float that it reads, but not a whole number, on the heap, in all four times the file.
    const each = data.BYTES_PER_ELEMENT / 4;
    const high = new Int32Array(data.buffer, data.byteOffset, data.length * each);
    const notFinite = each === 2 ? 0x7ff00000 : 0x7f800000;
    for (let i = 0; i < data.length; i++) {
      const word = high[i * each + each - 1]!;
      if ((word & notFinite) !== notFinite && (negative || word >= 0)) continue;
      const x = data[i]!;
      if (accepts(x)) continue;
      this.#refuse(name, `is ${x} at index ${i}; each number must be ${words}`);
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
