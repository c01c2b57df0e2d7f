/** The header of a safetensors file: untrusted input, checked before anything else is read. */

import * as v from "valibot";
import { InputError, withContext } from "../errors.ts";
import { parseJson, quote, validate } from "../json.ts";
import { elementCount } from "../model/parameters.ts";

/** Bytes at the start of a file that hold the length of its header. */
export const LENGTH_BYTES = 8;

/** Far above any need: a vocabulary of all of Unicode takes a third of it. */
const MAX_HEADER_BYTES = 2 ** 24;

/**
 * A header may be this much longer than a quarter of the file, so that the memory for decoding it is
 * bounded by the length of the file. No checkpoint exceeds that: the weights of each character take
 * at least three times the bytes of its name, and everything else in a header, with 16 layers and a
 * path of 4096 bytes, less than half of this.
 */
const FREE_HEADER_BYTES = 2 ** 17;

/** The key of the metadata; every other key is the name of a tensor. */
export const METADATA = "__metadata__";

/** The header, an entry in it, and an array in that. */
const HEADER_DEPTH = 3;

/** The format's names of the number types that are read. */
export type Dtype = "F32" | "F64";

const bytesPerElement: Readonly<Record<Dtype, number>> = { F32: 4, F64: 8 };

/**
 * Reads the length of the header, which starts at byte 8.
 *
 * @param start The first 8 bytes of the file or more, or the whole file if it is shorter.
 * @param fileBytes The length of the whole file.
 * @throws {InputError} if a file of this length cannot have such a header.
 */
export function readHeaderLength(start: Uint8Array, fileBytes: number): number {
  // The shortest header is "{}".
  if (fileBytes < LENGTH_BYTES + 2) {
    throw new InputError(
      fileBytes === 0
        ? "it is empty; it must be a safetensors file"
        : `it has ${fileBytes} bytes; a safetensors file has at least 10`,
    );
  }
  const view = new DataView(start.buffer, start.byteOffset, LENGTH_BYTES);
  const length = view.getBigUint64(0, true);
  const max = maxHeaderBytes(fileBytes - LENGTH_BYTES);
  if (length <= max) return Number(length);
  // The local header of a zip archive, and a pickle of protocol 2. Only a length that is wrong is read
  // as one of them: a header of 640 bytes begins as that pickle does.
  if (view.getUint32(0, true) === 0x04034b50 || view.getUint16(0, true) === 0x0280) {
    throw new InputError(
      "it is a zip archive or a pickle, which may be a file of PyTorch; it must be a safetensors " +
        "file, which safetensors.torch.save_file(model.state_dict(), path) writes",
    );
  }
  // Eight letters are a number of 10^18 and more, which says nothing to the reader of a message.
  if (length > Number.MAX_SAFE_INTEGER) {
    throw new InputError("it is not a safetensors file; it must be a checkpoint or weights");
  }
  throw new InputError(
    `it is not a complete safetensors file: its first 8 bytes declare a header of ${length} bytes, ` +
      `and it can have at most ${max}; it must be a checkpoint or weights`,
  );
}

/** The longest header that is accepted, by the bytes of header and data together. */
export function maxHeaderBytes(bytes: number): number {
  return Math.min(MAX_HEADER_BYTES, bytes, FREE_HEADER_BYTES + Math.floor(bytes / 4));
}

/** The position of a tensor in a file, checked as far as possible without its data. */
export interface TensorEntry {
  /** The tensor's name. */
  readonly name: string;
  /** The type of its numbers. */
  readonly dtype: Dtype;
  /** Length of each dimension; empty for a single number. */
  readonly shape: readonly number[];
  /** Where its data begin, in bytes from the end of the header. */
  readonly begin: number;
  /** Where its data end. */
  readonly end: number;
}

/** The contents of a header. */
export interface Header {
  /** The tensors, in the order of their data. */
  readonly entries: readonly TensorEntry[];
  /** Strings by key. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a header, and checks that the data of its tensors fill the rest of the file without gaps.
 *
 * @param header The bytes of the header.
 * @param dataBytes The number of bytes that follow the header.
 * @throws {InputError} if the header is invalid, or does not fit the data.
 */
export function readHeader(header: Uint8Array, dataBytes: number): Header {
  const { [METADATA]: metadata = {}, ...rest } = parseHeader(header);
  const entries = Object.entries(rest)
    .map(([name, value]) => readEntry(name, value))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== covered) {
      throw new InputError(
        `the data of ${quote(name)} begin at byte ${begin}; they must begin at ${covered}, where ` +
          "the previous tensor ends",
      );
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    throw new InputError(
      `its tensors take ${covered} bytes, but ${dataBytes} follow the header; the file is ` +
        "incomplete or has extra bytes",
    );
  }
  return { entries, metadata: readMetadata(metadata) };
}

function parseHeader(header: Uint8Array): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(header);
  } catch {
    throw new InputError("its header is not UTF-8; it must be a safetensors file");
  }
  if (!text.startsWith("{")) {
    throw new InputError('its header does not begin with "{"; it must be a safetensors file');
  }
  // JSON that begins with a brace is an object.
  const json = parseJson(text, { maxDepth: HEADER_DEPTH, subject: "its header" });
  return json as Record<string, unknown>;
}

function readMetadata(value: unknown): Readonly<Record<string, string>> {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === "string");
  if (isRecord) return value as Record<string, string>;
  throw new InputError(
    `the header's "${METADATA}" must be an object whose values are strings, not ${quote(value)}`,
  );
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

function readEntry(name: string, value: unknown): TensorEntry {
  const subject = `the header's ${quote(name)}`;
  // What is wrong is a property of the file, not an option of the call.
  const entry = withContext(subject, () => validate(entrySchema, value), { option: undefined });
  const { dtype, shape, data_offsets: [begin, end] } = entry;
  const bytesEach = bytesPerElement[dtype];
  const bytes = elementCount(shape) * bytesEach;
  if (!Number.isSafeInteger(bytes) || end - begin !== bytes) {
    throw new InputError(
      `${subject} has the data from byte ${begin} to ${end}; its shape ${quote(shape)} of ` +
        `${dtype} takes ` +
        (Number.isSafeInteger(bytes) ? `${bytes} bytes` : "more bytes than a file can have"),
    );
  }
  if (begin % bytesEach !== 0) {
    throw new InputError(
      `${subject} begins at byte ${begin}; that must be a multiple of ${bytesEach}`,
    );
  }
  return { name, dtype, shape, begin, end };
}
