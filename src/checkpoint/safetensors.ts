/**
 * The safetensors container: named arrays of numbers and named strings in one file, without code
 * (https://github.com/huggingface/safetensors, section "Format").
 *
 *     byte 0      N, length of the header: unsigned, 8 bytes
 *     byte 8      header, UTF-8: {"__metadata__": {key: text, …},
 *                 name: {"dtype", "shape", "data_offsets": [begin, end]}, …},
 *                 padded with spaces so that the data begin at a multiple of 8
 *     byte 8 + N  data: the tensors, row-major, without gaps; offsets count from here
 *
 * Everything is little-endian, as typed arrays are on every platform that runs Deno.
 */

import { quote } from "../json.ts";
import { elementCount, type RealArray } from "../model/parameters.ts";
import {
  type Dtype,
  LENGTH_BYTES,
  maxHeaderBytes,
  METADATA,
  readHeader,
  readHeaderLength,
  type TensorEntry,
} from "./safetensors_header.ts";

/** An array of numbers and its shape. */
export interface Tensor {
  /** Length of each dimension; empty for a single number. */
  readonly shape: readonly number[];
  /** The numbers, row-major. */
  readonly data: RealArray;
}

/** The contents of a safetensors file. */
export interface Safetensors {
  /** The tensors by name, in the order of their data. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Strings by key. */
  readonly metadata: Readonly<Record<string, string>>;
}

const ALIGNMENT = 8;

const arrayTypes = { F32: Float32Array, F64: Float64Array } as const;

/**
 * The format's name of an array's number type.
 *
 * @example
 * ```ts
 * import { dtypeOf } from "./safetensors.ts";
 *
 * console.log(dtypeOf(new Float32Array(3))); // F32
 * ```
 */
export function dtypeOf(data: RealArray): Dtype {
  return data instanceof Float64Array ? "F64" : "F32";
}

/** The bytes of an array as they are stored in the file: a view, not a copy. */
export function bytesOf(data: RealArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * Encodes tensors and metadata as the bytes of a file.
 *
 * Tensors keep their order, except that double precision comes before single, which aligns each.
 *
 * @throws {RangeError} if a tensor's shape does not fit its data, its name is `__metadata__`, or
 * the header exceeds 16 MiB, or exceeds a quarter of the file by more than 128 KiB.
 *
 * @example
 * ```ts
 * import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
 *
 * const data = new Float32Array([1, 2, 3, 4, 5, 6]);
 * const bytes = encodeSafetensors({ weight: { shape: [2, 3], data } }, { source: "example" });
 * const { tensors, metadata } = decodeSafetensors(bytes);
 * console.log(tensors.get("weight")?.shape, metadata); // [ 2, 3 ] { source: "example" }
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
        `Cannot encode the tensor ${
          quote(name)
        }: its shape [${shape}] and its number of elements, ` +
          `${data.length}, must agree, and its name must not be ${METADATA}`,
      );
    }
    const end = dataBytes + data.byteLength;
    entries.push([name, { dtype: dtypeOf(data), shape, data_offsets: [dataBytes, end] }]);
    dataBytes = end;
  }

  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const headerBytes = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const max = maxHeaderBytes(headerBytes + dataBytes);
  if (headerBytes > max) {
    throw new RangeError(
      `Cannot encode a header of ${headerBytes} bytes: it must have at most ${max}`,
    );
  }
  const bytes = new Uint8Array(LENGTH_BYTES + headerBytes + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(json, LENGTH_BYTES);
  let offset = LENGTH_BYTES + headerBytes;
  bytes.fill(0x20, LENGTH_BYTES + json.length, offset);
  for (const [, { data }] of ordered) {
    bytes.set(bytesOf(data), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/**
 * Decodes the bytes of a file. They are untrusted: nothing is allocated that exceeds their length.
 *
 * @param bytes The whole file. The tensors are copies and share no memory with it.
 * @throws {InputError} if the file is not a valid safetensors file of `F32` and `F64` tensors.
 */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  const start = LENGTH_BYTES + readHeaderLength(bytes, bytes.length);
  const data = bytes.subarray(start);
  const { entries, metadata } = readHeader(bytes.subarray(LENGTH_BYTES, start), data.length);
  const tensors = new Map<string, Tensor>();
  for (const entry of entries) {
    const copy = new Uint8Array(entry.end - entry.begin);
    copy.set(data.subarray(entry.begin, entry.end));
    tensors.set(entry.name, toTensor(entry, copy));
  }
  return { tensors, metadata };
}

/** Creates a tensor from its header entry and its data, which are kept, not copied. */
export function toTensor({ dtype, shape }: TensorEntry, data: Uint8Array<ArrayBuffer>): Tensor {
  return { shape, data: new arrayTypes[dtype](data.buffer) };
}
