/**
 * Packing: copies of blocks of matrices in the order in which the register tiles of tiles.ts read
 * them. This file has the sizes of blocks, whose names are those of BLIS, and packs B;
 * packing_rows.ts packs A.
 *
 *     panel of A: MR numbers for each step k of the depth      panel of B: NR numbers
 *     ┌───────────────┬───────────────┬──                      ┌──────────────────┬──
 *     │ k = 0: MR = 6 │ k = 1: MR = 6 │                        │ k = 0: 2 vectors │
 *     └───────────────┴───────────────┴──                      └──────────────────┴──
 *
 * The copies are exact; tests/assembly compares them, and the products made of them, with plain loops.
 */
import { add, LANES, REAL, splat, VECTOR } from "./simd";

/** Rows of the register tile. */
export const MR: usize = 6;
/** Columns of the register tile, in vectors. The last panel of a matrix may have one. */
export const NR: usize = 2;
/** Rows of the short tile, for products with few rows at a time. */
export const SHORT_MR: usize = 4;
/** Columns of the short tile, in vectors. */
export const SHORT_NR: usize = 3;
/** Depth of a packed block: a panel of B takes 8 KiB and stays in the first-level cache. */
export const KC: usize = 256;
/** Rows of a packed block of A: 96 KiB (f32) stay in the second-level cache. */
export const MC: usize = 96;
/** Bytes of a packed block of A. */
export const PACKED_A_BYTES: usize = MC * KC * REAL;
/** Bytes from one step of the depth to the next in a panel of A of 5 or 6 rows. */
export const A_STEP: usize = MR * REAL;
/** The same in a panel of at most 4 rows. */
export const SHORT_A_STEP: usize = SHORT_MR * REAL;

@inline
export function min(a: usize, b: usize): usize {
  return a < b ? a : b;
}

/** n / divisor, rounded up. */
@inline
export function ceilDiv(n: usize, divisor: usize): usize {
  return (n + divisor - 1) / divisor;
}

/** n, rounded up to a multiple of `unit`. */
@inline
export function roundUp(n: usize, unit: usize): usize {
  return ceilDiv(n, unit) * unit;
}

/**
 * The length of part `index` when `n` is cut into `count` parts that differ by at most one: 25 vectors
 * in 4 groups are 7, 6, 6 and 6, where three full groups of 8 would leave one vector.
 */
@inline
export function splitLength(n: usize, count: usize, index: usize): usize {
  return n / count + (index < n % count ? 1 : 0);
}

/** The start of that part. */
@inline
export function splitStart(n: usize, count: usize, index: usize): usize {
  return index * (n / count) + min(index, n % count);
}

// Rows are cut into panels of A evenly: 25 rows are five panels of 5, 8 rows are two of 4. Panels of at
// most 4 rows have room for 4 numbers for each step of the depth, others for MR.

/**
 * Vectors in a panel of B for products with `rows` rows at a time: SHORT_NR where tiles of 4 rows leave
 * fewer rows empty than tiles of 6.
 */
export function panelWidth(rows: usize): usize {
  return rows == 3 || rows == 4 || rows == 7 || rows == 8 ? SHORT_NR : NR;
}

/** The most rows in a panel of A for a product with panels of B of that width. */
@inline
export function panelRows(width: usize): usize {
  return width == SHORT_NR ? SHORT_MR : MR;
}

/** Bytes from one step of the depth to the next in a panel of A of some height. */
@inline
export function stepBytes(height: usize): usize {
  return height > 4 ? A_STEP : SHORT_A_STEP;
}

/**
 * Packs rows of B, `columns` wide, into panels of NR vectors: `runs` runs of `runLength` consecutive
 * rows, which start `runStride` bytes apart.
 */
export function packB(
  to: usize,
  from: usize,
  stride: usize,
  columns: usize,
  runs: usize,
  runLength: usize,
  runStride: usize,
): void {
  for (let left = columns / LANES; left > 0;) {
    const width = min(NR, left);
    packPanel(to, from, stride, width, runs, runLength, runStride);
    to += runs * runLength * width * VECTOR;
    from += width * VECTOR;
    left -= width;
  }
}

/**
 * Packs rows of B as `packB` does, and sums each column in the order of the rows.
 *
 * @param sums Receives the sums of the first `sumColumns` columns, a multiple of 2·LANES or all of them.
 * @param restSums Receives the sums of the others.
 * @param accumulate Whether the sums are added to what is there; if not, they begin with 0.
 */
export function packAndSumB(
  to: usize,
  from: usize,
  stride: usize,
  columns: usize,
  runs: usize,
  runLength: usize,
  runStride: usize,
  sums: usize,
  sumColumns: usize,
  restSums: usize,
  accumulate: bool,
): void {
  for (let column: usize = 0; column < columns;) {
    const width = min(NR, (columns - column) / LANES);
    const sum = column < sumColumns
      ? sums + column * REAL
      : restSums + (column - sumColumns) * REAL;
    if (width == 2) packAndSumPanel(to, from, stride, runs, runLength, runStride, sum, accumulate);
    else packAndSumNarrow(to, from, stride, runs, runLength, runStride, sum, accumulate);
    to += runs * runLength * width * VECTOR;
    from += width * VECTOR;
    column += width * LANES;
  }
}

/** Packs and sums a panel of two vectors. */
function packAndSumPanel(
  to: usize,
  from: usize,
  stride: usize,
  runs: usize,
  runLength: usize,
  runStride: usize,
  sums: usize,
  accumulate: bool,
): void {
  let s0 = splat(0), s1 = splat(0);
  if (accumulate) {
    s0 = v128.load(sums);
    s1 = v128.load(sums + VECTOR);
  }
  for (let r: usize = 0; r < runs; r++) {
    let source = from;
    for (const end = source + runLength * stride; source < end; source += stride) {
      const x0 = v128.load(source);
      const x1 = v128.load(source + VECTOR);
      s0 = add(s0, x0);
      s1 = add(s1, x1);
      v128.store(to, x0);
      v128.store(to + VECTOR, x1);
      to += 2 * VECTOR;
    }
    from += runStride;
  }
  v128.store(sums, s0);
  v128.store(sums + VECTOR, s1);
}

/** Packs and sums a panel of one vector. */
function packAndSumNarrow(
  to: usize,
  from: usize,
  stride: usize,
  runs: usize,
  runLength: usize,
  runStride: usize,
  sums: usize,
  accumulate: bool,
): void {
  let s = accumulate ? v128.load(sums) : splat(0);
  for (let r: usize = 0; r < runs; r++) {
    let source = from;
    for (const end = source + runLength * stride; source < end; source += stride) {
      const x = v128.load(source);
      s = add(s, x);
      v128.store(to, x);
      to += VECTOR;
    }
    from += runStride;
  }
  v128.store(sums, s);
}

/** Packs a panel of 1 to 3 vectors of such rows. */
export function packPanel(
  to: usize,
  from: usize,
  stride: usize,
  width: usize,
  runs: usize,
  runLength: usize,
  runStride: usize,
): void {
  for (let r: usize = 0; r < runs; r++) {
    let source = from;
    const end = source + runLength * stride;
    if (width == 2) {
      for (; source < end; source += stride) {
        v128.store(to, v128.load(source));
        v128.store(to + VECTOR, v128.load(source + VECTOR));
        to += 2 * VECTOR;
      }
    } else if (width == 3) {
      for (; source < end; source += stride) {
        v128.store(to, v128.load(source));
        v128.store(to + VECTOR, v128.load(source + VECTOR));
        v128.store(to + 2 * VECTOR, v128.load(source + 2 * VECTOR));
        to += 3 * VECTOR;
      }
    } else {
      for (; source < end; source += stride) {
        v128.store(to, v128.load(source));
        to += VECTOR;
      }
    }
    from += runStride;
  }
}

/** Packs a panel of 1 to 3 vectors of the transpose of a matrix, of which it reads [columns][depth]. */
export function packPanelTransposed(
  to: usize,
  from: usize,
  stride: usize,
  width: usize,
  depth: usize,
): void {
  const step = width * VECTOR;
  for (let k: usize = 0; k < depth; k += LANES) {
    transposeBlock(to, step, from, stride);
    if (width > 1) transposeBlock(to + VECTOR, step, from + LANES * stride, stride);
    if (width > 2) transposeBlock(to + 2 * VECTOR, step, from + 2 * LANES * stride, stride);
    from += VECTOR;
    to += LANES * step;
  }
}

/** Writes the transpose of a matrix [rows][columns]; both sizes must be multiples of LANES. */
export function transpose(
  to: usize,
  toStride: usize,
  from: usize,
  stride: usize,
  rows: usize,
  columns: usize,
): void {
  for (let row: usize = 0; row < rows; row += LANES) {
    for (let column: usize = 0; column < columns; column += LANES) {
      transposeBlock(
        to + column * toStride + row * REAL, toStride,
        from + row * stride + column * REAL, stride,
      );
    }
  }
}

/** Transposes LANES vectors, `stride` bytes apart, to vectors `step` bytes apart. */
@inline
function transposeBlock(to: usize, step: usize, from: usize, stride: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + stride);
  if (REAL == 4) {
    const r2 = v128.load(from + 2 * stride);
    const r3 = v128.load(from + 3 * stride);
    const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
    const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
    const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
    v128.store(to + step, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
    v128.store(to + 2 * step, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
    v128.store(to + 3 * step, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
  } else {
    v128.store(to, v128.shuffle<f64>(r0, r1, 0, 2));
    v128.store(to + step, v128.shuffle<f64>(r0, r1, 1, 3));
  }
}
