/**
 * Products of matrices, C (+)= A·B.
 *
 * All matrices are row-major with a stride in bytes. The loops are those of BLIS (Van Zee and
 * van de Geijn, 2015): blocks of A and B are copied ("packed") into panels in the order in which
 * the innermost loop reads them, and that loop keeps a tile of C in registers:
 *
 *     C       columns ──►          B block, DEPTH × all columns     panels of TILE_COLUMNS
 *     rows    ┌──┬──┬──┐           ┌──┬──┬──┐   each panel: row k = TILE_COLUMNS numbers of B
 *      │      │6×│  │  │           │  │  │  │
 *      ▼      ├──┼──┼──┤           └──┴──┴──┘
 *             │  │  │  │     A block, BLOCK_ROWS × DEPTH, panels of TILE_ROWS:
 *             └──┴──┴──┘           row k of a panel = TILE_ROWS numbers of one column of A
 *
 * The tile is 6 rows × 2 vectors: 12 accumulators, 2 vectors of B and 1 number of A fill 15 of the
 * 16 vector registers of x86-64. Wider or taller tiles spill.
 *
 * Each element of C is summed over the depth in ascending order, in blocks of DEPTH, whatever the
 * number of rows or columns asked for: to split C among workers changes no bit.
 */
import { add, madd, REAL, splat, VECTOR } from "./lanes";
import {
  A_STEP,
  B_STEP,
  BLOCK_ROWS,
  DEPTH,
  min,
  packB,
  packColumns,
  packRows,
  TILE_COLUMNS,
  TILE_ROWS,
} from "./packing";

/** One row of the tile: two vectors added to C, or stored. */
@inline
function storeRow(c: usize, low: v128, high: v128, accumulate: bool): void {
  if (accumulate) {
    low = add(v128.load(c), low);
    high = add(v128.load(c + VECTOR), high);
  }
  v128.store(c, low);
  v128.store(c + VECTOR, high);
}

/**
 * C[rows × 2 vectors] (+)= A·B over `depth` steps; `rows` is a constant from 1 to 6 wherever this
 * is inlined, so that the code for the rows that are not there vanishes. `aStep` and `bStep` are
 * the bytes from one step to the next, for packed panels and matrices alike.
 */
@inline
function tile(
  rows: i32,
  c: usize,
  cStride: usize,
  a: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  depth: usize,
  accumulate: bool,
): void {
  const zero = splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero;
  let c30 = zero, c31 = zero, c40 = zero, c41 = zero, c50 = zero, c51 = zero;
  const end = b + depth * bStep;
  do {
    const b0 = v128.load(b);
    const b1 = v128.load(b + VECTOR);
    let s = v128.load_splat<Real>(a);
    c00 = madd(s, b0, c00);
    c01 = madd(s, b1, c01);
    if (rows > 1) {
      s = v128.load_splat<Real>(a + REAL);
      c10 = madd(s, b0, c10);
      c11 = madd(s, b1, c11);
    }
    if (rows > 2) {
      s = v128.load_splat<Real>(a + 2 * REAL);
      c20 = madd(s, b0, c20);
      c21 = madd(s, b1, c21);
    }
    if (rows > 3) {
      s = v128.load_splat<Real>(a + 3 * REAL);
      c30 = madd(s, b0, c30);
      c31 = madd(s, b1, c31);
    }
    if (rows > 4) {
      s = v128.load_splat<Real>(a + 4 * REAL);
      c40 = madd(s, b0, c40);
      c41 = madd(s, b1, c41);
    }
    if (rows > 5) {
      s = v128.load_splat<Real>(a + 5 * REAL);
      c50 = madd(s, b0, c50);
      c51 = madd(s, b1, c51);
    }
    a += aStep;
    b += bStep;
  } while (b < end);
  storeRow(c, c00, c01, accumulate);
  if (rows > 1) storeRow(c + cStride, c10, c11, accumulate);
  if (rows > 2) storeRow(c + 2 * cStride, c20, c21, accumulate);
  if (rows > 3) storeRow(c + 3 * cStride, c30, c31, accumulate);
  if (rows > 4) storeRow(c + 4 * cStride, c40, c41, accumulate);
  if (rows > 5) storeRow(c + 5 * cStride, c50, c51, accumulate);
}

// One function a height: V8 optimises a function when it is called often, not inside a long loop.

function tile6(c: usize, cs: usize, a: usize, as: usize, b: usize, bs: usize, depth: usize, accumulate: bool): void {
  tile(6, c, cs, a, as, b, bs, depth, accumulate);
}

function tile5(c: usize, cs: usize, a: usize, as: usize, b: usize, bs: usize, depth: usize, accumulate: bool): void {
  tile(5, c, cs, a, as, b, bs, depth, accumulate);
}

function tile4(c: usize, cs: usize, a: usize, as: usize, b: usize, bs: usize, depth: usize, accumulate: bool): void {
  tile(4, c, cs, a, as, b, bs, depth, accumulate);
}

function tile3(c: usize, cs: usize, a: usize, as: usize, b: usize, bs: usize, depth: usize, accumulate: bool): void {
  tile(3, c, cs, a, as, b, bs, depth, accumulate);
}

function tile2(c: usize, cs: usize, a: usize, as: usize, b: usize, bs: usize, depth: usize, accumulate: bool): void {
  tile(2, c, cs, a, as, b, bs, depth, accumulate);
}

function tile1(c: usize, cs: usize, a: usize, as: usize, b: usize, bs: usize, depth: usize, accumulate: bool): void {
  tile(1, c, cs, a, as, b, bs, depth, accumulate);
}

/**
 * C[rows × columns] (+)= A·B, tile by tile. From one group of TILE_ROWS rows of A to the next there
 * are `aPanel` bytes, from one group of TILE_COLUMNS columns of B to the next `bPanel`.
 */
function multiplyPanels(
  c: usize,
  cStride: usize,
  rows: usize,
  columns: usize,
  depth: usize,
  a: usize,
  aStep: usize,
  aPanel: usize,
  b: usize,
  bStep: usize,
  bPanel: usize,
  accumulate: bool,
): void {
  const rest = rows % TILE_ROWS;
  const full = rows - rest;
  for (let j: usize = 0; j < columns; j += TILE_COLUMNS) {
    let cTile = c + j * REAL;
    let aTile = a;
    for (let i: usize = 0; i < full; i += TILE_ROWS) {
      tile6(cTile, cStride, aTile, aStep, b, bStep, depth, accumulate);
      cTile += TILE_ROWS * cStride;
      aTile += aPanel;
    }
    if (rest == 1) tile1(cTile, cStride, aTile, aStep, b, bStep, depth, accumulate);
    else if (rest == 2) tile2(cTile, cStride, aTile, aStep, b, bStep, depth, accumulate);
    else if (rest == 3) tile3(cTile, cStride, aTile, aStep, b, bStep, depth, accumulate);
    else if (rest == 4) tile4(cTile, cStride, aTile, aStep, b, bStep, depth, accumulate);
    else if (rest == 5) tile5(cTile, cStride, aTile, aStep, b, bStep, depth, accumulate);
    b += bPanel;
  }
}

/**
 * C[rows × columns] (+)= A·B, with A [rows × depth] row-major and B packed whole. Depth must be a
 * multiple of LANES, columns of TILE_COLUMNS. `scratch` has PACKED_A_BYTES.
 */
export function multiplyPacked(
  c: usize,
  cStride: usize,
  rows: usize,
  columns: usize,
  depth: usize,
  a: usize,
  aStride: usize,
  b: usize,
  accumulate: bool,
  scratch: usize,
): void {
  for (let k: usize = 0; k < depth; k += DEPTH) {
    const part = min(DEPTH, depth - k);
    for (let row: usize = 0; row < rows; row += BLOCK_ROWS) {
      const some = min(BLOCK_ROWS, rows - row);
      packRows(scratch, a + row * aStride + k * REAL, aStride, some, part);
      multiplyPanels(
        c + row * cStride, cStride, some, columns, part,
        scratch, A_STEP, part * A_STEP,
        b, B_STEP, part * B_STEP,
        accumulate || k > 0,
      );
    }
    b += part * columns * REAL;
  }
}

/**
 * C[rows × columns] = Aᵀ·B, with A [depth × rows] and B [depth × columns] row-major: the form of
 * every gradient of a weight matrix. Columns must be a multiple of TILE_COLUMNS. `scratchA` has
 * PACKED_A_BYTES, `scratchB` DEPTH · columns numbers.
 */
export function multiplyTransposed(
  c: usize,
  cStride: usize,
  rows: usize,
  columns: usize,
  depth: usize,
  a: usize,
  aStride: usize,
  b: usize,
  bStride: usize,
  scratchA: usize,
  scratchB: usize,
): void {
  for (let k: usize = 0; k < depth; k += DEPTH) {
    const part = min(DEPTH, depth - k);
    packB(scratchB, b + k * bStride, bStride, columns, part);
    for (let row: usize = 0; row < rows; row += BLOCK_ROWS) {
      const some = min(BLOCK_ROWS, rows - row);
      packColumns(scratchA, a + k * aStride + row * REAL, aStride, some, part);
      multiplyPanels(
        c + row * cStride, cStride, some, columns, part,
        scratchA, A_STEP, part * A_STEP,
        scratchB, B_STEP, part * B_STEP,
        k > 0,
      );
    }
  }
}

/** sums[columns] = the sum of each column of a matrix of `rows` rows; columns a multiple of LANES. */
export function columnSums(
  sums: usize,
  from: usize,
  stride: usize,
  rows: usize,
  columns: usize,
): void {
  memory.fill(sums, 0, columns * REAL);
  const bytes = columns * REAL;
  for (let row: usize = 0; row < rows; row++) {
    for (let offset: usize = 0; offset < bytes; offset += VECTOR) {
      v128.store(sums + offset, add(v128.load(sums + offset), v128.load(from + offset)));
    }
    from += stride;
  }
}
