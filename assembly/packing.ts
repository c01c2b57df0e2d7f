/**
 * Packing: copies of blocks of matrices in the order in which the register tile of matmul.ts reads
 * them. The names of sizes are those of BLIS.
 *
 *     panel of A: MR numbers for each step k of the depth      panel of B: NR numbers
 *     ┌───────────────┬───────────────┬──                      ┌──────────────────┬──
 *     │ k = 0: MR = 6 │ k = 1: MR = 6 │                        │ k = 0: 2 vectors │
 *     └───────────────┴───────────────┴──                      └──────────────────┴──
 *
 * The copies are exact; tests/assembly compares them, and the products made of them, with plain loops.
 */
import { LANES, REAL, VECTOR } from "./simd";

/** Rows of the register tile. */
export const MR: usize = 6;
/** Columns of the register tile: two vectors. The last panel of a matrix may have one. */
export const NR: usize = 2 * LANES;
/** Depth of a packed block: a panel of B takes 8 KiB and stays in the first-level cache. */
export const KC: usize = 256;
/** Rows of a packed block of A: 96 KiB (f32) stay in the second-level cache. */
export const MC: usize = 96;
/** Bytes of a packed block of A. */
export const PACKED_A_BYTES: usize = MC * KC * REAL;
/** Bytes from one step of the depth to the next in a panel of A. */
export const A_STEP: usize = MR * REAL;
/** Bytes from one step of the depth to the next in a panel of B of two vectors. */
export const B_STEP: usize = NR * REAL;

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

// Rows are cut into panels of A evenly and in pairs, as the tile takes them: 25 rows are 6, 6, 6, 4
// and 3. If their number is odd, the last pair has one row: the tile computes a second row from
// whatever is packed there and does not store it.

/** How many panels have one pair more than the others. */
@inline
export function tallPanels(rows: usize): usize {
  return ceilDiv(rows, 2) % ceilDiv(rows, MR);
}

/** Rows of the other panels. */
@inline
export function shortPanelRows(rows: usize): usize {
  return ceilDiv(rows, 2) / ceilDiv(rows, MR) * 2;
}

/**
 * Packs rows of B, `columns` wide, into panels: `runs` runs of `runLength` consecutive rows, which
 * start `runStride` bytes apart.
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
  const wide = columns / NR * NR;
  let column: usize = 0;
  for (; column < wide; column += NR) {
    for (let r: usize = 0; r < runs; r++) {
      let source = from + r * runStride + column * REAL;
      for (const end = source + runLength * stride; source < end; source += stride) {
        v128.store(to, v128.load(source));
        v128.store(to + VECTOR, v128.load(source + VECTOR));
        to += B_STEP;
      }
    }
  }
  if (column == columns) return;
  for (let r: usize = 0; r < runs; r++) {
    let source = from + r * runStride + column * REAL;
    for (const end = source + runLength * stride; source < end; source += stride) {
      v128.store(to, v128.load(source));
      to += VECTOR;
    }
  }
}

/** Packs the transpose of a matrix, of which it reads [columns][depth], into panels of B. */
export function packBTransposed(
  to: usize,
  from: usize,
  stride: usize,
  columns: usize,
  depth: usize,
): void {
  for (let column: usize = 0; column < columns; column += NR) {
    const wide = column + NR <= columns;
    const step = wide ? B_STEP : VECTOR;
    for (let k: usize = 0; k < depth; k += LANES) {
      transposeBlock(to, step, from + k * REAL, stride);
      if (wide) transposeBlock(to + VECTOR, step, from + k * REAL + LANES * stride, stride);
      to += LANES * step;
    }
    from += NR * stride;
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

/** Packs a matrix [rows][depth] into even panels of A; depth must be a multiple of LANES. */
export function packA(
  to: usize,
  from: usize,
  stride: usize,
  rows: usize,
  depth: usize,
): void {
  const shortHeight = shortPanelRows(rows);
  const tall = tallPanels(rows);
  for (let panel: usize = 0, left = rows; left > 0; panel++) {
    const height = min(left, panel < tall ? shortHeight + 2 : shortHeight);
    packAPanel(to, from, stride, height, depth);
    to += depth * A_STEP;
    from += height * stride;
    left -= height;
  }
}

/** Packs a panel of A: up to MR rows, transposed in registers. Missing rows repeat the last one. */
function packAPanel(
  to: usize,
  from: usize,
  stride: usize,
  height: usize,
  depth: usize,
): void {
  const end = from + depth * REAL;
  const last = height - 1;
  const row1 = min(1, last) * stride;
  const row2 = min(2, last) * stride;
  const row3 = min(3, last) * stride;
  const row4 = min(4, last) * stride;
  const row5 = last * stride;
  for (; from < end; from += VECTOR) {
    const r0 = v128.load(from);
    const r1 = v128.load(from + row1);
    const r2 = v128.load(from + row2);
    const r3 = v128.load(from + row3);
    const r4 = v128.load(from + row4);
    const r5 = v128.load(from + row5);
    if (REAL == 4) {
      const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
      const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
      const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      const low45 = v128.shuffle<f32>(r4, r5, 0, 4, 1, 5);
      const high45 = v128.shuffle<f32>(r4, r5, 2, 6, 3, 7);
      // 4 columns of 6 numbers are exactly 6 vectors.
      v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
      v128.store(to + 16, v128.shuffle<f32>(low45, low01, 0, 1, 6, 7));
      v128.store(to + 32, v128.shuffle<f32>(low23, low45, 2, 3, 6, 7));
      v128.store(to + 48, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
      v128.store(to + 64, v128.shuffle<f32>(high45, high01, 0, 1, 6, 7));
      v128.store(to + 80, v128.shuffle<f32>(high23, high45, 2, 3, 6, 7));
    } else {
      v128.store(to, v128.shuffle<f64>(r0, r1, 0, 2));
      v128.store(to + 16, v128.shuffle<f64>(r2, r3, 0, 2));
      v128.store(to + 32, v128.shuffle<f64>(r4, r5, 0, 2));
      v128.store(to + 48, v128.shuffle<f64>(r0, r1, 1, 3));
      v128.store(to + 64, v128.shuffle<f64>(r2, r3, 1, 3));
      v128.store(to + 80, v128.shuffle<f64>(r4, r5, 1, 3));
    }
    to += LANES * A_STEP;
  }
}

/**
 * Packs the transpose of a matrix into even panels of A: `columns` columns of the rows that `packB`
 * takes. MR numbers are copied whatever the height of a panel, so up to five numbers behind the last
 * one are read.
 */
export function packATransposed(
  to: usize,
  from: usize,
  stride: usize,
  columns: usize,
  runs: usize,
  runLength: usize,
  runStride: usize,
): void {
  const shortHeight = shortPanelRows(columns);
  const tall = tallPanels(columns);
  for (let panel: usize = 0, left = columns; left > 0; panel++) {
    for (let r: usize = 0; r < runs; r++) {
      let source = from + r * runStride;
      const end = source + runLength * stride;
      for (; source < end; source += stride) {
        v128.store(to, v128.load(source));
        if (REAL == 4) {
          store<u64>(to + VECTOR, load<u64>(source + VECTOR));
        } else {
          v128.store(to + VECTOR, v128.load(source + VECTOR));
          v128.store(to + 2 * VECTOR, v128.load(source + 2 * VECTOR));
        }
        to += A_STEP;
      }
    }
    const height = min(left, panel < tall ? shortHeight + 2 : shortHeight);
    from += height * REAL;
    left -= height;
  }
}
