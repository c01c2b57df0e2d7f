import { wrongRange, wrongType } from "../arguments.ts";
import { quote } from "../json.ts";
import {
  elementCount,
  type ParameterName,
  type ParameterSet,
  parameterSet,
  parameterShapes,
  parseParameterName,
  type Precision,
  type RealArray,
  realArray,
  shapeEntries,
  type Sizes,
  takeParameters,
} from "../model/parameters.ts";
import type { Instance, Kernels, Layout } from "./kernels/instance.ts";

/** A matrix in the memory of the kernels. */
export interface MatrixLayout {
  /** The address of its first number, in bytes. */
  readonly address: number;
  readonly rows: number;
  readonly columns: number;
  /** Numbers from the start of one row to the start of the next. */
  readonly stride: number;
}

/** Copies between plain, unpadded arrays and the memory of the kernels. */
export class KernelMemory {
  readonly #sizes: Sizes;
  readonly #precision: Precision;
  readonly #kernels: Kernels;
  readonly #layout: Layout;
  /** The whole memory as numbers of the model's precision. */
  readonly #reals: RealArray;

  constructor(
    { kernels, layout, memory }: Instance,
    { precision, ...sizes }: Sizes & { readonly precision: Precision },
  ) {
    this.#sizes = sizes;
    this.#precision = precision;
    this.#kernels = kernels;
    this.#layout = layout;
    const { buffer } = memory;
    this.#reals = precision === "f64" ? new Float64Array(buffer) : new Float32Array(buffer);
  }

  /** The bytes of `count` numbers. */
  bytesOf(count: number): number {
    return count * this.#reals.BYTES_PER_ELEMENT;
  }

  /** Sets all numbers from an address on to zero. */
  clear(address: number): void {
    this.#reals.fill(0, this.#indexOf(address));
  }

  /** The sum of `count` numbers from an address on, in double precision. */
  sum(address: number, count: number): number {
    const start = this.#indexOf(address);
    let sum = 0;
    for (let i = 0; i < count; i++) sum += this.#reals[start + i]!;
    return sum;
  }

  /** Copies a matrix to a new array, row-major. */
  readMatrix({ address, rows, columns, stride }: MatrixLayout): RealArray {
    const array = realArray(this.#precision, rows * columns);
    const start = this.#indexOf(address);
    for (let row = 0; row < rows; row++) {
      const from = start + row * stride;
      array.set(this.#reals.subarray(from, from + columns), row * columns);
    }
    return array;
  }

  /**
   * Replaces a matrix.
   *
   * @param array Row-major [rows, columns].
   * @param what The name of the matrix, for errors.
   * @throws {RangeError} If the array has another length; nothing is replaced then.
   * @throws {TypeError} If it is not an array of numbers; nothing is replaced then.
   */
  writeMatrix(
    { address, rows, columns, stride }: MatrixLayout,
    { array, what }: { readonly array: ArrayLike<number>; readonly what: string },
  ): void {
    const numbers = copyNumbers(array, { what, length: rows * columns });
    const start = this.#indexOf(address);
    for (let row = 0; row < rows; row++) {
      this.#reals.set(numbers.subarray(row * columns, (row + 1) * columns), start + row * stride);
    }
  }

  /** Copies the parameters, or what is laid out like them `offset` bytes further on. */
  readParameters(offset = 0): ParameterSet {
    return parameterSet(this.#sizes, (name, shape) => {
      const array = realArray(this.#precision, elementCount(shape));
      const place = this.#placeOf(name, shape, offset);
      for (let i = 0; i < array.length; i++) array[i] = this.#reals[place(i)]!;
      return array;
    });
  }

  /**
   * Replaces the parameters, or what is laid out like them `offset` bytes further on.
   *
   * @throws {RangeError} If an array has another length; nothing is replaced then.
   * @throws {TypeError} If an array is missing or of another type; nothing is replaced then.
   */
  writeParameters(set: ParameterSet, offset = 0): void {
    // Each array is taken from the set once, so that what was checked is what is written.
    const arrays = takeParameters(set, { sizes: this.#sizes, context: "Cannot write parameters" });
    for (const [name, shape] of shapeEntries(this.#sizes)) {
      const array = arrays[name]!;
      const place = this.#placeOf(name, shape, offset);
      const count = elementCount(shape);
      for (let i = 0; i < count; i++) this.#reals[place(i)] = array[i]!;
    }
  }

  /**
   * Replaces one number of a parameter.
   *
   * @throws {RangeError} If there is no such parameter or number.
   * @throws {TypeError} If the value is not a number.
   */
  writeParameter(name: ParameterName, index: number, value: number): void {
    const shapes = parameterShapes(this.#sizes);
    if (typeof name !== "string" || !Object.hasOwn(shapes, name)) {
      const expected = `one of ${Object.keys(shapes).join(", ")}`;
      throw wrongRange({
        context: "Cannot write a parameter",
        name: "name",
        expected,
        value: name,
      });
    }
    const shape = shapes[name]!;
    const count = elementCount(shape);
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      throw new RangeError(`Cannot write ${name}[${quote(index)}]: ${name} has ${count} numbers`);
    }
    if (typeof value !== "number") {
      const expected = "a number";
      throw wrongType({
        context: `Cannot write ${name}[${index}]`,
        name: "value",
        expected,
        value,
      });
    }
    this.#reals[this.#placeOf(name, shape, 0)(index)] = value;
  }

  /**
   * Maps an index of a plain array to an index of the memory: plain arrays are [to, from], the memory
   * is [from, to] with each gate padded by itself.
   */
  #placeOf(
    name: ParameterName,
    shape: readonly number[],
    offset: number,
  ): (index: number) => number {
    const columns = shape[1] ?? 1;
    const start = this.#indexOf(this.#addressOf(name) + offset);
    if (name === "Why" || name === "by") {
      const stride = this.#layout.outputsPadded;
      return (index) => start + (index % columns) * stride + Math.floor(index / columns);
    }
    const { gatesPadded, hiddenPadded } = this.#layout;
    const { hidden } = this.#sizes;
    return (index) => {
      const row = Math.floor(index / columns);
      const gate = Math.floor(row / hidden);
      return start + (index % columns) * gatesPadded + gate * hiddenPadded + row % hidden;
    };
  }

  /** The address of a parameter. */
  #addressOf(name: ParameterName): number {
    if (name === "Why" || name === "by") return this.#layout[name];
    const { kind, layer } = parseParameterName(name);
    // Addresses are unsigned, but WebAssembly returns signed numbers.
    return this.#kernels[kind as "Wxh" | "Whh" | "bh" | "bhn"](layer) >>> 0;
  }

  #indexOf(address: number): number {
    return address / this.#reals.BYTES_PER_ELEMENT;
  }
}

/**
 * Copies an array of numbers, so that what was checked is what is used.
 *
 * @throws {RangeError} If it has another length.
 * @throws {TypeError} If it is not an array of numbers.
 */
export function copyNumbers(
  array: ArrayLike<number>,
  { what, length }: { readonly what: string; readonly length: number },
): Float64Array {
  const isTyped = ArrayBuffer.isView(array) && !(array instanceof DataView) &&
    !(array instanceof BigInt64Array) && !(array instanceof BigUint64Array);
  if (!isTyped && !Array.isArray(array)) {
    throw wrongType({
      ...{ context: `Cannot write the ${what}`, name: what },
      expected: "an array of numbers",
      value: array,
    });
  }
  if (array.length !== length) {
    throw new RangeError(
      `Cannot write the ${what}: it has ${length} numbers, and ${array.length} were given`,
    );
  }
  if (isTyped) return new Float64Array(array);
  const copy: unknown[] = Array.from(array);
  const wrong = copy.findIndex((x) => typeof x !== "number");
  if (wrong >= 0) {
    const name = `${what}[${wrong}]`;
    const context = `Cannot write the ${what}`;
    throw wrongType({ context, name, expected: "a number", value: copy[wrong] });
  }
  return Float64Array.from(copy as number[]);
}
