/**
 * A set of parameters as tensors with the names and shapes of PyTorch, and back. checkpoint.ts tells
 * which names those are.
 */

import { InputError } from "../errors.ts";
import type { Config, Precision } from "../model/config.ts";
import { quote } from "../json.ts";
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
} from "../model/parameters.ts";
import { dtypeOf, type Tensor } from "./safetensors.ts";

/** What stands before the names of the weights that training goes on from, beside their average. */
export const TRAINING = "training.";

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
export function tensorsOf(set: ParameterSet, sizes: Sizes, prefix: string): [string, Tensor][] {
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
  return prefix === "" || prefix === TRAINING || cell === "gru";
}

/** The name of the bias beside a layer's bh. */
function secondOf(name: ParameterName): ParameterName {
  return name.replace("bh", "bhn") as ParameterName;
}

/** What each number of a tensor must be. */
export interface Wanted {
  readonly accepts: (x: number) => boolean;
  /** Whether `accepts` takes every negative number that is finite, as it does every positive one. */
  readonly negative: boolean;
  readonly words: string;
}

export const finite: Wanted = { accepts: Number.isFinite, negative: true, words: "finite" };
/** A sum of squares may overflow: its weight then stays as it is, and training can go on. */
export const sum: Wanted = { accepts: (x) => x >= 0, negative: false, words: "0 or above" };

/** Takes tensors by name, and knows which are left. */
export class TensorReader {
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

  finish({ weightAverage, optimizer }: Config): void {
    const [name] = this.#left.keys();
    if (name === undefined) return;
    const which = name.startsWith(TRAINING) && weightAverage === 0
      ? "whose weights are no average"
      : `with the optimizer ${optimizer}`;
    this.#refuse(name, `does not belong to a checkpoint ${which}`);
  }

  #refuse(name: string, wrong: string): never {
    throw new InputError(`${this.#doing}: the tensor ${quote(name)} ${wrong}`);
  }
}
