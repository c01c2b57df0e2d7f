/**
 * Products of matrices and vectors against a plain float64 product, at every size around the tile.
 */
import { assert, assertEquals } from "@std/assert";
import { type Instance, instantiate } from "../../src/engine/kernels/instance.ts";
import type { Precision } from "../../src/model/types.ts";
import type { RealArray } from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";

const precisions = ["f32", "f32-strict", "f64"] as const;
/** What stands in memory wherever nothing may be written. */
const GUARD = -12345;

/** A module with a memory of its own to lay matrices into. */
class Bench {
  readonly kernels: Instance["kernels"];
  readonly real: number;
  readonly lanes: number;
  readonly numbers: RealArray;
  readonly #random = new Xoshiro128(1);
  #next = 64;

  constructor(readonly precision: Precision) {
    const { kernels, memory } = instantiate(precision, {
      inputs: 1,
      hidden: 600,
      outputs: 600,
      seqLength: 1,
      batchSize: 300,
      denseInputs: false,
      denseTargets: false,
      training: false,
    });
    const { buffer } = memory;
    this.kernels = kernels;
    this.numbers = precision === "f64" ? new Float64Array(buffer) : new Float32Array(buffer);
    this.real = this.numbers.BYTES_PER_ELEMENT;
    this.lanes = 16 / this.real;
    // The constants of the module lie below; everything above is free.
    this.#next = 4096 / this.real;
    this.numbers.fill(GUARD, this.#next);
  }

  /** Begins anew, with nothing laid out. */
  clear(): void {
    this.#next = 4096 / this.real;
    this.numbers.fill(GUARD, this.#next, this.#next + 400_000);
  }

  /** Space for so many numbers, and a guard behind it; the first one's index. */
  space(count: number): number {
    const at = this.#next;
    this.#next += Math.ceil((count + 32) / 16) * 16;
    assert(this.#next <= this.numbers.length);
    return at;
  }

  /** A matrix of random numbers that the precision holds exactly; its index. */
  matrix(rows: number, stride: number): number {
    const at = this.space(rows * stride);
    for (let i = 0; i < rows * stride; i++) {
      this.numbers[at + i] = Math.fround(this.#random.normal());
    }
    return at;
  }

  bytes(index: number): number {
    return index * this.real;
  }

  /** Σ_k a(k)·b(k), and Σ_k |a(k)·b(k)|, which its rounding is proportional to. */
  dot(depth: number, a: (k: number) => number, b: (k: number) => number): [number, number] {
    let sum = 0;
    let size = 0;
    for (let k = 0; k < depth; k++) {
      const product = this.numbers[a(k)]! * this.numbers[b(k)]!;
      sum += product;
      size += Math.abs(product);
    }
    return [sum, size];
  }

  /** Asserts that a number is a sum of products, up to the rounding of each addition. */
  assertSum(actual: number, [wanted, size]: [number, number], depth: number, what: string): void {
    const epsilon = this.precision === "f64" ? 2 ** -53 : 2 ** -24;
    const error = Math.abs(actual - wanted);
    // n·ε·Σ|a·b| bounds the error of any order of summation (Higham, 2002, section 4.2).
    assert(error <= (depth + 2) * epsilon * size, `${what}: off by ${error}`);
  }

  assertGuard(from: number, count: number, what: string): void {
    for (let i = 0; i < count; i++) assertEquals(this.numbers[from + i], GUARD, what);
  }
}

interface Shape {
  readonly rows: number;
  readonly vectors: number;
  readonly depth: number;
}

/** Rows around the tile of 6, columns in vectors around its 2, depths around the block of 256. */
const shapes: readonly Shape[] = [
  ...[1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 18, 25, 31, 95, 96, 97, 193].map((rows) => ({
    rows,
    vectors: 3,
    depth: 8,
  })),
  ...[1, 2, 3, 4, 5, 8, 9, 16, 25].map((vectors) => ({ rows: 7, vectors, depth: 8 })),
  ...[4, 8, 12, 252, 256, 260, 512, 516].map((depth) => ({ rows: 7, vectors: 3, depth })),
];

for (const precision of precisions) {
  const bench = new Bench(precision);
  const { kernels, lanes } = bench;

  for (const transposed of [false, true]) {
    const kind = transposed ? "a transposed matrix" : "a matrix";
    Deno.test(`${precision}: the product with ${kind} is right at every size`, () => {
      for (const { rows, vectors, depth } of shapes) {
        for (const accumulate of [false, true]) {
          bench.clear();
          const columns = vectors * lanes;
          const strideC = columns + lanes;
          const strideA = depth + 1;
          const strideB = (transposed ? depth : columns) + 3;
          const a = bench.matrix(rows, strideA);
          const b = bench.matrix(transposed ? columns : depth, strideB);
          const packed = bench.space(depth * columns);
          const scratch = bench.space(96 * 256);
          const c = accumulate ? bench.matrix(rows, strideC) : bench.space(rows * strideC);
          const before = bench.numbers.slice(c, c + rows * strideC);
          const bytes = (index: number) => bench.bytes(index);
          kernels.packShare(bytes(packed), bytes(b), bytes(strideB), transposed, columns, depth);
          bench.assertGuard(packed + depth * columns, 8, "behind the packed matrix");
          kernels.multiplyPacked(
            bytes(c),
            bytes(strideC),
            rows,
            columns,
            depth,
            bytes(a),
            bytes(strideA),
            bytes(packed),
            accumulate,
            bytes(scratch),
          );
          const what = `${rows}×${columns}×${depth}, accumulate ${accumulate}`;
          for (let i = 0; i < rows; i++) {
            for (let j = 0; j < columns; j++) {
              const at = (k: number) => transposed ? b + j * strideB + k : b + k * strideB + j;
              const [sum, size] = bench.dot(depth, (k) => a + i * strideA + k, at);
              const old = accumulate ? before[i * strideC + j]! : 0;
              const wanted: [number, number] = [sum + old, size + Math.abs(old)];
              bench.assertSum(bench.numbers[c + i * strideC + j]!, wanted, depth, what);
            }
            for (let j = columns; j < strideC; j++) {
              assertEquals(bench.numbers[c + i * strideC + j], before[i * strideC + j], what);
            }
          }
          bench.assertGuard(c + rows * strideC, 8, "behind the product");
        }
      }
    });
  }

  /** Rows that are summed over: so many runs, of so many rows, so many apart. */
  const runShapes = [[1, 7, 7], [5, 1, 1], [5, 1, 4], [9, 30, 31], [4, 64, 70], [3, 130, 200]]
    .map(([runs, run, apart]) => ({ rows: 7, vectors: 3, runs: runs!, run: run!, apart: apart! }));

  Deno.test(`${precision}: the product of a transposed matrix is right at every size`, () => {
    const wholeShapes = shapes.map(({ rows, vectors, depth }) => (
      { rows, vectors, runs: 1, run: depth, apart: 0 }
    ));
    for (const { rows, vectors, runs, run, apart } of [...wholeShapes, ...runShapes]) {
      bench.clear();
      const columns = vectors * lanes;
      const [strideA, strideB, strideC] = [rows + 6, columns + 2, columns + lanes];
      const depth = runs * run;
      const rowOf = (k: number) => Math.floor(k / run) * apart + k % run;
      const a = bench.matrix(rowOf(depth - 1) + 1, strideA);
      const b = bench.matrix(rowOf(depth - 1) + 1, strideB);
      const c = bench.space(rows * strideC);
      const scratchA = bench.space(96 * 256);
      const scratchB = bench.space(256 * columns);
      kernels.multiplyTransposed(
        bench.bytes(c),
        bench.bytes(strideC),
        rows,
        columns,
        runs,
        run,
        apart,
        bench.bytes(a),
        bench.bytes(strideA),
        bench.bytes(b),
        bench.bytes(strideB),
        bench.bytes(scratchA),
        bench.bytes(scratchB),
      );
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          const wanted = bench.dot(
            depth,
            (k) => a + rowOf(k) * strideA + i,
            (k) => b + rowOf(k) * strideB + j,
          );
          const what = `${rows}×${columns}×(${runs}·${run})`;
          bench.assertSum(bench.numbers[c + i * strideC + j]!, wanted, depth, what);
        }
        bench.assertGuard(c + i * strideC + columns, lanes, "beside the product");
      }
      bench.assertGuard(c + rows * strideC, 8, "behind the product");
    }
  });

  Deno.test(`${precision}: a vector times a matrix is right at every size`, () => {
    for (let vectors = 1; vectors <= 34; vectors++) {
      bench.clear();
      const columns = vectors * lanes;
      const depth = lanes * (1 + vectors % 5);
      const x = bench.matrix(1, depth);
      const w = bench.matrix(depth, columns + 5);
      const y = bench.matrix(1, columns);
      const before = bench.numbers.slice(y, y + columns);
      kernels.vectorTimesMatrix(
        bench.bytes(y),
        bench.bytes(x),
        bench.bytes(w),
        bench.bytes(columns + 5),
        depth,
        columns,
      );
      for (let j = 0; j < columns; j++) {
        const [sum, size] = bench.dot(depth, (k) => x + k, (k) => w + k * (columns + 5) + j);
        const wanted: [number, number] = [sum + before[j]!, size + Math.abs(before[j]!)];
        bench.assertSum(bench.numbers[y + j]!, wanted, depth, `${depth}×${columns}`);
      }
      bench.assertGuard(y + columns, 8, "behind the product");
    }
  });

  Deno.test(`${precision}: a part of a product has the same bits as the whole`, () => {
    const [rows, columns, depth] = [53, 13 * lanes, 300];
    bench.clear();
    const a = bench.matrix(rows, depth);
    const b = bench.matrix(depth, columns);
    const packed = bench.space(depth * columns);
    const scratch = bench.space(96 * 256);
    const multiply = (firstRow: number, count: number, firstColumn: number, width: number) => {
      const c = bench.space(count * width);
      const from = bench.bytes(b + firstColumn);
      kernels.packShare(bench.bytes(packed), from, bench.bytes(columns), false, width, depth);
      kernels.multiplyPacked(
        bench.bytes(c),
        bench.bytes(width),
        count,
        width,
        depth,
        bench.bytes(a + firstRow * depth),
        bench.bytes(depth),
        bench.bytes(packed),
        false,
        bench.bytes(scratch),
      );
      return bench.numbers.slice(c, c + count * width);
    };
    const whole = multiply(0, rows, 0, columns);
    for (const [row, count] of [[0, 1], [1, 5], [6, 7], [13, 40]] as const) {
      for (const [column, width] of [[0, lanes], [lanes, 2 * lanes], [4 * lanes, 9 * lanes]]) {
        const part = multiply(row, count, column!, width!);
        for (let i = 0; i < count; i++) {
          assertEquals(
            part.slice(i * width!, (i + 1) * width!),
            whole.slice((row + i) * columns + column!, (row + i) * columns + column! + width!),
          );
        }
      }
    }
  });

  Deno.test(`${precision}: transposes are exact`, () => {
    for (const vectors of [1, 2, 3, 7]) {
      bench.clear();
      const size = vectors * lanes;
      const from = bench.matrix(size, size);
      const to = bench.space(size * size);
      const stride = bench.bytes(size);
      kernels.transpose(bench.bytes(to), stride, bench.bytes(from), stride, size, size);
      for (let i = 0; i < size * size; i++) {
        const [row, column] = [Math.floor(i / size), i % size];
        assertEquals(bench.numbers[to + i], bench.numbers[from + column * size + row]);
      }
      bench.assertGuard(to + size * size, 8, "behind the transpose");
    }
  });
}
