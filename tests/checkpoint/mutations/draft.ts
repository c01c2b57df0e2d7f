/** Checkpoint files as drafts that can be changed and encoded again, without the project's decoder. */

import { createHash } from "node:crypto";
import type { Xoshiro128 } from "../../../src/random.ts";
import { type FoundTensor, rawFile, readByHand } from "../files.ts";

/** A changed file, and the expected result. */
export interface Mutation {
  /** What was changed, for the message of a failed test. */
  readonly what: string;
  readonly bytes: Uint8Array;
  /** `harmless`: decoded as the original; `either`: rejected or decoded as the original. */
  readonly fate: "refused" | "harmless" | "either";
}

/** The contents of a file. */
export interface Draft {
  readonly tensors: ReadonlyMap<string, Pick<FoundTensor, "dtype" | "shape" | "bytes">>;
  /** Without the checksum. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Decodes a valid file. */
export function takeApart(file: Uint8Array): Draft {
  const { tensors, metadata: { checksum: _, ...metadata } } = readByHand(file);
  return { tensors, metadata };
}

/** Encodes a draft, with the checksum of its contents unless `sealed` is false. */
export function putTogether({ tensors, metadata }: Draft, sealed = true): Uint8Array {
  const checksum = sealed ? { checksum: checksumOf({ tensors, metadata }) } : {};
  const entries: [string, unknown][] = [["__metadata__", { ...metadata, ...checksum }]];
  const data: number[] = [];
  for (const [name, { dtype, shape, bytes }] of tensors) {
    const begin = data.length;
    data.push(...bytes);
    entries.push([name, { dtype, shape, data_offsets: [begin, data.length] }]);
  }
  return rawFile(JSON.stringify(Object.fromEntries(entries)), new Uint8Array(data));
}

function checksumOf({ tensors, metadata }: Draft): string {
  const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");
  const strings = Object.keys(metadata).sort().map((key) => [key, metadata[key]]);
  const digests = [...tensors.keys()].sort().map((name) => {
    const { dtype, shape, bytes } = tensors.get(name)!;
    return [name, dtype, shape, sha256(bytes)];
  });
  return sha256(JSON.stringify([strings, digests]));
}

/** Replaces a tensor; `undefined` removes it. */
export function withTensor(
  draft: Draft,
  name: string,
  tensor: { dtype: string; shape: number[]; bytes: Uint8Array } | undefined,
): Draft {
  const tensors = new Map(draft.tensors);
  if (tensor) tensors.set(name, tensor);
  else tensors.delete(name);
  return { ...draft, tensors };
}

/** Replaces a string of the metadata; `undefined` removes it. */
export function withString(draft: Draft, key: string, text: string | undefined): Draft {
  const entries = Object.entries(draft.metadata).filter(([other]) => other !== key);
  if (text !== undefined) entries.push([key, text]);
  return { ...draft, metadata: Object.fromEntries(entries) };
}

/** The two parts of a valid file. */
export interface Parts {
  readonly header: string;
  readonly data: Uint8Array;
}

/** Splits a file into the text of its header and its data. */
export function partsOf(file: Uint8Array): Parts {
  const { dataStart } = readByHand(file);
  return {
    header: new TextDecoder().decode(file.subarray(8, dataStart)),
    data: file.slice(dataStart),
  };
}

/** Reproducible random choices. */
export class Dice {
  readonly #random: Xoshiro128;

  constructor(random: Xoshiro128) {
    this.#random = random;
  }

  /** Draws a whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.#random.uniform() * limit);
  }

  /** Draws one of several items. */
  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

/** Numbers at the limits of 31, 32, 53, 63 and 64 bits, as JSON. */
export const limitNumbers: readonly string[] = [31, 32, 53, 63, 64]
  .flatMap((bits) => [-1n, 0n, 1n].map((more) => String(2n ** BigInt(bits) + more)))
  .concat("4503599627370496", "4611686018427387904", "1e19", "1e308", "1e400");
