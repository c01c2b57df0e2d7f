/**
 * The wire format of Protocol Buffers, as far as ONNX models and TensorBoard's events need it
 * (https://protobuf.dev/programming-guides/encoding/).
 */

/** The wire types: how the value of a field is encoded. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/**
 * Writes the fields of one message, in the order of the calls. Bytes are kept, not copied, until
 * {@linkcode MessageWriter.finish}.
 *
 * @example
 * ```ts
 * import { MessageWriter } from "./protobuf.ts";
 *
 * const point = new MessageWriter().int(1, 150).text(2, "testing");
 * console.log(point.finish().length); // 12
 * ```
 */
export class MessageWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** A whole number, 0 or above; `int32`, `int64` and enumerations alike. */
  int(field: number, value: number): this {
    return this.#add(varint(field * 8 + VARINT), varint(value));
  }

  /** A number in single precision. */
  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#add(varint(field * 8 + FIXED32), bytes);
  }

  /** A number in double precision. */
  double(field: number, value: number): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    return this.#add(varint(field * 8 + FIXED64), bytes);
  }

  /** A string, in UTF-8. */
  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  /** Bytes, which must not change until the message is finished. */
  bytes(field: number, value: Uint8Array): this {
    return this.#add(varint(field * 8 + BYTES), varint(value.length), value);
  }

  /** A message, which must not change any more. */
  message(field: number, value: MessageWriter): this {
    return this.#add(varint(field * 8 + BYTES), varint(value.#length), ...value.#parts);
  }

  /** A message for each of some values. */
  messages<T>(field: number, values: Iterable<T>, write: (value: T) => MessageWriter): this {
    for (const value of values) this.message(field, write(value));
    return this;
  }

  /** The bytes of the message. */
  finish(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#length);
    let offset = 0;
    for (const part of this.#parts) {
      bytes.set(part, offset);
      offset += part.length;
    }
    return bytes;
  }

  #add(...parts: readonly Uint8Array[]): this {
    for (const part of parts) {
      this.#parts.push(part);
      this.#length += part.length;
    }
    return this;
  }
}

/** A whole number in groups of seven bits, the lowest first; every group but the last has bit 7. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push(rest % 128 + 128);
    rest = Math.floor(rest / 128);
  }
  return Uint8Array.of(...bytes, rest);
}
