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

import * as v from "valibot";
import { InputError } from "../errors.ts";
import { parseJson, quote, validate } from "./json.ts";

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

const LENGTH_BYTES = 8;
const ALIGNMENT = 8;
/** Far above any need; a vocabulary of all of Unicode takes a third of it. */
const MOST_HEADER_BYTES = 2 ** 24;
const METADATA = "__metadata__";
/** The header, an entry in it, and an array in that. */
const HEADER_DEPTH = 3;

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
export function dtypeOf(data: Float32Array | Float64Array): "F32" | "F64" {
  return data instanceof Float64Array ? "F64" : "F32";
}

/**
 * Writes tensors and metadata as a file.
 *
 * The data are in the order given, but double precision before single: each tensor is then aligned.
 *
 * @throws {RangeError} when a tensor's shape does not fit its data, its name is `__metadata__`, or
 * the header takes more than 16 MiB.
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
  if (headerBytes > MOST_HEADER_BYTES) {
    throw new RangeError(
      `Cannot encode a header of ${headerBytes} bytes: at most ${MOST_HEADER_BYTES} are read back`,
    );
  }
  const bytes = new Uint8Array(LENGTH_BYTES + headerBytes + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(json, LENGTH_BYTES);
  let at = LENGTH_BYTES + headerBytes;
  bytes.fill(0x20, LENGTH_BYTES + json.length, at);
  for (const [, { data }] of ordered) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
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
  const header = bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + headerLength(bytes, doing));
  const data = bytes.subarray(LENGTH_BYTES + header.length);
  const { [METADATA]: metadata = {}, ...rest } = parseHeader(header, doing);
  const entries = Object.entries(rest)
    .map(([name, value]) => readEntry(name, value, doing))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);

  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== covered) {
      throw new InputError(
        `${doing}: the data of ${quote(name)} begin at byte ${begin}; they must begin at ` +
          `${covered}, where those before them end`,
      );
    }
    covered = end;
  }
  if (covered !== data.length) {
    throw new InputError(
      `${doing}: its tensors take ${covered} bytes, and ${data.length} follow the header; ` +
        `the file is incomplete or has something added`,
    );
  }
  return {
    tensors: new Map(
      entries.map(({ name, dtype, shape, begin, end }) => {
        const copy = new Uint8Array(end - begin);
        copy.set(data.subarray(begin, end));
        return [name, { shape, data: new arrayTypes[dtype](copy.buffer) }];
      }),
    ),
    metadata: readMetadata(metadata, doing),
  };
}

function headerLength(bytes: Uint8Array, doing: string): number {
  // The shortest header is "{}".
  if (bytes.length < LENGTH_BYTES + 2) {
    throw new InputError(
      bytes.length === 0
        ? `${doing}: it is empty; it must be a safetensors file`
        : `${doing}: it has ${bytes.length} bytes; a safetensors file has at least 10`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  const most = Math.min(MOST_HEADER_BYTES, bytes.length - LENGTH_BYTES);
  if (length > most) {
    throw new InputError(
      `${doing}: its first 8 bytes say that the header has ${length} bytes, and it can have at ` +
        `most ${most}; it must be a safetensors file, and complete`,
    );
  }
  return Number(length);
}

function parseHeader(header: Uint8Array, doing: string): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(header);
  } catch {
    throw new InputError(`${doing}: its header is not UTF-8; it must be a safetensors file`);
  }
  if (!text.startsWith("{")) {
    throw new InputError(
      `${doing}: its header does not begin with "{"; it must be a safetensors file`,
    );
  }
  // What begins so is an object, if it is JSON at all.
  return parseJson(text, HEADER_DEPTH, `${doing}: its header`) as Record<string, unknown>;
}

function readMetadata(value: unknown, doing: string): Readonly<Record<string, string>> {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === "string");
  if (isRecord) return value as Record<string, string>;
  throw new InputError(
    `${doing}: the header's "${METADATA}" must be an object whose values are strings, ` +
      `not ${quote(value)}`,
  );
}

/** A tensor's entry in the header, checked as far as it can be by itself. */
interface Entry {
  readonly name: string;
  readonly dtype: keyof typeof arrayTypes;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const size = v.custom<number>(
  (n) => Number.isSafeInteger(n) && (n as number) >= 0,
  "must be a whole number, 0 or above",
);

const entrySchema = v.strictObject({
  dtype: v.picklist(["F32", "F64"], "must be F32 or F64"),
  shape: v.array(size, "must be a list of whole numbers"),
  data_offsets: v.strictTuple([size, size], "must be two whole numbers"),
});

function readEntry(name: string, value: unknown, doing: string): Entry {
  const tensor = `${doing}: the header's ${quote(name)}`;
  const { dtype, shape, data_offsets: [begin, end] } = validate(entrySchema, value, tensor);
  const bytesEach = arrayTypes[dtype].BYTES_PER_ELEMENT;
  const bytes = elementCount(shape) * bytesEach;
  if (!Number.isSafeInteger(bytes) || end - begin !== bytes) {
    const shown = quote(shape);
    throw new InputError(
      `${tensor} has the data from byte ${begin} to ${end}; its shape ${shown} of ${dtype} takes ` +
        (Number.isSafeInteger(bytes) ? `${bytes} bytes` : "more bytes than any file has"),
    );
  }
  if (begin % bytesEach !== 0) {
    throw new InputError(
      `${tensor} begins at byte ${begin}; that must be a multiple of ${bytesEach}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** How many numbers a tensor of this shape has; NaN when that cannot be counted exactly. */
function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const n of shape) {
    count *= n;
    if (n < 0 || !Number.isSafeInteger(n) || !Number.isSafeInteger(count)) return NaN;
  }
  return count;
}
