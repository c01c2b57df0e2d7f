/**
 * The matrix products of the f32 module, called directly on random matrices, to measure what the
 * register tile reaches outside a training step.
 */
import { type Instance, instantiate } from "../src/engine/kernels/instance.ts";
import { Xoshiro128 } from "../src/random.ts";

/** The dimensions of C = A·B, with BLAS' letters. */
export interface ProductShape {
  /** M: rows of C. */
  readonly rows: number;
  /** K: terms of each sum; a multiple of 4, the length to which the engine pads rows. */
  readonly depth: number;
  /** N: columns of C; a multiple of 4. */
  readonly columns: number;
}

/** A product with its matrices, which are views of the module's memory. */
export interface KernelProduct {
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly c: Float32Array;
  /** Computes C. */
  readonly run: () => void;
}

const BYTES_PER_F32 = 4;
/** Bytes of a cache line. */
const LINE_BYTES = 64;
/** Rows of A and terms of a sum that one packed block holds: MC and KC of assembly/packing.ts. */
const MC = 96, KC = 256;
/** Numbers of a packed block of A. */
const PACKED_A = MC * KC;

/** C = A·B, with A [M, K] and B [K, N]. Timed with the packing of A, but not of B. */
export function packedProduct({ rows, depth, columns }: ProductShape): KernelProduct {
  const memory = new KernelMemory(
    rows * depth + 2 * depth * columns + rows * columns + PACKED_A,
  );
  const a = memory.allocateRandom(rows * depth);
  const b = memory.allocateRandom(depth * columns);
  const packed = memory.allocate(depth * columns);
  const c = memory.allocate(rows * columns);
  const scratch = memory.allocate(PACKED_A);
  const { kernels, width } = memory;
  const [strideA, strideC] = [depth * BYTES_PER_F32, columns * BYTES_PER_F32];
  const [aAt, bAt, cAt] = [a.byteOffset, packed.byteOffset, c.byteOffset];
  kernels.packShare(bAt, b.byteOffset, strideC, false, columns, depth, width);
  const run = () =>
    kernels.multiplyPacked(
      ...[cAt, strideC, rows, columns, depth] as const,
      ...[aAt, strideA, bAt, false, scratch.byteOffset, width] as const,
    );
  return { a, b, c, run };
}

/** C = Aᵀ·B, with A [K, M] and B [K, N]. Timed with the packing of both. */
export function transposedProduct({ rows, depth, columns }: ProductShape): KernelProduct {
  const scratchSize = PACKED_A + KC * columns;
  const memory = new KernelMemory(depth * rows + depth * columns + rows * columns + scratchSize);
  const a = memory.allocateRandom(depth * rows);
  const b = memory.allocateRandom(depth * columns);
  const c = memory.allocate(rows * columns);
  const [scratchA, scratchB] = [memory.allocate(PACKED_A), memory.allocate(KC * columns)];
  const { kernels } = memory;
  const [strideA, strideB] = [rows * BYTES_PER_F32, columns * BYTES_PER_F32];
  const [aAt, bAt, cAt] = [a.byteOffset, b.byteOffset, c.byteOffset];
  const run = () =>
    kernels.multiplyTransposed(
      ...[cAt, strideB, rows, columns, 1, depth, 0] as const,
      ...[aAt, strideA, bAt, strideB, scratchA.byteOffset, scratchB.byteOffset] as const,
    );
  return { a, b, c, run };
}

/** c += a·B, with a [K] and B [K, N]: a step of the recurrence of a single stream. */
export function matrixVectorProduct({ depth, columns }: Omit<ProductShape, "rows">): KernelProduct {
  const memory = new KernelMemory(depth + depth * columns + columns);
  const a = memory.allocateRandom(depth);
  const b = memory.allocateRandom(depth * columns);
  const c = memory.allocate(columns);
  const { kernels } = memory;
  const [aAt, bAt, cAt] = [a.byteOffset, b.byteOffset, c.byteOffset];
  const run = () =>
    kernels.vectorTimesMatrix(cAt, aAt, bAt, columns * BYTES_PER_F32, depth, columns);
  return { a, b, c, run };
}

/** An instance of the f32 module, and memory in which matrices are allocated one after the other. */
class KernelMemory {
  readonly kernels: Instance["kernels"];
  /** Vectors in a panel of B. */
  readonly width: number;
  readonly #buffer: ArrayBufferLike;
  readonly #random = new Xoshiro128(1);
  /** The byte offset of the next matrix. */
  #next: number;

  /** @param numbers How many numbers all matrices have together. */
  constructor(numbers: number) {
    // A network's hidden states are the only space that grows freely. With 4 units, T steps have
    // room for 4·T numbers; 64 more steps cover the alignment of each matrix.
    const seqLength = Math.ceil(numbers / 4) + 64;
    const { kernels, constants, memory } = instantiate("f32", {
      ...{ inputs: 1, hidden: 4, outputs: 1, seqLength, batchSize: 1 },
      ...{ denseInputs: false, denseTargets: false, training: false },
    });
    this.kernels = kernels;
    this.width = constants.NR;
    this.#buffer = memory.buffer;
    this.#next = kernels.hiddenStates(0) >>> 0;
  }

  /** Allocates a matrix of zeros that begins on a cache line. */
  allocate(count: number): Float32Array {
    const numbers = new Float32Array(this.#buffer, this.#next, count);
    this.#next += Math.ceil(count * BYTES_PER_F32 / LINE_BYTES) * LINE_BYTES;
    return numbers;
  }

  /** Allocates a matrix of normally distributed numbers. */
  allocateRandom(count: number): Float32Array {
    const numbers = this.allocate(count);
    for (let i = 0; i < count; i++) numbers[i] = this.#random.normal();
    return numbers;
  }
}
