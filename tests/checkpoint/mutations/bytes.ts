/** Damage to the bytes of a file, as by disks, networks and editors. */

import { type Dice, type Mutation, partsOf } from "./draft.ts";
import { rawFile } from "../files.ts";

/** Files truncated at every byte of the header and some of the data, and extended files. */
export function* cuts(file: Uint8Array): Generator<Mutation> {
  const { header, data } = partsOf(file);
  const dataStart = file.length - data.length;
  for (let length = 0; length < dataStart; length++) {
    yield { what: `cut to ${length} bytes`, bytes: file.slice(0, length), fate: "refused" };
  }
  for (let length = dataStart; length < file.length; length += 5) {
    yield { what: `cut to ${length} bytes`, bytes: file.slice(0, length), fate: "refused" };
  }
  for (let more = 1; more <= 64; more++) {
    const longer = new Uint8Array(file.length + more);
    longer.set(file);
    yield { what: `${more} bytes added`, bytes: longer.slice(), fate: "refused" };
    longer.set(new Uint8Array(more), dataStart);
    longer.set(data, dataStart + more);
    yield { what: `${more} bytes between header and data`, bytes: longer, fate: "refused" };
  }
  yield { what: "header alone", bytes: rawFile(header, new Uint8Array()), fate: "refused" };
}

/** Wrong lengths of the header: each of the 64 bits flipped, and numbers at the limits of integers. */
export function* headerLengths(file: Uint8Array): Generator<Mutation> {
  const right = new DataView(file.buffer).getBigUint64(0, true);
  const withLength = (length: bigint): Mutation => {
    const bytes = file.slice();
    new DataView(bytes.buffer).setBigUint64(0, length, true);
    return { what: `header length ${length}`, bytes, fate: "refused" };
  };
  for (let bit = 0n; bit < 64n; bit++) yield withLength(right ^ 1n << bit);
  for (const bits of [0n, 16n, 24n, 31n, 32n, 53n, 63n, 64n]) {
    for (const more of [-9n, -8n, -2n, -1n, 0n, 1n, 2n, 8n]) yield withLength(2n ** bits + more);
  }
  for (let more = -20n; more <= 20n; more++) {
    if (more !== 0n) yield withLength(right + more);
    yield withLength(BigInt(file.length) + more);
  }
}

/** Flips a bit of a file, which must have a checksum. */
export function bitFlip(file: Uint8Array, bit: number): Mutation {
  const bytes = file.slice();
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  return { what: `bit ${bit}`, bytes, fate: "either" };
}

/** Moves, repeats or overwrites pieces of a file, which must have a checksum. */
export function damage(file: Uint8Array, dice: Dice): Mutation {
  const bytes = file.slice();
  const places: string[] = [];
  for (let n = dice.below(4); n >= 0; n--) {
    const at = dice.below(bytes.length);
    const length = 1 + dice.below(dice.of([1, 8, 400]));
    const from = dice.below(bytes.length);
    if (dice.below(3) === 0) bytes.fill(dice.below(256), at, at + length);
    else bytes.copyWithin(at, from, from + length);
    places.push(`${at}+${length}`);
  }
  return { what: `damage at ${places}`, bytes, fate: "either" };
}

/** Malformed UTF-8 (Unicode Standard 16.0, table 3-7). */
const notUtf8: readonly (readonly number[])[] = [
  [0xff],
  [0xfe, 0xff],
  [0x80],
  [0xc0, 0x80],
  [0xc1, 0xbf],
  [0xe0, 0x80, 0x80],
  [0xe2, 0x82],
  [0xed, 0xa0, 0x80],
  [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
  [0xf0, 0x80, 0x80, 0x80],
  [0xf0, 0x9f, 0x98],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
];

/** Malformed UTF-8 in the header, in strings and elsewhere. */
export function* badEncodings(file: Uint8Array, dice: Dice): Generator<Mutation> {
  const { header, data } = partsOf(file);
  const text = new TextEncoder().encode(header);
  for (const bad of notUtf8) {
    for (let n = 0; n < 8; n++) {
      const at = 1 + dice.below(text.length);
      const changed = new Uint8Array([...text.subarray(0, at), ...bad, ...text.subarray(at)]);
      yield { what: `not UTF-8 (${bad}) at ${at}`, bytes: rawFile(changed, data), fate: "refused" };
    }
  }
}
