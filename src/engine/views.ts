import {
  elementCount,
  type ParameterName,
  type ParameterSet,
  parameterSet,
  parameterShapes,
  parseParameterName,
  type RealArray,
  realArray,
  shapeEntries,
  type Sizes,
} from "../model/parameters.ts";
import type { Precision } from "../model/types.ts";
import type { Instance, Kernels, Layout } from "./kernels/instance.ts";

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
  readonly #kernels: Kernels;
  readonly #layout: Layout;
  /** The whole memory as numbers of the model's precision. */
  readonly #reals: RealArray;

  constructor({ kernels, layout, memory }: Instance, precision: Precision, sizes: Sizes) {
    this.#sizes = sizes;
    this.#precision = precision;
    this.#kernels = kernels;
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
    return parameterSet(this.#sizes, (name, shape) => {
      const array = realArray(this.#precision, elementCount(shape));
      const place = this.#placeOf(name, shape, distance);
      for (let i = 0; i < array.length; i++) array[i] = this.#reals[place(i)]!;
      return array;
    });
  }

  /**
   * Replaces the parameters, or what lies `distance` bytes after them in the same form.
   * @throws {RangeError} when an array is missing or not as long as its shape says; nothing is
   * replaced then.
   */
  writeParameters(set: ParameterSet, distance = 0): void {
    const entries = shapeEntries(this.#sizes);
    for (const [name, shape] of entries) checkLength(name, set[name] ?? [], elementCount(shape));
    for (const [name, shape] of entries) {
      const array = set[name]!;
      const place = this.#placeOf(name, shape, distance);
      for (let i = 0; i < array.length; i++) this.#reals[place(i)] = array[i]!;
    }
  }

  /**
   * Replaces one number of the parameters.
   * @throws {RangeError} when there is no such parameter, or it has no such number.
   */
  writeParameter(name: ParameterName, index: number, value: number): void {
    const shape = parameterShapes(this.#sizes)[name] ?? [0];
    const count = elementCount(shape);
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      throw new RangeError(`Cannot write ${name}[${index}]: it has ${count} numbers`);
    }
    this.#reals[this.#placeOf(name, shape, 0)(index)] = value;
  }

  /**
   * Where each number of a parameter lies: plain arrays are [to][from], the memory is [from][to],
   * each gate padded by itself.
   */
  #placeOf(
    name: ParameterName,
    shape: readonly number[],
    distance: number,
  ): (index: number) => number {
    const columns = shape[1] ?? 1;
    const start = (this.#addressOf(name) + distance) / this.#reals.BYTES_PER_ELEMENT;
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

  /** Where a parameter begins, in bytes. */
  #addressOf(name: ParameterName): number {
    if (name === "Why" || name === "by") return this.#layout[name];
    const { kind, layer } = parseParameterName(name);
    const kernels = this.#kernels;
    const address = kind === "Wxh"
      ? kernels.Wxh(layer)
      : kind === "Whh"
      ? kernels.Whh(layer)
      : kind === "bh"
      ? kernels.bh(layer)
      : kernels.bhn(layer);
    return address >>> 0;
  }
}

function checkLength(what: string, array: ArrayLike<number>, wanted: number): void {
  if (array.length !== wanted) {
    throw new RangeError(
      `Cannot write the ${what}: ${array.length} numbers given, ${wanted} wanted`,
    );
  }
}
