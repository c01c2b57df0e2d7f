const PRIME_1 = 0x9e3779b185ebca87n;
const PRIME_2 = 0xc2b2ae3d27d4eb4fn;
const PRIME_3 = 0x165667b19e3779f9n;
const PRIME_4 = 0x85ebca77c2b2ae63n;
const PRIME_5 = 0x27d4eb2f165667c5n;

/** Bytes of a stripe: a word for each of four lanes. */
const STRIPE_BYTES = 32;

/**
 * XXH64 with seed 0, by Y. Collet's specification of xxHash (2016): the checksum of Zstandard
 * frames.
 *
 * @example
 * ```ts
 * import { Xxh64 } from "./xxh64.ts";
 *
 * const hash = new Xxh64();
 * hash.update(new TextEncoder().encode("abc"));
 * console.log(hash.digest().toString(16)); // 44bc2cf5ad770999
 * ```
 */
export class Xxh64 {
  #lane1 = wrap(PRIME_1 + PRIME_2);
  #lane2 = PRIME_2;
  #lane3 = 0n;
  #lane4 = wrap(-PRIME_1);
  #length = 0;
  /** Bytes that make no stripe yet. */
  readonly #rest = new Uint8Array(STRIPE_BYTES);
  #restLength = 0;

  /** Adds the next bytes. */
  update(bytes: Uint8Array): void {
    this.#length += bytes.length;
    let at = 0;
    if (this.#restLength > 0) {
      at = Math.min(STRIPE_BYTES - this.#restLength, bytes.length);
      this.#rest.set(bytes.subarray(0, at), this.#restLength);
      this.#restLength += at;
      if (this.#restLength < STRIPE_BYTES) return;
      this.#addStripes(viewOf(this.#rest), 0, STRIPE_BYTES);
      this.#restLength = 0;
    }
    const end = bytes.length - (bytes.length - at) % STRIPE_BYTES;
    this.#addStripes(viewOf(bytes), at, end);
    this.#rest.set(bytes.subarray(end));
    this.#restLength = bytes.length - end;
  }

  /** The hash of all bytes. */
  digest(): bigint {
    let hash = PRIME_5;
    if (this.#length >= STRIPE_BYTES) {
      const lanes = [this.#lane1, this.#lane2, this.#lane3, this.#lane4] as const;
      hash = wrap(lanes.reduce((sum, lane, i) => sum + rotate(lane, [1n, 7n, 12n, 18n][i]!), 0n));
      for (const lane of lanes) hash = wrap((hash ^ round(0n, lane)) * PRIME_1 + PRIME_4);
    }
    hash = wrap(hash + BigInt(this.#length));
    const view = viewOf(this.#rest);
    let at = 0;
    for (; at + 8 <= this.#restLength; at += 8) {
      hash ^= round(0n, view.getBigUint64(at, true));
      hash = wrap(rotate(hash, 27n) * PRIME_1 + PRIME_4);
    }
    if (at + 4 <= this.#restLength) {
      hash ^= wrap(BigInt(view.getUint32(at, true)) * PRIME_1);
      hash = wrap(rotate(hash, 23n) * PRIME_2 + PRIME_3);
      at += 4;
    }
    for (; at < this.#restLength; at++) {
      hash ^= wrap(BigInt(view.getUint8(at)) * PRIME_5);
      hash = wrap(rotate(hash, 11n) * PRIME_1);
    }
    hash = wrap((hash ^ hash >> 33n) * PRIME_2);
    hash = wrap((hash ^ hash >> 29n) * PRIME_3);
    return hash ^ hash >> 32n;
  }

  #addStripes(view: DataView, from: number, end: number): void {
    let lane1 = this.#lane1;
    let lane2 = this.#lane2;
    let lane3 = this.#lane3;
    let lane4 = this.#lane4;
    for (let at = from; at < end; at += STRIPE_BYTES) {
      lane1 = round(lane1, view.getBigUint64(at, true));
      lane2 = round(lane2, view.getBigUint64(at + 8, true));
      lane3 = round(lane3, view.getBigUint64(at + 16, true));
      lane4 = round(lane4, view.getBigUint64(at + 24, true));
    }
    [this.#lane1, this.#lane2, this.#lane3, this.#lane4] = [lane1, lane2, lane3, lane4];
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function wrap(x: bigint): bigint {
  return BigInt.asUintN(64, x);
}

function rotate(x: bigint, count: bigint): bigint {
  return BigInt.asUintN(64, x << count) | x >> 64n - count;
}

function round(lane: bigint, word: bigint): bigint {
  const sum = BigInt.asUintN(64, lane + BigInt.asUintN(64, word * PRIME_2));
  return BigInt.asUintN(
    64,
    (BigInt.asUintN(64, sum << 31n) | sum >> 33n) * PRIME_1,
  );
}
