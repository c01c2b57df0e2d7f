/** Products of matrices and vectors against plain float64 products, at every size around the tile. */
import { assert, assertEquals } from "@std/assert";
import { Arena, precisions } from "./module.ts";

/** A sum of products, and the sum of their absolute values, to which its rounding is proportional. */
interface Sum {
  readonly value: number;
  readonly size: number;
}

/** start + Σ_k a(k)·b(k) over numbers at these indices. */
function dot(
  { numbers }: Arena,
  depth: number,
  { a, b, start = 0 }: {
    readonly a: (k: number) => number;
    readonly b: (k: number) => number;
    readonly start?: number;
  },
): Sum {
  let [value, size] = [start, Math.abs(start)];
  for (let k = 0; k < depth; k++) {
    const product = numbers[a(k)]! * numbers[b(k)]!;
    value += product;
    size += Math.abs(product);
  }
  return { value, size };
}

/** Asserts that a number is a sum, up to the rounding of each operation. */
function assertSum(
  { precision }: Arena,
  actual: number,
  { sum: { value, size }, depth, what }: {
    readonly sum: Sum;
    readonly depth: number;
    readonly what: string;
  },
): void {
  const epsilon = precision === "f64" ? 2 ** -53 : 2 ** -24;
  const error = Math.abs(actual - value);
  // n·ε·Σ|a·b| bounds the error of any order of summation (Higham, 2002, section 4.2).
  assert(error <= (depth + 2) * epsilon * size, `${what}: off by ${error}`);
}

/** Rows around the tile's 6, columns in vectors around its 2, depths around a block's 256. */
const shapes = [
  ...[1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 18, 25, 31, 95, 96, 97, 193].map((rows) => ({
    rows,
    vectors: 3,
    depth: 8,
  })),
  ...[1, 2, 3, 4, 5, 8, 9, 16, 25].map((vectors) => ({ rows: 7, vectors, depth: 8 })),
  ...[4, 8, 12, 252, 256, 260, 512, 516].map((depth) => ({ rows: 7, vectors: 3, depth })),
];

/** Runs of rows that are summed over: their number, length and stride. */
const runShapes = [[1, 7, 7], [5, 1, 1], [5, 1, 4], [9, 30, 31], [4, 64, 70], [
  3,
  130,
  200,
]] as const;

for (const precision of precisions) {
  const arena = new Arena(precision);
  const { kernels, lanes, numbers, constants: { NR, SHORT_NR } } = arena;
  const bytes = (index: number) => arena.bytes(index);

  for (const transposed of [false, true]) {
    const kind = transposed ? "a transposed matrix" : "a matrix";
    Deno.test(`multiplyPacked() multiplies by ${kind} at every size, ${precision}`, () => {
      for (const { rows, vectors, depth } of shapes) {
        for (const [accumulate, width] of [[false, NR], [true, NR], [true, SHORT_NR]] as const) {
          arena.clear();
          const columns = vectors * lanes;
          const strideC = columns + lanes;
          const strideA = depth + 1;
          const strideB = (transposed ? depth : columns) + 3;
          const a = arena.random(rows * strideA);
          const b = arena.random((transposed ? columns : depth) * strideB);
          const packed = arena.space(depth * columns);
          const scratch = arena.scratchA();
          const c = arena.random(rows * strideC);
          const before = numbers.slice(c, c + rows * strideC);
          kernels.packShare(
            bytes(packed),
            bytes(b),
            bytes(strideB),
            transposed,
            columns,
            depth,
            width,
          );
          arena.assertGuarded(packed, depth * columns, "the packed matrix");
          kernels.multiplyPacked(
            ...[bytes(c), bytes(strideC), rows, columns, depth] as const,
            ...[bytes(a), bytes(strideA), bytes(packed), accumulate, scratch, width] as const,
          );
          const what = `${rows}×${columns}×${depth}, accumulate ${accumulate}, ${width} wide`;
          for (let i = 0; i < rows; i++) {
            for (let j = 0; j < columns; j++) {
              const sum = dot(arena, depth, {
                a: (k) => a + i * strideA + k,
                b: (k) => transposed ? b + j * strideB + k : b + k * strideB + j,
                start: accumulate ? before[i * strideC + j]! : 0,
              });
              assertSum(arena, numbers[c + i * strideC + j]!, { sum, depth, what });
            }
            for (let j = columns; j < strideC; j++) {
              assertEquals(numbers[c + i * strideC + j], before[i * strideC + j], what);
            }
          }
          arena.assertGuarded(c, rows * strideC, "the product");
        }
      }
    });
  }

  Deno.test(`multiplyTransposed() multiplies Aᵀ·B at every size, ${precision}`, () => {
    const wholeShapes = shapes.map(({ rows, vectors, depth }) => (
      { rows, vectors, runs: 1, runLength: depth, runStride: 0 }
    ));
    const shapesOfRuns = runShapes.map(([runs, runLength, runStride]) => (
      { rows: 7, vectors: 3, runs, runLength, runStride }
    ));
    for (const { rows, vectors, runs, runLength, runStride } of [...wholeShapes, ...shapesOfRuns]) {
      arena.clear();
      const columns = vectors * lanes;
      const [strideA, strideB, strideC] = [rows + 6, columns + 2, columns + lanes];
      const depth = runs * runLength;
      const rowOf = (k: number) => Math.floor(k / runLength) * runStride + k % runLength;
      const a = arena.random((rowOf(depth - 1) + 1) * strideA);
      const b = arena.random((rowOf(depth - 1) + 1) * strideB);
      const c = arena.space(rows * strideC);
      const scratchA = arena.scratchA();
      const scratchB = bytes(arena.space(arena.constants.KC * columns));
      kernels.multiplyTransposed(
        ...[bytes(c), bytes(strideC), rows, columns, runs, runLength, runStride] as const,
        ...[bytes(a), bytes(strideA), bytes(b), bytes(strideB), scratchA, scratchB] as const,
      );
      const what = `${rows}×${columns}×(${runs}·${runLength})`;
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          const sum = dot(arena, depth, {
            a: (k) => a + rowOf(k) * strideA + i,
            b: (k) => b + rowOf(k) * strideB + j,
          });
          assertSum(arena, numbers[c + i * strideC + j]!, { sum, depth, what });
        }
        arena.assertGuards(c + i * strideC + columns, lanes, "beside the product");
      }
      arena.assertGuarded(c, rows * strideC, "the product");
    }
  });

  Deno.test(`vectorTimesMatrix() multiplies at every size, ${precision}`, () => {
    for (let vectors = 1; vectors <= 34; vectors++) {
      arena.clear();
      const columns = vectors * lanes;
      const depth = lanes * (1 + vectors % 5);
      const stride = columns + 5;
      const x = arena.random(depth);
      const w = arena.random(depth * stride);
      const y = arena.random(columns);
      const before = numbers.slice(y, y + columns);
      kernels.vectorTimesMatrix(bytes(y), bytes(x), bytes(w), bytes(stride), depth, columns);
      for (let j = 0; j < columns; j++) {
        const sum = dot(arena, depth, {
          a: (k) => x + k,
          b: (k) => w + k * stride + j,
          start: before[j]!,
        });
        assertSum(arena, numbers[y + j]!, { sum, depth, what: `${depth}×${columns}` });
      }
      arena.assertGuarded(y, columns, "the product");
    }
  });

  Deno.test(`transpose() is exact, ${precision}`, () => {
    for (const vectors of [1, 2, 3, 7]) {
      arena.clear();
      const size = vectors * lanes;
      const from = arena.random(size * size);
      const to = arena.space(size * size);
      kernels.transpose(bytes(to), bytes(size), bytes(from), bytes(size), size, size);
      for (let i = 0; i < size * size; i++) {
        const [row, column] = [Math.floor(i / size), i % size];
        assertEquals(numbers[to + i], numbers[from + column * size + row]);
      }
      arena.assertGuarded(to, size * size, "the transpose");
    }
  });
}
