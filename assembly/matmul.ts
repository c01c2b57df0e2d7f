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
 * The tile is 6 rows × 2 vectors: 12 accumulators, 2 vectors of B and 2 numbers of A fill 15 of the
 * 16 vector registers of x86-64. Wider or taller tiles spill.
 *
 * Each element of C is summed over the depth in ascending order, in blocks of DEPTH, whatever the
 * number of rows or columns asked for: to split C among workers changes no bit. Where a worker's
 * share of the rows is empty, nothing happens.
 */
import { add, everyOther, loadPair, madd, REAL, splat, swapPairs, VECTOR } from "./lanes";
import {
  A_STEP,
  B_STEP,
  BLOCK_ROWS,
  DEPTH,
  evenPart,
  min,
  packB,
  packColumns,
  packRows,
  packTransposedB,
  partsOf,
  shortPanel,
  tallPanels,
  TILE_COLUMNS,
} from "./packing";
import { shareLength, shareStart } from "./workers";

/** One row of the tile: one or two vectors added to C, or stored. */
@inline
function storeRow(c: usize, wide: bool, low: v128, high: v128, accumulate: bool): void {
  v128.store(c, accumulate ? add(v128.load(c), low) : low);
  if (wide) v128.store(c + VECTOR, accumulate ? add(v128.load(c + VECTOR), high) : high);
}

/** Two rows of the tile, from what they share (see `tile`); the second only where it is there. */
@inline
function storePair(
  c: usize,
  cStride: usize,
  wide: bool,
  both: bool,
  x0: v128,
  x1: v128,
  y0: v128,
  y1: v128,
  accumulate: bool,
): void {
  storeRow(c, wide, everyOther(x0, y0), everyOther(x1, y1), accumulate);
  if (both) {
    storeRow(c + cStride, wide, everyOther(y0, x0), everyOther(y1, x1), accumulate);
  }
}

/**
 * C[rows × 1 or 2 vectors] (+)= A·B over `depth` steps. `pairs` of rows, from 1 to 3, and `wide` are
 * constants wherever this is inlined, so that the code for what is not there vanishes; of the last
 * pair, `rows` may leave out one.
 *
 * Two rows share their sums, because one load, with its bounds check, then brings two numbers of A:
 *
 *     x += (a0 a1 a0 a1) ∘ (b0 b1 b2 b3)        row 0 = (x0 y1 x2 y3)
 *     y += (a1 a0 a1 a0) ∘ (b0 b1 b2 b3)        row 1 = (y0 x1 y2 x3)
 *
 * The loop is two steps long, as what V8 does once each time round (it asks for interrupts, and
 * loads the memory's size) is a seventh of the instructions of one step. Without the branch between
 * the two, Binaryen mixes them, and they need more registers than there are.
 */
@inline
function tile(
  pairs: i32,
  wide: bool,
  c: usize,
  cStride: usize,
  rows: usize,
  a: usize,
  b: usize,
  depth: usize,
  accumulate: bool,
): void {
  const zero = splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero;
  let c30 = zero, c31 = zero, c40 = zero, c41 = zero, c50 = zero, c51 = zero;
  const bStep = wide ? B_STEP : VECTOR;
  const end = b + depth * bStep;
  do {
    let b0 = v128.load(b);
    let b1 = wide ? v128.load(b + VECTOR) : zero;
    let s = loadPair(a);
    c00 = madd(s, b0, c00);
    if (wide) c01 = madd(s, b1, c01);
    s = swapPairs(s);
    c10 = madd(s, b0, c10);
    if (wide) c11 = madd(s, b1, c11);
    if (pairs > 1) {
      s = loadPair(a + 2 * REAL);
      c20 = madd(s, b0, c20);
      if (wide) c21 = madd(s, b1, c21);
      s = swapPairs(s);
      c30 = madd(s, b0, c30);
      if (wide) c31 = madd(s, b1, c31);
    }
    if (pairs > 2) {
      s = loadPair(a + 4 * REAL);
      c40 = madd(s, b0, c40);
      if (wide) c41 = madd(s, b1, c41);
      s = swapPairs(s);
      c50 = madd(s, b0, c50);
      if (wide) c51 = madd(s, b1, c51);
    }
    a += A_STEP;
    b += bStep;
    if (b >= end) break;

    b0 = v128.load(b);
    b1 = wide ? v128.load(b + VECTOR) : zero;
    s = loadPair(a);
    c00 = madd(s, b0, c00);
    if (wide) c01 = madd(s, b1, c01);
    s = swapPairs(s);
    c10 = madd(s, b0, c10);
    if (wide) c11 = madd(s, b1, c11);
    if (pairs > 1) {
      s = loadPair(a + 2 * REAL);
      c20 = madd(s, b0, c20);
      if (wide) c21 = madd(s, b1, c21);
      s = swapPairs(s);
      c30 = madd(s, b0, c30);
      if (wide) c31 = madd(s, b1, c31);
    }
    if (pairs > 2) {
      s = loadPair(a + 4 * REAL);
      c40 = madd(s, b0, c40);
      if (wide) c41 = madd(s, b1, c41);
      s = swapPairs(s);
      c50 = madd(s, b0, c50);
      if (wide) c51 = madd(s, b1, c51);
    }
    a += A_STEP;
    b += bStep;
  } while (b < end);
  storePair(c, cStride, wide, rows > 1, c00, c01, c10, c11, accumulate);
  c += 2 * cStride;
  if (pairs > 1) storePair(c, cStride, wide, rows > 3, c20, c21, c30, c31, accumulate);
  c += 2 * cStride;
  if (pairs > 2) storePair(c, cStride, wide, rows > 5, c40, c41, c50, c51, accumulate);
}

// One function a shape: V8 optimises a function when it is called often, not inside a long loop.

function tile6x2(
  c: usize, stride: usize, rows: usize, a: usize, b: usize, depth: usize, accumulate: bool,
): void {
  tile(3, true, c, stride, rows, a, b, depth, accumulate);
}

function tile4x2(
  c: usize, stride: usize, rows: usize, a: usize, b: usize, depth: usize, accumulate: bool,
): void {
  tile(2, true, c, stride, rows, a, b, depth, accumulate);
}

function tile2x2(
  c: usize, stride: usize, rows: usize, a: usize, b: usize, depth: usize, accumulate: bool,
): void {
  tile(1, true, c, stride, rows, a, b, depth, accumulate);
}

function tile6x1(
  c: usize, stride: usize, rows: usize, a: usize, b: usize, depth: usize, accumulate: bool,
): void {
  tile(3, false, c, stride, rows, a, b, depth, accumulate);
}

function tile4x1(
  c: usize, stride: usize, rows: usize, a: usize, b: usize, depth: usize, accumulate: bool,
): void {
  tile(2, false, c, stride, rows, a, b, depth, accumulate);
}

function tile2x1(
  c: usize, stride: usize, rows: usize, a: usize, b: usize, depth: usize, accumulate: bool,
): void {
  tile(1, false, c, stride, rows, a, b, depth, accumulate);
}

/** The tile of a height from 1 to 6, one or two vectors wide. */
@inline
function anyTile(
  rows: usize,
  wide: bool,
  c: usize,
  stride: usize,
  a: usize,
  b: usize,
  depth: usize,
  accumulate: bool,
): void {
  if (wide) {
    if (rows > 4) tile6x2(c, stride, rows, a, b, depth, accumulate);
    else if (rows > 2) tile4x2(c, stride, rows, a, b, depth, accumulate);
    else tile2x2(c, stride, rows, a, b, depth, accumulate);
  } else {
    if (rows > 4) tile6x1(c, stride, rows, a, b, depth, accumulate);
    else if (rows > 2) tile4x1(c, stride, rows, a, b, depth, accumulate);
    else tile2x1(c, stride, rows, a, b, depth, accumulate);
  }
}

/** C[rows × columns] (+)= A·B for one packed block of A and one of B. */
function multiplyPanels(
  c: usize,
  cStride: usize,
  rows: usize,
  columns: usize,
  depth: usize,
  a: usize,
  b: usize,
  accumulate: bool,
): void {
  const shortHeight = shortPanel(rows);
  const tall = tallPanels(rows);
  for (let column: usize = 0; column < columns; column += TILE_COLUMNS) {
    const wide = column + TILE_COLUMNS <= columns;
    let cTile = c + column * REAL;
    let aPanel = a;
    for (let panel: usize = 0, left = rows; left > 0; panel++) {
      const height = min(left, panel < tall ? shortHeight + 2 : shortHeight);
      anyTile(height, wide, cTile, cStride, aPanel, b, depth, accumulate);
      cTile += height * cStride;
      aPanel += depth * A_STEP;
      left -= height;
    }
    b += depth * (wide ? B_STEP : VECTOR);
  }
}

/**
 * Packs this worker's share of the panels of B [depth × columns] into `to` (depth · columns numbers
 * in all), block after block, for multiplyPacked. Columns must be a multiple of LANES. With
 * `transposed`, `b` holds Bᵀ, and depth must be one too.
 */
export function packShare(
  to: usize,
  b: usize,
  bStride: usize,
  transposed: bool,
  columns: usize,
  depth: usize,
): void {
  const panels = partsOf(columns, TILE_COLUMNS);
  const first = shareStart(panels) * TILE_COLUMNS;
  const some = min(shareLength(panels) * TILE_COLUMNS, columns - first);
  for (let k: usize = 0; k < depth; k += DEPTH) {
    const part = min(DEPTH, depth - k);
    const own = to + first * part * REAL;
    if (transposed) packTransposedB(own, b + first * bStride + k * REAL, bStride, some, part);
    else packB(own, b + k * bStride + first * REAL, bStride, some, 1, part, 0);
    to += part * columns * REAL;
  }
}

/**
 * C[rows × columns] (+)= A·B, with A [rows × depth] row-major and B packed whole. Depth and
 * columns must be multiples of LANES. `scratch` has PACKED_A_BYTES.
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
  const blocks = partsOf(rows, BLOCK_ROWS);
  for (let k: usize = 0; k < depth; k += DEPTH) {
    const part = min(DEPTH, depth - k);
    for (let block: usize = 0, row: usize = 0; block < blocks; block++) {
      const some = evenPart(rows, blocks, block);
      packRows(scratch, a + row * aStride + k * REAL, aStride, some, part);
      multiplyPanels(
        c + row * cStride, cStride, some, columns, part, scratch, b, accumulate || k > 0,
      );
      row += some;
    }
    b += part * columns * REAL;
  }
}

/**
 * C[rows × columns] = Aᵀ·B, the form of every gradient of a weight matrix, with A and B row-major.
 * Columns must be a multiple of LANES. Not all of their rows need be meant: `runs` times `run`
 * consecutive rows are summed over, and `apart` rows lie between the beginnings of two runs.
 * `scratchA` has PACKED_A_BYTES, `scratchB` DEPTH · columns numbers.
 */
export function multiplyTransposed(
  c: usize,
  cStride: usize,
  rows: usize,
  columns: usize,
  runs: usize,
  run: usize,
  apart: usize,
  a: usize,
  aStride: usize,
  b: usize,
  bStride: usize,
  scratchA: usize,
  scratchB: usize,
): void {
  // A block is of whole runs, or of a piece of a long one.
  const runsOfBlock = run < DEPTH ? DEPTH / run : 1;
  let accumulate = false;
  for (let first: usize = 0; first < runs; first += runsOfBlock) {
    const some = min(runsOfBlock, runs - first);
    for (let row: usize = 0; row < run; row += DEPTH) {
      const length = min(DEPTH, run - row);
      const from = first * apart + row;
      packB(scratchB, b + from * bStride, bStride, columns, some, length, apart * bStride);
      multiplyTransposedBlock(
        c, cStride, rows, columns, some, length, apart,
        a + from * aStride, aStride, scratchA, scratchB, accumulate,
      );
      accumulate = true;
    }
  }
}

/** C[rows × columns] (+)= Aᵀ·B for one packed block of B. */
function multiplyTransposedBlock(
  c: usize,
  cStride: usize,
  rows: usize,
  columns: usize,
  runs: usize,
  run: usize,
  apart: usize,
  a: usize,
  aStride: usize,
  scratchA: usize,
  packedB: usize,
  accumulate: bool,
): void {
  const blocks = partsOf(rows, BLOCK_ROWS);
  for (let block: usize = 0; block < blocks; block++) {
    const some = evenPart(rows, blocks, block);
    packColumns(scratchA, a, aStride, some, runs, run, apart * aStride);
    multiplyPanels(c, cStride, some, columns, runs * run, scratchA, packedB, accumulate);
    c += some * cStride;
    a += some * REAL;
  }
}
