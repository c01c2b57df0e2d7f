/** A checkpoint's file taken apart, to be put together wrongly. Nothing here uses the project's reader. */

import { createHash } from "node:crypto";
import type { Xoshiro128 } from "../../../src/random.ts";
import { type FoundTensor, rawFile, readByHand } from "../files.ts";

/** A changed file, and what must become of it. */
export interface Mutation {
  /** What was changed, for whoever looks for the one that failed. */
  readonly what: string;
  readonly bytes: Uint8Array;
  /** `either`: refused, or read as if nothing had been changed. */
  readonly fate: "refused" | "harmless" | "either";
}

/** What a file holds. */
export interface Draft {
  readonly tensors: ReadonlyMap<string, Pick<FoundTensor, "dtype" | "shape" | "bytes">>;
  /** Without the checksum. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Takes a valid file apart. */
export function takeApart(file: Uint8Array): Draft {
  const { tensors, metadata: { checksum: _, ...metadata } } = readByHand(file);
  return { tensors, metadata };
}

/** Puts a file together; with a checksum that is right whatever it holds, unless told not to. */
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

/** The same with another tensor in place of one, or, of `undefined`, without it. */
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

/** The same with another string under a key, or, of `undefined`, without it. */
export function withString(draft: Draft, key: string, text: string | undefined): Draft {
  const entries = Object.entries(draft.metadata).filter(([other]) => other !== key);
  if (text !== undefined) entries.push([key, text]);
  return { ...draft, metadata: Object.fromEntries(entries) };
}

/** A valid file in two parts. */
export interface Parts {
  readonly header: string;
  readonly data: Uint8Array;
}

/** The text of the header, and the data. */
export function partsOf(file: Uint8Array): Parts {
  const { dataStart } = readByHand(file);
  return {
    header: new TextDecoder().decode(file.subarray(8, dataStart)),
    data: file.slice(dataStart),
  };
}

/** Random choices that are the same each time. */
export class Dice {
  readonly #random: Xoshiro128;

  constructor(random: Xoshiro128) {
    this.#random = random;
  }

  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number {
    return Math.floor(this.#random.uniform() * limit);
  }

  /** One of several. */
  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

/** Numbers around which reckoning in 31, 32, 53, 63 and 64 bits goes wrong, as JSON writes them. */
export const greatNumbers: readonly string[] = [31, 32, 53, 63, 64]
  .flatMap((bits) => [-1n, 0n, 1n].map((more) => String(2n ** BigInt(bits) + more)))
  .concat("4503599627370496", "4611686018427387904", "1e19", "1e308", "1e400");
