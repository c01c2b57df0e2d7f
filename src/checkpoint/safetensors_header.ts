/** The header of a safetensors file: read and checked before anything else of the file is. */

import * as v from "valibot";
import { InputError } from "../errors.ts";
import { parseJson, quote, validate } from "../json.ts";

/** The length of the header takes this many bytes, the first of the file. */
export const LENGTH_BYTES = 8;
/** Far above any need; a vocabulary of all of Unicode takes a third of it. */
const MOST_HEADER_BYTES = 2 ** 24;
/**
 * A header may be this long whatever the data are. A longer one names many characters, and the
 * weights of each take three times the bytes of its name or more: so that reading takes memory in
 * proportion to the file, of what a header is decoded into, such a one must be at most a quarter.
 */
const FREE_HEADER_BYTES = 2 ** 16;
/** The key of the strings; every other key is the name of a tensor. */
export const METADATA = "__metadata__";
/** The header, an entry in it, and an array in that. */
const HEADER_DEPTH = 3;

/** The format's names of the types of numbers that are read. */
export type Dtype = "F32" | "F64";

const bytesOf: Readonly<Record<Dtype, number>> = { F32: 4, F64: 8 };

/**
 * The length of the header, which begins at byte 8.
 *
 * @param start The first 8 bytes of the file, or more, or all that it has.
 * @param fileBytes The length of the whole file.
 * @param doing What is being done, for an error's first words.
 * @throws {InputError} when a file of this length has no such header.
 */
export function headerLength(start: Uint8Array, fileBytes: number, doing: string): number {
  // The shortest header is "{}".
  if (fileBytes < LENGTH_BYTES + 2) {
    throw new InputError(
      fileBytes === 0
        ? `${doing}: it is empty; it must be a safetensors file`
        : `${doing}: it has ${fileBytes} bytes; a safetensors file has at least 10`,
    );
  }
  const view = new DataView(start.buffer, start.byteOffset, LENGTH_BYTES);
  const length = view.getBigUint64(0, true);
  const most = mostHeaderBytes(fileBytes - LENGTH_BYTES);
  if (length > most) {
    throw new InputError(
      `${doing}: its first 8 bytes say that the header has ${length} bytes, and it can have at ` +
        `most ${most}; it must be a safetensors file, and complete`,
    );
  }
  return Number(length);
}

/** How many bytes a header can have that has so many together with its data. */
export function mostHeaderBytes(bytes: number): number {
  return Math.min(MOST_HEADER_BYTES, bytes, Math.max(FREE_HEADER_BYTES, Math.floor(bytes / 4)));
}

/** Where a tensor is, checked as far as it can be without its data. */
export interface Place {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Where its data begin, in bytes from the end of the header. */
  readonly begin: number;
  /** Where they end. */
  readonly end: number;
}

/** What a header says. */
export interface Header {
  /** Where the tensors are, in the order of their data. */
  readonly places: readonly Place[];
  /** Strings by key. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a header, and checks that its tensors follow one another to the end of the file.
 *
 * @param header Its bytes.
 * @param dataBytes How many bytes follow it.
 * @param doing What is being done, for an error's first words.
 * @throws {InputError} when the header is not valid, or not that of so many bytes.
 */
export function readHeader(header: Uint8Array, dataBytes: number, doing: string): Header {
  const { [METADATA]: metadata = {}, ...rest } = parseHeader(header, doing);
  const places = Object.entries(rest)
    .map(([name, value]) => readPlace(name, value, doing))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of places) {
    if (begin !== covered) {
      throw new InputError(
        `${doing}: the data of ${quote(name)} begin at byte ${begin}; they must begin at ` +
          `${covered}, where those before them end`,
      );
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    throw new InputError(
      `${doing}: its tensors take ${covered} bytes, and ${dataBytes} follow the header; ` +
        `the file is incomplete or has something added`,
    );
  }
  return { places, metadata: readMetadata(metadata, doing) };
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

const size = v.custom<number>(
  (n) => Number.isSafeInteger(n) && (n as number) >= 0,
  "must be a whole number, 0 or above",
);

const entrySchema = v.strictObject({
  dtype: v.picklist(["F32", "F64"], "must be F32 or F64"),
  shape: v.array(size, "must be a list of whole numbers"),
  data_offsets: v.strictTuple([size, size], "must be two whole numbers"),
});

function readPlace(name: string, value: unknown, doing: string): Place {
  const tensor = `${doing}: the header's ${quote(name)}`;
  const { dtype, shape, data_offsets: [begin, end] } = validate(entrySchema, value, tensor);
  const bytesEach = bytesOf[dtype];
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
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const n of shape) {
    count *= n;
    if (n < 0 || !Number.isSafeInteger(n) || !Number.isSafeInteger(count)) return NaN;
  }
  return count;
}
