import {
  length,
  type ParameterName,
  parameterNames,
  type ParameterSet,
  parameterShapes,
  type RealArray,
  realArray,
  type Sizes,
} from "../model/parameters.ts";
import type { Precision } from "../model/config.ts";
import type { Instance, Layout } from "./kernels/instance.ts";

/** A matrix in the kernels' memory: each row begins `stride` numbers after the one before. */
export interface Area {
  /** Where it begins, in bytes. */
  readonly address: number;
  readonly rows: number;
  readonly columns: number;
  readonly stride: number;
}

/** Copies between plain, unpadded arrays and the kernels' memory. */
export class Views {
  readonly #sizes: Sizes;
  readonly #precision: Precision;
  readonly #layout: Layout;
  /** The whole memory as numbers of the model's precision. */
  readonly #reals: RealArray;

  constructor({ layout, memory }: Instance, precision: Precision, sizes: Sizes) {
    this.#sizes = sizes;
    this.#precision = precision;
    this.#layout = layout;
    const { buffer } = memory;
    this.#reals = precision === "f64" ? new Float64Array(buffer) : new Float32Array(buffer);
  }

  /** The bytes that so many numbers take. */
  bytesOf(count: number): number {
    return count * this.#reals.BYTES_PER_ELEMENT;
  }

  /** Sets all numbers from `address` on to zero. */
  clear(address: number): void {
    this.#reals.fill(0, address / this.#reals.BYTES_PER_ELEMENT);
  }

  /** The sum of `count` numbers from `address` on, in double precision. */
  sum(address: number, count: number): number {
    const start = address / this.#reals.BYTES_PER_ELEMENT;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += this.#reals[start + i]!;
    return sum;
  }

  /** Reads a matrix into a fresh array, row-major. */
  readMatrix({ address, rows, columns, stride }: Area): RealArray {
    const array = realArray(this.#precision, rows * columns);
    const start = address / this.#reals.BYTES_PER_ELEMENT;
    for (let row = 0; row < rows; row++) {
      const from = start + row * stride;
      array.set(this.#reals.subarray(from, from + columns), row * columns);
    }
    return array;
  }

  /**
   * Replaces a matrix.
   * @param what Its name, for an error.
   * @throws {RangeError} when the array is not as long as the matrix.
   */
  writeMatrix(what: string, { address, rows, columns, stride }: Area, array: ArrayLike<number>) {
    checkLength(what, array, rows * columns);
    const start = address / this.#reals.BYTES_PER_ELEMENT;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        this.#reals[start + row * stride + column] = array[row * columns + column]!;
      }
    }
  }

  /** Reads the parameters, or what lies `distance` bytes after them in the same form. */
  readParameters(distance = 0): ParameterSet {
    const shapes = parameterShapes(this.#sizes);
    const read = (name: ParameterName): RealArray => {
      const array = realArray(this.#precision, length(shapes[name]));
      const place = this.#placeOf(name, distance);
      for (let i = 0; i < array.length; i++) array[i] = this.#reals[place(i)]!;
      return array;
    };
    return { Wxh: read("Wxh"), Whh: read("Whh"), Why: read("Why"), bh: read("bh"), by: read("by") };
  }

  /**
   * Replaces the parameters, or what lies `distance` bytes after them in the same form.
   * @throws {RangeError} when an array is not as long as its shape says; nothing is replaced then.
   */
  writeParameters(set: ParameterSet, distance = 0): void {
    const shapes = parameterShapes(this.#sizes);
    for (const name of parameterNames) checkLength(name, set[name], length(shapes[name]));
    for (const name of parameterNames) {
      const array = set[name];
      const place = this.#placeOf(name, distance);
      for (let i = 0; i < array.length; i++) this.#reals[place(i)] = array[i]!;
    }
  }

  /**
   * Replaces one number of the parameters.
   * @throws {RangeError} when the parameter has no such number.
   */
  writeParameter(name: ParameterName, index: number, value: number): void {
    const count = length(parameterShapes(this.#sizes)[name]);
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      throw new RangeError(`Cannot write ${name}[${index}]: it has ${count} numbers`);
    }
    this.#reals[this.#placeOf(name)(index)] = value;
  }

  /**
   * Where each number of a parameter lies: plain arrays are [to][from], the memory is [from][to]
   * and padded.
   */
  #placeOf(name: ParameterName, distance = 0): (index: number) => number {
    const columns = parameterShapes(this.#sizes)[name][1] ?? 1;
    const start = (this.#layout[name] + distance) / this.#reals.BYTES_PER_ELEMENT;
    const stride = name === "Why" ? this.#layout.outputsPadded : this.#layout.hiddenPadded;
    return (index) => start + (index % columns) * stride + Math.floor(index / columns);
  }
}

function checkLength(what: string, array: ArrayLike<number>, wanted: number): void {
  if (array.length !== wanted) {
    throw new RangeError(
      `Cannot write the ${what}: ${array.length} numbers given, ${wanted} wanted`,
    );
  }
}
