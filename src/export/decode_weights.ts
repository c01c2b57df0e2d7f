/** Weights of PyTorch, or of any program that names them alike, as a checkpoint. */

import * as v from "valibot";
import { checkOptions, optionsSchema, wrongType } from "../arguments.ts";
import { type Checkpoint, fromSafetensors } from "../checkpoint/checkpoint.ts";
import { FORMAT } from "../checkpoint/metadata.ts";
import { decodeSafetensors, type Safetensors, type Tensor } from "../checkpoint/safetensors.ts";
import { InputError, withContext } from "../errors.ts";
import { quote } from "../json.ts";
import { type Cell, cellNames, cells } from "../model/cells.ts";
import { elementCount, type RealArray } from "../model/parameters.ts";
import { resolveConfig } from "../model/resolve_config.ts";
import { text } from "../schemas.ts";
import { parseCharacters } from "./vocabulary_json.ts";

/** Options of {@linkcode decodeWeights}. */
export interface DecodeWeightsOptions {
  /**
   * The characters of the model by their ids, each a single code point, in any order. Default: the
   * key `vocabulary` of the file's metadata.
   */
  readonly vocabulary?: readonly string[];
}

const schema = optionsSchema({ vocabulary: v.array(text, "must be a list of characters") });

/**
 * Decodes the weights of a model that another program trained, which are untrusted, as a checkpoint:
 * to sample from, to evaluate, or to train further.
 *
 * The file is a safetensors file of the state dict of a PyTorch module with one `torch.nn.RNN`,
 * `GRU` or `LSTM` and one `torch.nn.Linear` for the logits, whatever their names are. An
 * `Embedding` of the characters is multiplied into the weights of the first layer. Missing biases
 * are zero. An RNN must have the nonlinearity tanh, which the weights do not show. Vocabularies of
 * this project are in the order of code points: the weights are put into that order.
 *
 * @param bytes The whole file.
 * @param options The vocabulary.
 * @throws {InputError} if the file is damaged, the weights are those of another network, or the
 * vocabulary is missing or does not fit.
 * @throws {TypeError} if `bytes` is not a `Uint8Array`.
 *
 * @example
 * ```ts
 * import { corpusFromText, train } from "../mod.ts";
 * import { decodeWeights, encodeWeights } from "./mod.ts";
 *
 * const corpus = corpusFromText("tick tock ".repeat(50));
 * const { best } = await train(corpus, { config: { hidden: 8 }, steps: 1 });
 * const { vocabulary } = decodeWeights(encodeWeights(best));
 * console.log(vocabulary.characters === best.vocabulary.characters); // true
 * ```
 */
export function decodeWeights(bytes: Uint8Array, options: DecodeWeightsOptions = {}): Checkpoint {
  const context = "Cannot read the weights";
  if (!(bytes instanceof Uint8Array)) {
    throw wrongType({ context, name: "bytes", expected: "a Uint8Array", value: bytes });
  }
  const { vocabulary } = checkOptions(options, { schema, context });
  return withContext(context, () => toCheckpoint(decodeSafetensors(bytes), vocabulary));
}

/**
 * As {@linkcode decodeWeights}, for a file that was read.
 *
 * @throws {InputError} without a context.
 */
export function toCheckpoint(
  { tensors, metadata }: Safetensors,
  vocabulary: readonly string[] | undefined,
): Checkpoint {
  if (metadata.format?.startsWith("unroll-checkpoint-")) {
    throw new InputError("it is a checkpoint of unroll already; use it as it is");
  }
  const network = findNetwork(tensors);
  const { cell, layers, hidden } = network;
  const order = orderOf(vocabulary ?? charactersOf(metadata), network.size);
  const precision = network.head.data instanceof Float64Array ? "f64" : "f32";
  const config = resolveConfig({ cell, layers, hidden, precision });
  return fromSafetensors({
    tensors: inOrder(network, order.ids),
    metadata: {
      format: FORMAT,
      config: JSON.stringify(config),
      vocabulary: JSON.stringify(order.characters),
      ...metadata.unknown === undefined ? {} : { unknown: metadata.unknown },
    },
  });
}

function charactersOf({ vocabulary }: Safetensors["metadata"]): string[] {
  if (vocabulary === undefined) {
    throw new InputError(
      'it has no "vocabulary" in its metadata; give the characters by their ids as "vocabulary"',
      { option: "vocabulary" },
    );
  }
  const options = { option: undefined };
  return withContext('its "vocabulary"', () => parseCharacters(vocabulary), options);
}

/** The characters in the order of code points, and the id that each had. */
function orderOf(characters: readonly string[], size: number) {
  const refuse = (wrong: string) =>
    new InputError(`the "vocabulary" ${wrong}`, { option: "vocabulary" });
  if (characters.length !== size) {
    throw refuse(
      `has ${characters.length} characters, and the weights are those of ${size}; they must agree`,
    );
  }
  for (const [id, character] of characters.entries()) {
    const isCharacter = typeof character === "string" && character.isWellFormed() &&
      [...character].length === 1;
    if (!isCharacter) {
      throw refuse(`has ${quote(character)} at ${id}; each entry must be a single character`);
    }
  }
  const ids = [...characters.keys()].sort((a, b) =>
    characters[a]!.codePointAt(0)! - characters[b]!.codePointAt(0)!
  );
  const sorted = ids.map((id) => characters[id]!);
  const twice = sorted.find((character, i) => character === sorted[i + 1]);
  if (twice !== undefined) throw refuse(`has ${quote(twice)} twice`);
  return { ids, characters: sorted.join("") };
}

/** What a state dict holds. */
interface Network {
  readonly cell: Cell;
  readonly layers: number;
  readonly hidden: number;
  /** V. */
  readonly size: number;
  /** The tensors of the layers, by PyTorch's names of `torch.nn.GRU` and the like. */
  readonly recurrent: ReadonlyMap<string, Tensor>;
  /** Wxh of the first layer, times the embedding if there is one: [G·H, V]. */
  readonly first: RealArray;
  readonly head: Tensor;
  /** `undefined` for a linear layer without bias. */
  readonly headBias: Tensor | undefined;
}

/** @throws {InputError} if the tensors are not those of one recurrent network with a head. */
function findNetwork(tensors: ReadonlyMap<string, Tensor>): Network {
  const firsts = [...tensors.keys()].filter((name) => /(^|\.)weight_ih_l0$/.test(name));
  if (firsts.length !== 1) {
    throw new InputError(
      `it has ${firsts.length === 0 ? "no" : firsts.length} tensors "…weight_ih_l0"; it must be ` +
        "the state dict of a module with one torch.nn.RNN, GRU or LSTM",
    );
  }
  const prefix = firsts[0]!.slice(0, -"weight_ih_l0".length);
  const recurrent = new Map<string, Tensor>();
  const others = new Map<string, Tensor>();
  for (const [name, tensor] of tensors) {
    const [, kind] = /^((?:weight|bias)_.*_l\d+.*)$/.exec(
      name.startsWith(prefix) ? name.slice(prefix.length) : "",
    ) ?? [];
    if (kind === undefined) others.set(name, tensor);
    else recurrent.set(kind, tensor);
  }
  const layers = countLayers(recurrent);
  const [rows, hidden] = matrixOf("weight_hh_l0", recurrent.get("weight_hh_l0"));
  const cell = cellNames.find((name) => cells[name].gates * hidden === rows);
  if (cell === undefined) {
    throw new InputError(
      `${quote(`${prefix}weight_hh_l0`)} has the shape [${rows}, ${hidden}]; the rows must be 1 ` +
        "(RNN), 3 (GRU) or 4 (LSTM) times the columns",
    );
  }
  const first = recurrent.get("weight_ih_l0")!;
  const [, inputs] = matrixOf("weight_ih_l0", first);
  const { head, headBias, embedding } = findHead(others, { hidden, inputs });
  const [size] = matrixOf("head", head);
  if (embedding === undefined && inputs !== size) {
    throw new InputError(
      `the first layer reads vectors of ${inputs} numbers, and the head gives ${size}; they must ` +
        "agree, or there must be an embedding",
    );
  }
  const product = embedding === undefined ? first.data : timesEmbedding(first, embedding);
  return { cell, layers, hidden, size, recurrent, first: product, head, headBias };
}

/** @throws {InputError} if there are other tensors than those of a network of one direction. */
function countLayers(recurrent: ReadonlyMap<string, Tensor>): number {
  const other = [...recurrent.keys()].find((name) => !/^(weight|bias)_[ih]h_l\d+$/.test(name));
  if (other !== undefined) {
    throw new InputError(
      `it has ${quote(other)}, which no network here has: bidirectional and projected layers ` +
        "cannot be imported",
    );
  }
  let layers = 0;
  while (recurrent.has(`weight_ih_l${layers}`) && recurrent.has(`weight_hh_l${layers}`)) layers++;
  const beyond = [...recurrent.keys()].find((name) => Number(/\d+$/.exec(name)![0]) >= layers);
  if (beyond === undefined) return layers;
  const missing = [`weight_ih_l${layers}`, `weight_hh_l${layers}`]
    .find((name) => !recurrent.has(name))!;
  throw new InputError(`it has ${quote(beyond)}, and lacks ${quote(missing)}`);
}

/** The lengths of a matrix. */
function matrixOf(name: string, tensor: Tensor | undefined): [rows: number, columns: number] {
  const { shape = [] } = tensor ?? {};
  if (shape.length === 2 && elementCount(shape) > 0) return [shape[0]!, shape[1]!];
  const found = tensor === undefined ? "is missing" : `has the shape [${shape.join(", ")}]`;
  throw new InputError(`the tensor ${quote(name)} ${found}; it must be a matrix`);
}

/** Finds the linear layer of the logits, and an embedding, among the tensors beside the layers. */
function findHead(
  others: ReadonlyMap<string, Tensor>,
  { hidden, inputs }: { readonly hidden: number; readonly inputs: number },
) {
  const modules = new Set([...others.keys()].map((name) => name.replace(/\.?(weight|bias)$/, "")));
  const of = (module: string, kind: string) =>
    others.get(module === "" ? kind : `${module}.${kind}`);
  const expected = "besides the recurrent layers it must have one torch.nn.Linear from their " +
    "hidden states to the logits, and may have one torch.nn.Embedding";
  const found = [...modules].map((module) => ({
    module,
    weight: of(module, "weight"),
    bias: of(module, "bias"),
  }));
  if (found.length === 0 || found.length > 2 || found.some(({ weight }) => weight === undefined)) {
    const names = [...others.keys()].slice(0, 6).map((name) => quote(name)).join(", ");
    throw new InputError(`it has ${names || "no other tensors"}; ${expected}`);
  }
  const isHead = ({ weight, bias }: typeof found[number]) =>
    weight!.shape.length === 2 && weight!.shape[1] === hidden &&
    (bias !== undefined || found.every((other) => other.bias === undefined));
  const isEmbedding = ({ weight, bias }: typeof found[number]) =>
    bias === undefined && weight!.shape.length === 2 && weight!.shape[1] === inputs;
  const heads = found.filter(isHead)
    .filter((one) => found.every((other) => other === one || isEmbedding(other)));
  // Without biases, and with an embedding as long as a hidden state, names must decide.
  const [head] = heads.length > 1 ? heads.filter(({ module }) => !/emb|enc/i.test(module)) : heads;
  if (head === undefined) {
    const shapes = found.map(({ module, weight }) =>
      `${quote(module)} of [${weight!.shape.join(", ")}]`
    );
    throw new InputError(`it has ${shapes.join(" and ")}; ${expected}`);
  }
  const embedding = found.find((other) => other !== head)?.weight;
  const size = head.weight!.shape[0]!;
  if (embedding !== undefined && embedding.shape[0] !== size) {
    throw new InputError(
      `its embedding has ${embedding.shape[0]} characters, and its head ${size}; they must agree`,
    );
  }
  return { head: head.weight!, headBias: head.bias, embedding };
}

/** W [G·H, E] times the transposed embedding [V, E]: what the layer computes of one character. */
function timesEmbedding(weight: Tensor, embedding: Tensor): RealArray {
  const [rows, columns] = weight.shape as [number, number];
  const [size] = embedding.shape as [number];
  const result = weight.data instanceof Float64Array
    ? new Float64Array(rows * size)
    : new Float32Array(rows * size);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < size; j++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) {
        sum += weight.data[i * columns + k]! * embedding.data[j * columns + k]!;
      }
      result[i * size + j] = sum;
    }
  }
  return result;
}

/** The tensors of a checkpoint, with characters in another order: `ids` are those that they had. */
function inOrder(network: Network, ids: readonly number[]): Map<string, Tensor> {
  const { recurrent, layers, hidden, size, first, head, headBias } = network;
  const rows = recurrent.get("weight_hh_l0")!.shape[0]!;
  const tensors = new Map<string, Tensor>();
  for (let l = 0; l < layers; l++) {
    for (const kind of ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]) {
      const name = `${kind}_l${l}`;
      const tensor = recurrent.get(name) ?? { shape: [rows], data: sameType(head.data, rows) };
      tensors.set(`rnn.${name}`, tensor);
    }
  }
  const columns = sameType(first, first.length);
  for (let i = 0; i < rows; i++) {
    for (const [to, from] of ids.entries()) columns[i * size + to] = first[i * size + from]!;
  }
  tensors.set("rnn.weight_ih_l0", { shape: [rows, size], data: columns });
  const weights = sameType(head.data, head.data.length);
  const biases = sameType(head.data, size);
  for (const [to, from] of ids.entries()) {
    weights.set(head.data.subarray(from * hidden, (from + 1) * hidden), to * hidden);
    if (headBias !== undefined) biases[to] = headBias.data[from] ?? NaN;
  }
  tensors.set("head.weight", { shape: [size, hidden], data: weights });
  tensors.set("head.bias", { shape: headBias?.shape ?? [size], data: biases });
  return tensors;
}

/** Zeros in the precision of other numbers. */
function sameType(data: RealArray, length: number): RealArray {
  return data instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
}
