/** Conversion between parameter sets and tensors with PyTorch's names and shapes. */

import { InputError } from "../errors.ts";
import { quote } from "../json.ts";
import { cells } from "../model/cells.ts";
import type { Config } from "../model/config.ts";
import {
  elementCount,
  type ParameterName,
  type ParameterSet,
  parameterSet,
  parseParameterName,
  type Precision,
  type RealArray,
  realArray,
  shapeEntries,
  type Sizes,
} from "../model/parameters.ts";
import { dtypeOf, type Tensor } from "./safetensors.ts";

/** The prefix of the trained weights where the weights without a prefix are their average. */
export const TRAINING = "training.";

/** PyTorch's names of a layer's parameters; bhn is a part of `bias_hh`. */
const torchKinds: Readonly<Record<string, string>> = {
  Wxh: "weight_ih",
  Whh: "weight_hh",
  bh: "bias_ih",
  bhn: "bias_hh",
};

function torchName(name: ParameterName): string {
  if (name === "Why") return "head.weight";
  if (name === "by") return "head.bias";
  const { kind, layer } = parseParameterName(name);
  return `rnn.${torchKinds[kind]}_l${layer}`;
}

/** What is converted to or from tensors. */
export interface SetLayout {
  /** The sizes of the network. */
  readonly sizes: Sizes;
  /** What precedes the names of the weights, for example `training.`; empty for the weights. */
  readonly prefix: string;
}

/** Converts a parameter set to tensors; each layer's bias is followed by its second bias. */
export function toTensors(set: ParameterSet, { sizes, prefix }: SetLayout): [string, Tensor][] {
  const tensors: [string, Tensor][] = [];
  for (const [name, shape] of shapeEntries(sizes)) {
    const data = set[name]!;
    if (name.startsWith("bhn")) continue;
    tensors.push([prefix + torchName(name), { shape, data }]);
    if (!name.startsWith("bh") || !hasSecondBiases({ sizes, prefix })) continue;
    const second = data.slice().fill(0);
    const candidates = set[secondBiasOf(name)];
    if (candidates) second.set(candidates, 2 * sizes.hidden);
    tensors.push([prefix + torchName(secondBiasOf(name)), { shape, data: second }]);
  }
  return tensors;
}

/** Weights always have second biases. Optimizer state has them for the GRU only; others are 0. */
function hasSecondBiases({ sizes: { cell = "rnn" }, prefix }: SetLayout): boolean {
  return prefix === "" || prefix === TRAINING || cells[cell].hasCandidateBias;
}

/** The name of the second bias that belongs to a layer's bh. */
function secondBiasOf(name: ParameterName): ParameterName {
  return name.replace("bh", "bhn") as ParameterName;
}

/** What the numbers of a tensor must be. */
export interface NumberRule {
  /** Whether a number is accepted. */
  readonly accepts: (x: number) => boolean;
  /** Whether every finite negative number is accepted; every finite positive number always is. */
  readonly allowsNegative: boolean;
  /** For an error, for example `finite`. */
  readonly description: string;
}

/** For weights, hidden states and moments. */
export const FINITE: NumberRule = {
  accepts: Number.isFinite,
  allowsNegative: true,
  description: "finite",
};

/**
 * For sums of squares. They may be infinite: after an overflow the weight no longer changes, and
 * training continues.
 */
export const NON_NEGATIVE: NumberRule = {
  accepts: (x) => x >= 0,
  allowsNegative: false,
  description: "0 or above",
};

/** Reads untrusted tensors by name, checks them, and keeps track of those that were not read. */
export class TensorReader {
  readonly #unread: Map<string, Tensor>;
  readonly #precision: Precision;
  /** The count of numbers in all tensors together. */
  readonly #totalElements: number;

  constructor(tensors: ReadonlyMap<string, Tensor>, precision: Precision) {
    this.#unread = new Map(tensors);
    this.#precision = precision;
    this.#totalElements = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
  }

  /** Whether a tensor with this prefix was not yet read. */
  hasAny(prefix: string): boolean {
    return [...this.#unread.keys()].some((name) => name.startsWith(prefix));
  }

  /**
   * Reads the tensor of a name.
   *
   * @throws {InputError} if it is missing, has another type or shape, or breaks the rule.
   */
  read(name: string, { shape, rule }: { shape: readonly number[]; rule: NumberRule }): RealArray {
    const tensor = this.#unread.get(name);
    if (tensor === undefined) throw refusal(name, "is missing");
    this.#unread.delete(name);
    const expected = `F${this.#precision === "f64" ? 64 : 32} [${shape.join(", ")}]`;
    const found = `${dtypeOf(tensor.data)} ${quote(tensor.shape).replaceAll(",", ", ")}`;
    if (found !== expected) {
      throw refusal(name, `is ${found}; by configuration and vocabulary it must be ${expected}`);
    }
    check(name, tensor.data, rule);
    return tensor.data;
  }

  /**
   * Reads a parameter set that {@linkcode toTensors} or PyTorch wrote.
   *
   * @throws {InputError} as {@linkcode TensorReader.read} does.
   */
  readSet({ sizes, prefix }: SetLayout, rule: NumberRule): ParameterSet {
    const seconds = new Map<string, RealArray>();
    return parameterSet(sizes, (name, shape) => {
      const tensorName = prefix + torchName(name);
      if (name.startsWith("bhn")) return seconds.get(tensorName)!.slice(2 * sizes.hidden);
      const data = this.read(tensorName, { shape, rule });
      if (!name.startsWith("bh") || !hasSecondBiases({ sizes, prefix })) return data;
      const secondName = prefix + torchName(secondBiasOf(name));
      const second = this.read(secondName, { shape, rule });
      seconds.set(secondName, second);
      // The two biases of the GRU's candidate state stay apart; all others are added.
      const summed = sizes.cell === "gru" ? 2 * sizes.hidden : data.length;
      // Adding 0 would change −0.
      const sum = data.map((x, i) => i >= summed || second[i] === 0 ? x : x + second[i]!);
      check(`${tensorName} + ${secondName}`, sum, rule);
      return sum;
    });
  }

  /**
   * Zeros in place of a tensor that may be missing, at most as many numbers as the file has: what
   * reading allocates is bounded by the length of the file.
   *
   * @throws {InputError} if the shape has more.
   */
  zeros(name: string, shape: readonly number[]): RealArray {
    const elements = elementCount(shape);
    if (elements > this.#totalElements) {
      throw refusal(
        name,
        `is missing; with the shape [${shape.join(", ")}] it must be present, as all other ` +
          `tensors together have only ${this.#totalElements} numbers`,
      );
    }
    return realArray(this.#precision, elements);
  }

  /** @throws {InputError} if a tensor was not read. */
  finish({ weightAverage, optimizer }: Config): void {
    const [name] = this.#unread.keys();
    if (name === undefined) return;
    const kind = name.startsWith(TRAINING) && weightAverage === 0
      ? "without weight averaging"
      : `with the optimizer ${optimizer}`;
    throw refusal(name, `does not belong to a checkpoint ${kind}`);
  }
}

/** @throws {InputError} naming the first number that breaks a rule. */
function check(name: string, data: RealArray, rule: NumberRule): void {
  // Checks sign and exponent, which are in the high word of a number. Until V8 has compiled a loop,
  // it allocates every float that the loop reads, in all four times the file, but no integer.
  const wordsEach = data.BYTES_PER_ELEMENT / 4;
  const words = new Int32Array(data.buffer, data.byteOffset, data.length * wordsEach);
  const exponentMask = wordsEach === 2 ? 0x7ff00000 : 0x7f800000;
  for (let i = 0; i < data.length; i++) {
    const word = words[i * wordsEach + wordsEach - 1]!;
    if ((word & exponentMask) !== exponentMask && (rule.allowsNegative || word >= 0)) continue;
    const x = data[i]!;
    if (rule.accepts(x)) continue;
    throw refusal(name, `is ${x} at index ${i}; each number must be ${rule.description}`);
  }
}

function refusal(name: string, wrong: string): InputError {
  return new InputError(`the tensor ${quote(name)} ${wrong}`);
}
