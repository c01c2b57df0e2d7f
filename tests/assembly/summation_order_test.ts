/**
 * The order of summation: each number of a product is summed in one order, whatever is computed beside
 * it. Without fused multiply-add that order alone determines every bit, so a plain loop gives the same
 * bits.
 */
import { assertEquals } from "@std/assert";
import { Arena, precisions } from "./module.ts";

/** Rows around the tile's 6 and a block's 96. */
const rowCounts = [1, 5, 6, 7, 13, 24, 95, 96, 97];
/** Depths of Aᵀ·B, which are counts of rows and may be odd. */
const depths = [1, 2, 3, 5, 7, 31, 255, 256, 257, 513];

/** start + Σ_k a(k)·b(k) with every operation rounded, and a separate sum for each packed block. */
function sumInBlocks(
  { precision, constants: { KC } }: Arena,
  depth: number,
  { a, b, start }: {
    readonly a: (k: number) => number;
    readonly b: (k: number) => number;
    readonly start?: number | undefined;
  },
): number {
  const round = precision === "f64" ? (x: number) => x : Math.fround;
  let total = start;
  for (let block = 0; block < depth; block += KC) {
    let sum = 0;
    for (let k = block; k < Math.min(depth, block + KC); k++) {
      sum = round(sum + round(a(k) * b(k)));
    }
    total = total === undefined ? sum : round(total + sum);
  }
  return total ?? 0;
}

/** Columns [column, column + width) of rows [row, row + count) of C = A·B. */
interface Part {
  readonly row: number;
  readonly count: number;
  readonly column: number;
  readonly width: number;
}

/** Asserts that every part of a product has the same bits as the whole. */
function assertParts(
  { lanes }: Arena,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  multiply: (part: Part) => ArrayLike<number>,
): void {
  // The first row or column, and their number, in vectors for columns.
  const rowParts = [[0, 1], [1, 5], [6, 7], [13, rows - 13]] as const;
  const columnParts = [[0, 1], [1, 2], [4, 9]] as const;
  const whole = Array.from(multiply({ row: 0, count: rows, column: 0, width: columns }));
  for (const [row, count] of rowParts) {
    for (const [first, vectors] of columnParts) {
      const [column, width] = [first * lanes, vectors * lanes];
      const part = Array.from(multiply({ row, count, column, width }));
      for (let i = 0; i < count; i++) {
        const from = (row + i) * columns + column;
        assertEquals(part.slice(i * width, (i + 1) * width), whole.slice(from, from + width));
      }
    }
  }
}

for (const precision of precisions) {
  const arena = new Arena(precision);
  const { kernels, numbers, lanes, constants: { KC, NR, SHORT_NR } } = arena;
  const bytes = (index: number) => arena.bytes(index);

  /** A part of Aᵀ·B, with A [depth, rows] and B [depth, columns]. */
  const multiplyTransposed = (
    [rows, columns, depth]: readonly [number, number, number],
    [a, b]: readonly [number, number],
    { row, count, column, width }: Part,
  ) => {
    const scratchA = arena.scratchA();
    const scratchB = bytes(arena.space(KC * width));
    const c = arena.space(count * width);
    kernels.multiplyTransposed(
      ...[bytes(c), bytes(width), count, width, 1, depth, 0, bytes(a + row)] as const,
      ...[bytes(rows), bytes(b + column), bytes(columns), scratchA, scratchB] as const,
    );
    arena.assertGuarded(c, count * width, "the product");
    return numbers.slice(c, c + count * width);
  };

  Deno.test(`multiplyPacked() computes a part with the bits of the whole, ${precision}`, () => {
    arena.clear();
    const [rows, columns, depth] = [53, 13 * lanes, 300];
    const a = arena.random(rows * depth);
    const b = arena.random(depth * columns);
    const packed = bytes(arena.space(depth * columns));
    const scratch = arena.scratchA();
    for (const panel of [NR, SHORT_NR]) {
      assertParts(arena, { rows, columns }, ({ row, count, column, width }) => {
        const c = arena.space(count * width);
        kernels.packShare(packed, bytes(b + column), bytes(columns), false, width, depth, panel);
        kernels.multiplyPacked(
          ...[bytes(c), bytes(width), count, width, depth] as const,
          ...[bytes(a + row * depth), bytes(depth), packed, false, scratch, panel] as const,
        );
        return numbers.slice(c, c + count * width);
      });
    }
  });

  Deno.test(`multiplyTransposed() computes a part with the bits of the whole, ${precision}`, () => {
    arena.clear();
    const shape = [103, 13 * lanes, 300] as const;
    const [rows, columns, depth] = shape;
    // Packing reads up to five numbers behind the last one of A.
    const matrices = [arena.random(depth * rows + 8), arena.random(depth * columns)] as const;
    const multiply = (part: Part) => multiplyTransposed(shape, matrices, part);
    assertParts(arena, { rows, columns }, multiply);
  });

  if (precision === "f32") continue; // Whether f32 rounds products depends on the processor.

  for (const transposed of [false, true]) {
    const kind = transposed ? "Bᵀ" : "B";
    Deno.test(`multiplyPacked() of ${kind} has the bits of a plain loop, ${precision}`, () => {
      for (const [rows, width] of rowCounts.flatMap((n) => [[n, NR], [n, SHORT_NR]] as const)) {
        for (const depth of [lanes, 7 * lanes, KC, KC + lanes, 2 * KC + lanes]) {
          for (const accumulate of [false, true]) {
            arena.clear();
            const columns = 3 * lanes;
            const a = arena.random(rows * depth);
            const b = arena.random(depth * columns);
            const packed = bytes(arena.space(depth * columns));
            const scratch = arena.scratchA();
            const c = arena.random(rows * columns);
            const before = numbers.slice(c, c + rows * columns);
            const strideB = bytes(transposed ? depth : columns);
            kernels.packShare(packed, bytes(b), strideB, transposed, columns, depth, width);
            kernels.multiplyPacked(
              ...[bytes(c), bytes(columns), rows, columns, depth] as const,
              ...[bytes(a), bytes(depth), packed, accumulate, scratch, width] as const,
            );
            const expected = before.map((start, index) => {
              const [i, j] = [Math.floor(index / columns), index % columns];
              return sumInBlocks(arena, depth, {
                a: (k) => numbers[a + i * depth + k]!,
                b: (k) => numbers[transposed ? b + j * depth + k : b + k * columns + j]!,
                start: accumulate ? start : undefined,
              });
            });
            assertEquals(numbers.slice(c, c + rows * columns), expected, `${rows}, ${depth}`);
            arena.assertGuarded(c, rows * columns, "the product");
          }
        }
      }
    });
  }

  Deno.test(`multiplyTransposed() has the bits of a plain loop, ${precision}`, () => {
    for (const rows of rowCounts) {
      for (const depth of depths) {
        arena.clear();
        const columns = 3 * lanes;
        const [a, b] = [arena.random(depth * rows + 8), arena.random(depth * columns)];
        const whole = { row: 0, count: rows, column: 0, width: columns };
        const actual = multiplyTransposed([rows, columns, depth], [a, b], whole);
        const expected = actual.map((_, index) => {
          const [i, j] = [Math.floor(index / columns), index % columns];
          return sumInBlocks(arena, depth, {
            a: (k) => numbers[a + k * rows + i]!,
            b: (k) => numbers[b + k * columns + j]!,
          });
        });
        assertEquals(actual, expected, `${rows} rows, depth ${depth}`);
      }
    }
  });

  Deno.test(`vectorTimesMatrix() has the bits of a plain loop, ${precision}`, () => {
    const round = precision === "f64" ? (x: number) => x : Math.fround;
    for (let vectors = 1; vectors <= 25; vectors++) {
      arena.clear();
      const columns = vectors * lanes;
      const depth = lanes * (1 + vectors * 5);
      const x = arena.random(depth);
      const w = arena.random(depth * columns);
      const y = arena.random(columns);
      const before = numbers.slice(y, y + columns);
      kernels.vectorTimesMatrix(bytes(y), bytes(x), bytes(w), bytes(columns), depth, columns);
      const expected = before.map((start, j) => {
        let sum = 0;
        for (let k = 0; k < depth; k++) {
          sum = round(sum + round(numbers[x + k]! * numbers[w + k * columns + j]!));
        }
        return round(start + sum);
      });
      assertEquals(numbers.slice(y, y + columns), expected, `${depth}×${columns}`);
      arena.assertGuarded(y, columns, "the product");
    }
  });
}
