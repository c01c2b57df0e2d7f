/**
 * The safetensors container: named arrays of numbers and named strings in one file, pure data
 * (https://github.com/huggingface/safetensors, section "Format").
 *
 *     byte 0     N, length of the header, unsigned, 8 bytes
 *     byte 8     header, UTF-8: {"__metadata__": {key: text, ...},
 *                                name: {"dtype", "shape", "data_offsets": [begin, end]}, ...}
 *                and spaces, so that the data begin at a multiple of 8
 *     byte 8+N   data: the tensors, row-major, without gaps; offsets count from here
 *
 * Everything is little-endian, as typed arrays are on each platform that runs Deno.
 */

import { quote } from "../json.ts";
import {
  type Dtype,
  elementCount,
  headerLength,
  LENGTH_BYTES,
  METADATA,
  mostHeaderBytes,
  type Place,
  readHeader,
} from "./safetensors_header.ts";

/** An array of numbers and its shape. */
export interface Tensor {
  /** Length of each dimension; none for a single number. */
  readonly shape: readonly number[];
  /** The numbers, row-major. */
  readonly data: Float32Array | Float64Array;
}

/** What a safetensors file holds. */
export interface Safetensors {
  /** The tensors by name, in the order of their data. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Strings by key. */
  readonly metadata: Readonly<Record<string, string>>;
}

const ALIGNMENT = 8;

const arrayTypes = { F32: Float32Array, F64: Float64Array } as const;

/**
 * The name of the numbers' type in the file.
 *
 * @example
 * ```ts
 * import { dtypeOf } from "./safetensors.ts";
 *
 * console.log(dtypeOf(new Float32Array(3))); // F32
 * ```
 */
export function dtypeOf(data: Float32Array | Float64Array): Dtype {
  return data instanceof Float64Array ? "F64" : "F32";
}

/** The bytes of an array, as they stand in the file; not a copy. */
export function bytesOf(data: Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * Writes tensors and metadata as a file.
 *
 * The data are in the order given, but double precision before single: each tensor is then aligned.
 *
 * @throws {RangeError} when a tensor's shape does not fit its data, its name is `__metadata__`, or
 * the header takes more than 16 MiB, or more than 64 KiB and a quarter of the file.
 *
 * @example
 * ```ts
 * import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
 *
 * const data = new Float32Array([1, 2, 3, 4, 5, 6]);
 * const bytes = encodeSafetensors({ weight: { shape: [2, 3], data } }, { made: "by hand" });
 * const { tensors, metadata } = decodeSafetensors(bytes, "Cannot read the example");
 * console.log(tensors.get("weight")?.shape, metadata); // [ 2, 3 ] { made: "by hand" }
 * ```
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const ordered = Object.entries(tensors).sort(([, a], [, b]) =>
    b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT
  );
  const entries: [string, unknown][] = [[METADATA, metadata]];
  let dataBytes = 0;
  for (const [name, { shape, data }] of ordered) {
    if (name === METADATA || elementCount(shape) !== data.length) {
      throw new RangeError(
        `Cannot encode the tensor ${quote(name)} of shape [${shape}] and ${data.length} numbers: ` +
          `they must agree, and the name must not be ${METADATA}`,
      );
    }
    const end = dataBytes + data.byteLength;
    entries.push([name, { dtype: dtypeOf(data), shape, data_offsets: [dataBytes, end] }]);
    dataBytes = end;
  }

  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const headerBytes = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const most = mostHeaderBytes(headerBytes + dataBytes);
  if (headerBytes > most) {
    throw new RangeError(
      `Cannot encode a header of ${headerBytes} bytes: at most ${most} are read back`,
    );
  }
  const bytes = new Uint8Array(LENGTH_BYTES + headerBytes + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(json, LENGTH_BYTES);
  let at = LENGTH_BYTES + headerBytes;
  bytes.fill(0x20, LENGTH_BYTES + json.length, at);
  for (const [, { data }] of ordered) {
    bytes.set(bytesOf(data), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Reads a file, trusting nothing in it: whatever is allocated has been compared with its length.
 *
 * @param bytes The whole file. The tensors are copies; they share no memory with it.
 * @param doing What is being done, for an error's first words.
 * @throws {InputError} when the file is not a valid safetensors file of `F32` and `F64` tensors.
 */
export function decodeSafetensors(bytes: Uint8Array, doing: string): Safetensors {
  const start = LENGTH_BYTES + headerLength(bytes, bytes.length, doing);
  const data = bytes.subarray(start);
  const { places, metadata } = readHeader(bytes.subarray(LENGTH_BYTES, start), data.length, doing);
  const tensors = new Map<string, Tensor>();
  for (const place of places) {
    const copy = new Uint8Array(place.end - place.begin);
    copy.set(data.subarray(place.begin, place.end));
    tensors.set(place.name, tensorAt(place, copy));
  }
  return { tensors, metadata };
}

/** The tensor of a place whose data these are; they are kept, not copied. */
export function tensorAt({ dtype, shape }: Place, data: Uint8Array<ArrayBuffer>): Tensor {
  return { shape, data: new arrayTypes[dtype](data.buffer) };
}
