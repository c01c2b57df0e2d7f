/**
 * The module's products by themselves, on matrices of random numbers: what the register tile
 * reaches when nothing but products is asked for.
 */
import { type Instance, instantiate } from "../src/engine/kernels/instance.ts";
import { Xoshiro128 } from "../src/random.ts";

/** C[rows × columns] = A·B, summed over `depth`. */
export interface ProductShape {
  readonly rows: number;
  /** A multiple of 4, as are the columns: the engine pads all sizes to that. */
  readonly depth: number;
  readonly columns: number;
}

/** A product that can be run, and its matrices. */
export interface Product {
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly c: Float32Array;
  readonly run: () => void;
}

const REAL = 4;
/** What the kernels ask for: a block of 96 rows, and 256 rows of B. */
const SCRATCH_A = 96 * 256;
const SCRATCH_B_ROWS = 256;

/** C = A·B, A[rows × depth] packed block by block on the way, B packed before. */
export function product({ rows, depth, columns }: ProductShape): Product {
  const space = new Space(
    rows * depth + 2 * depth * columns + rows * columns + SCRATCH_A,
  );
  const a = space.matrix(rows * depth);
  const b = space.matrix(depth * columns);
  const packed = space.take(depth * columns);
  const c = space.take(rows * columns);
  const scratch = space.take(SCRATCH_A);
  const { kernels } = space;
  const [strideA, strideC] = [depth * REAL, columns * REAL];
  const [aAt, bAt, cAt] = [a.byteOffset, packed.byteOffset, c.byteOffset];
  kernels.packShare(bAt, b.byteOffset, strideC, false, columns, depth);
  const run = () =>
    kernels.multiplyPacked(
      ...[cAt, strideC, rows, columns, depth] as const,
      ...[aAt, strideA, bAt, false, scratch.byteOffset] as const,
    );
  return { a, b, c, run };
}

/** C = Aᵀ·B, A[depth × rows] and B[depth × columns] both packed on the way. */
export function transposedProduct({ rows, depth, columns }: ProductShape): Product {
  const scratchSize = SCRATCH_A + SCRATCH_B_ROWS * columns;
  const space = new Space(depth * rows + depth * columns + rows * columns + scratchSize);
  const a = space.matrix(depth * rows);
  const b = space.matrix(depth * columns);
  const c = space.take(rows * columns);
  const [scratchA, scratchB] = [space.take(SCRATCH_A), space.take(SCRATCH_B_ROWS * columns)];
  const { kernels } = space;
  const [strideA, strideB] = [rows * REAL, columns * REAL];
  const [aAt, bAt, cAt] = [a.byteOffset, b.byteOffset, c.byteOffset];
  const run = () =>
    kernels.multiplyTransposed(
      ...[cAt, strideB, rows, columns, 1, depth, 0] as const,
      ...[aAt, strideA, bAt, strideB, scratchA.byteOffset, scratchB.byteOffset] as const,
    );
  return { a, b, c, run };
}

/** c[columns] += a[depth]·B: the recurrence of a single stream. */
export function vectorProduct({ depth, columns }: Omit<ProductShape, "rows">): Product {
  const space = new Space(depth + depth * columns + columns);
  const a = space.matrix(depth);
  const b = space.matrix(depth * columns);
  const c = space.take(columns);
  const { kernels } = space;
  const [aAt, bAt, cAt] = [a.byteOffset, b.byteOffset, c.byteOffset];
  const run = () => kernels.vectorTimesMatrix(cAt, aAt, bAt, columns * REAL, depth, columns);
  return { a, b, c, run };
}

/** Memory of a module, to lay matrices into. */
class Space {
  readonly kernels: Instance["kernels"];
  readonly #buffer: ArrayBufferLike;
  readonly #random = new Xoshiro128(1);
  #next: number;

  /** @param numbers How many there is room for, beside what alignment takes. */
  constructor(numbers: number) {
    // The hidden states of so many steps are as much room, and nothing else uses it.
    const seqLength = Math.ceil(numbers / 4) + 64;
    const { kernels, memory } = instantiate("f32", {
      ...{ inputs: 1, hidden: 4, outputs: 1, seqLength, batchSize: 1 },
      ...{ denseInputs: false, denseTargets: false, training: false },
    });
    this.kernels = kernels;
    this.#buffer = memory.buffer;
    this.#next = kernels.hiddenStates(0) >>> 0;
  }

  /** Room for so many numbers, on a cache line. */
  take(count: number): Float32Array {
    const numbers = new Float32Array(this.#buffer, this.#next, count);
    this.#next += Math.ceil(count * REAL / 64) * 64;
    return numbers;
  }

  /** Room with random numbers in it. */
  matrix(count: number): Float32Array {
    const numbers = this.take(count);
    for (let i = 0; i < count; i++) numbers[i] = this.#random.normal();
    return numbers;
  }
}
