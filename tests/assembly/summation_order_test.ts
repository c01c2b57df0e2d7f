/**
 * Each element of a product is summed in one order, whatever is computed beside it. Without fused
 * instructions that order alone decides every bit, so a plain loop must give the same ones.
 */
import { assertEquals } from "@std/assert";
import { instantiate } from "../../src/engine/kernels/instance.ts";
import { Xoshiro128 } from "../../src/random.ts";

/** The depth of a packed block, in assembly/packing.ts: each has a sum of its own. */
const DEPTH = 256;
/** What stands wherever nothing may be written. */
const GUARD = -12345;
/** Rows around the tile of 6 and the block of 96. */
const rowCounts = [1, 5, 6, 7, 13, 24, 95, 96, 97];
/** Depths of Aᵀ·B are counts of rows, which may be odd. */
const depths = [1, 2, 3, 5, 7, 31, 255, 256, 257, 513];

function open(precision: "f32" | "f32-strict" | "f64") {
  const { kernels, memory } = instantiate(precision, {
    inputs: 1,
    hidden: 400,
    outputs: 400,
    seqLength: 1,
    batchSize: 400,
    denseInputs: false,
    denseTargets: false,
    training: false,
  });
  const { buffer } = memory;
  const numbers = precision === "f64" ? new Float64Array(buffer) : new Float32Array(buffer);
  const real = numbers.BYTES_PER_ELEMENT;
  const random = new Xoshiro128(1);
  const round = precision === "f64" ? (x: number) => x : Math.fround;
  let next = 0;
  return {
    kernels,
    numbers,
    real,
    round,
    lanes: 16 / real,
    /** Begins anew; the module's constants lie below. */
    clear: () => {
      next = 4096 / real;
      numbers.fill(GUARD, next);
    },
    /** Space for so many numbers, filled with random ones if wanted, and guards around it. */
    space: (count: number, filled: boolean) => {
      const at = next + 16;
      next = at + Math.ceil((count + 16) / 16) * 16;
      if (filled) { for (let i = 0; i < count; i++) numbers[at + i] = random.normal(); }
      return at;
    },
    assertGuards: (at: number, count: number) => {
      assertEquals([...numbers.slice(at - 16, at)], Array(16).fill(GUARD), "in front");
      assertEquals([...numbers.slice(at + count, at + count + 8)], Array(8).fill(GUARD), "behind");
    },
  };
}

/** start + Σ_k a(k)·b(k), each operation rounded, a sum for each block of the depth. */
function sumInBlocks(
  round: (x: number) => number,
  depth: number,
  a: (k: number) => number,
  b: (k: number) => number,
  start?: number,
): number {
  let total = start;
  for (let block = 0; block < depth; block += DEPTH) {
    let sum = 0;
    for (let k = block; k < Math.min(depth, block + DEPTH); k++) {
      sum = round(sum + round(a(k) * b(k)));
    }
    total = total === undefined ? sum : round(total + sum);
  }
  return total ?? 0;
}

for (const precision of ["f32-strict", "f64"] as const) {
  const { kernels, numbers, real, round, lanes, clear, space, assertGuards } = open(precision);

  for (const transposed of [false, true]) {
    const kind = transposed ? "A·B from Bᵀ" : "A·B";
    Deno.test(`${precision}: ${kind} has the bits of a plain loop`, () => {
      for (const rows of rowCounts) {
        for (const depth of [lanes, 7 * lanes, DEPTH, DEPTH + lanes, 2 * DEPTH + lanes]) {
          for (const accumulate of [false, true]) {
            clear();
            const columns = 3 * lanes;
            const a = space(rows * depth, true);
            const b = space(depth * columns, true);
            const packed = space(depth * columns, false);
            const scratch = space(96 * DEPTH, false);
            const c = space(rows * columns, true);
            const before = numbers.slice(c, c + rows * columns);
            const strideB = (transposed ? depth : columns) * real;
            kernels.packShare(packed * real, b * real, strideB, transposed, columns, depth);
            kernels.multiplyPacked(
              ...[c * real, columns * real, rows, columns, depth] as const,
              ...[a * real, depth * real, packed * real, accumulate, scratch * real] as const,
            );
            const wanted = before.map((start, at) => {
              const [i, j] = [Math.floor(at / columns), at % columns];
              return sumInBlocks(
                round,
                depth,
                (k) => numbers[a + i * depth + k]!,
                (k) => numbers[transposed ? b + j * depth + k : b + k * columns + j]!,
                accumulate ? start : undefined,
              );
            });
            assertEquals(numbers.slice(c, c + rows * columns), wanted, `${rows} rows, ${depth}`);
            assertGuards(c, rows * columns);
          }
        }
      }
    });
  }

  Deno.test(`${precision}: a vector times a matrix has the bits of a plain loop`, () => {
    for (let vectors = 1; vectors <= 25; vectors++) {
      clear();
      const columns = vectors * lanes;
      const depth = lanes * (1 + vectors * 5);
      const x = space(depth, true);
      const w = space(depth * columns, true);
      const y = space(columns, true);
      const before = numbers.slice(y, y + columns);
      kernels.vectorTimesMatrix(y * real, x * real, w * real, columns * real, depth, columns);
      const wanted = before.map((start, j) => {
        let sum = 0;
        for (let k = 0; k < depth; k++) {
          sum = round(sum + round(numbers[x + k]! * numbers[w + k * columns + j]!));
        }
        return round(start + sum);
      });
      assertEquals(numbers.slice(y, y + columns), wanted, `${depth}×${columns}`);
      assertGuards(y, columns);
    }
  });
}

for (const precision of ["f32", "f32-strict", "f64"] as const) {
  const { kernels, numbers, real, round, lanes, clear, space, assertGuards } = open(precision);
  /** Columns `first` on, `width` of them, of Aᵀ·B. */
  const multiply = (
    [rows, columns, depth]: readonly [number, number, number],
    [a, b]: readonly [number, number],
    [row, count, column, width]: readonly [number, number, number, number],
  ) => {
    const scratchA = space(96 * DEPTH, false);
    const scratchB = space(DEPTH * width, false);
    const c = space(count * width, false);
    kernels.multiplyTransposed(
      ...[
        c * real,
        width * real,
        count,
        width,
        1,
        depth,
        0,
        (a + row) * real,
        rows * real,
      ] as const,
      ...[(b + column) * real, columns * real, scratchA * real, scratchB * real] as const,
    );
    assertGuards(c, count * width);
    return numbers.slice(c, c + count * width);
  };

  Deno.test(`${precision}: a part of Aᵀ·B has the same bits as the whole`, () => {
    clear();
    const shape = [103, 13 * lanes, 300] as const;
    const [rows, columns, depth] = shape;
    const matrices = [space(depth * rows + 8, true), space(depth * columns, true)] as const;
    const whole = multiply(shape, matrices, [0, rows, 0, columns]);
    for (const [row, count] of [[0, 1], [1, 5], [6, 7], [13, 90]] as const) {
      for (const [column, width] of [[0, lanes], [lanes, 2 * lanes], [4 * lanes, 9 * lanes]]) {
        const part = multiply(shape, matrices, [row, count, column!, width!]);
        for (let i = 0; i < count; i++) {
          const from = (row + i) * columns + column!;
          assertEquals(part.slice(i * width!, (i + 1) * width!), whole.slice(from, from + width!));
        }
      }
    }
  });

  if (precision === "f32") continue;
  Deno.test(`${precision}: Aᵀ·B has the bits of a plain loop, at odd depths too`, () => {
    for (const rows of rowCounts) {
      for (const depth of depths) {
        clear();
        const columns = 3 * lanes;
        const shape = [rows, columns, depth] as const;
        // Packing reads up to five numbers beyond the last of A.
        const [a, b] = [space(depth * rows + 8, true), space(depth * columns, true)];
        const actual = multiply(shape, [a, b], [0, rows, 0, columns]);
        const wanted = actual.map((_, at) => {
          const [i, j] = [Math.floor(at / columns), at % columns];
          return sumInBlocks(
            round,
            depth,
            (k) => numbers[a + k * rows + i]!,
            (k) => numbers[b + k * columns + j]!,
          );
        });
        assertEquals(actual, wanted, `${rows} rows, depth ${depth}`);
      }
    }
  });
}
