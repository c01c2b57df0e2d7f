/**
 * Copies of blocks of matrices, in the order in which the tile of matmul.ts reads them.
 *
 *     panel of A: for each step k of the depth, TILE_ROWS numbers     panel of B: TILE_COLUMNS numbers
 *     ┌──────────────┬──────────────┬──                               ┌──────────────────┬──
 *     │ k = 0: 6     │ k = 1: 6     │                                 │ k = 0: 2 vectors │
 *     └──────────────┴──────────────┴──                               └──────────────────┴──
 */
import { LANES, REAL, VECTOR } from "./lanes";

/** Rows of the register tile. */
export const TILE_ROWS: usize = 6;
/** Columns of the register tile: two vectors. Every matrix's columns are padded to a multiple. */
export const TILE_COLUMNS: usize = 2 * LANES;
/** Depth of a packed block: one panel of B is then 8 KiB, and stays in the first-level cache. */
export const DEPTH: usize = 256;
/** Rows of a packed block of A: 96 KiB (f32), for the second-level cache. */
export const BLOCK_ROWS: usize = 96;
/** Bytes of scratch space for one packed block of A. */
export const PACKED_A_BYTES: usize = BLOCK_ROWS * DEPTH * REAL;
/** Bytes from one step of the depth to the next in a panel of A. */
export const A_STEP: usize = TILE_ROWS * REAL;
/** Bytes from one step of the depth to the next in a panel of B. */
export const B_STEP: usize = TILE_COLUMNS * REAL;

@inline
export function min(a: usize, b: usize): usize {
  return a < b ? a : b;
}

/**
 * Packs all of B [depth × columns] into `to` (depth · columns numbers), block after block, for
 * multiplyPacked. With `transposed`, `b` holds Bᵀ and depth must be a multiple of LANES.
 */
export function packWhole(
  to: usize,
  b: usize,
  bStride: usize,
  transposed: bool,
  columns: usize,
  depth: usize,
): void {
  for (let k: usize = 0; k < depth; k += DEPTH) {
    const part = min(DEPTH, depth - k);
    if (transposed) packTransposedB(to, b + k * REAL, bStride, columns, part);
    else packB(to, b + k * bStride, bStride, columns, part);
    to += part * columns * REAL;
  }
}

/** Packs rows [0, rows) of a matrix, `depth` columns (a multiple of LANES) of it, into panels of A. */
export function packRows(to: usize, from: usize, stride: usize, rows: usize, depth: usize): void {
  let row: usize = 0;
  for (; row + TILE_ROWS <= rows; row += TILE_ROWS) {
    packSixRows(to, from, stride, depth);
    to += depth * A_STEP;
    from += TILE_ROWS * stride;
  }
  for (let i: usize = 0; row + i < rows; i++) {
    for (let k: usize = 0; k < depth; k++) {
      store<Real>(to + k * A_STEP + i * REAL, load<Real>(from + i * stride + k * REAL));
    }
  }
}

/** One whole panel of A: six rows, transposed by registers. */
function packSixRows(to: usize, from: usize, stride: usize, depth: usize): void {
  const end = from + depth * REAL;
  for (; from < end; from += VECTOR) {
    const r0 = v128.load(from);
    const r1 = v128.load(from + stride);
    const r2 = v128.load(from + 2 * stride);
    const r3 = v128.load(from + 3 * stride);
    const r4 = v128.load(from + 4 * stride);
    const r5 = v128.load(from + 5 * stride);
    if (REAL == 4) {
      const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
      const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
      const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      const low45 = v128.shuffle<f32>(r4, r5, 0, 4, 1, 5);
      const high45 = v128.shuffle<f32>(r4, r5, 2, 6, 3, 7);
      // 6 numbers a column, 4 columns: exactly 6 vectors.
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

/** Packs columns [0, columns) of a matrix, `depth` rows of it, into panels of A: A is its transpose. */
export function packColumns(to: usize, from: usize, stride: usize, columns: usize, depth: usize): void {
  let column: usize = 0;
  for (; column + TILE_ROWS <= columns; column += TILE_ROWS) {
    let source = from + column * REAL;
    for (let k: usize = 0; k < depth; k++) {
      v128.store(to, v128.load(source));
      if (REAL == 4) {
        store<u64>(to + VECTOR, load<u64>(source + VECTOR));
      } else {
        v128.store(to + VECTOR, v128.load(source + VECTOR));
        v128.store(to + 2 * VECTOR, v128.load(source + 2 * VECTOR));
      }
      to += A_STEP;
      source += stride;
    }
  }
  for (let i: usize = 0; column + i < columns; i++) {
    for (let k: usize = 0; k < depth; k++) {
      const source = from + k * stride + (column + i) * REAL;
      store<Real>(to + k * A_STEP + i * REAL, load<Real>(source));
    }
  }
}

/** Packs `depth` rows of B, `columns` (a multiple of TILE_COLUMNS) wide, into panels. */
export function packB(to: usize, from: usize, stride: usize, columns: usize, depth: usize): void {
  for (let column: usize = 0; column < columns; column += TILE_COLUMNS) {
    let source = from + column * REAL;
    for (let k: usize = 0; k < depth; k++) {
      v128.store(to, v128.load(source));
      v128.store(to + VECTOR, v128.load(source + VECTOR));
      to += B_STEP;
      source += stride;
    }
  }
}

/**
 * Packs the transpose of a matrix into panels of B: `columns` rows (a multiple of TILE_COLUMNS) of
 * it, `depth` columns (a multiple of LANES).
 */
function packTransposedB(to: usize, from: usize, stride: usize, columns: usize, depth: usize): void {
  for (let column: usize = 0; column < columns; column += TILE_COLUMNS) {
    for (let k: usize = 0; k < depth; k += LANES) {
      transposeVectors(to, from + k * REAL, stride);
      transposeVectors(to + VECTOR, from + k * REAL + LANES * stride, stride);
      to += LANES * B_STEP;
    }
    from += TILE_COLUMNS * stride;
  }
}

/** LANES vectors, `stride` apart, written transposed, B_STEP apart. */
@inline
function transposeVectors(to: usize, from: usize, stride: usize): void {
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
    v128.store(to + B_STEP, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
    v128.store(to + 2 * B_STEP, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
    v128.store(to + 3 * B_STEP, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
  } else {
    v128.store(to, v128.shuffle<f64>(r0, r1, 0, 2));
    v128.store(to + B_STEP, v128.shuffle<f64>(r0, r1, 1, 3));
  }
}
