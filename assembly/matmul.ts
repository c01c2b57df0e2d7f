/**
 * Matrix products, C (+)= A·B.
 *
 * Matrices are row-major, with strides in bytes. The loops are those of BLIS (Van Zee and van de
 * Geijn, "BLIS: A Framework for Rapidly Instantiating BLAS Functionality", 2015): blocks of A and B
 * are packed into panels in the order in which the innermost loop reads them, and that loop keeps a
 * tile of C in registers.
 *
 *     C       columns ──►          B block, KC × all columns, in panels of NR columns:
 *     rows    ┌──┬──┬──┐           row k of a panel = NR numbers of one row of B
 *      │      │MR│  │  │
 *      ▼      ├──┼──┼──┤           A block, MC × KC, in panels of MR rows:
 *             │  │  │  │           row k of a panel = MR numbers of one column of A
 *             └──┴──┴──┘
 *
 * The tile is MR = 6 rows × NR = 2 vectors: 12 accumulators, 2 vectors of B and 2 numbers of A take 15
 * of the 16 vector registers of x86-64. Wider or taller tiles spill.
 *
 * Each number of C is summed in ascending order of the depth, in blocks of KC, whatever the rows or
 * columns asked for, so a split of C among workers does not change its bits. An empty share of rows
 * is allowed.
 *
 * The plain versions are `product` and `addOuterProduct` of tests/reference/cells.ts; bit for bit,
 * `sumInBlocks` of tests/assembly/summation_order_test.ts.
 */
import {
  A_STEP,
  B_STEP,
  ceilDiv,
  KC,
  MC,
  min,
  NR,
  packA,
  packATransposed,
  packB,
  packBTransposed,
  shortPanelRows,
  splitLength,
  tallPanels,
} from "./packing";
import { add, blendEvenOdd, loadPair, madd, REAL, splat, swapAdjacent, VECTOR } from "./simd";
import { isStopped, shareLength, shareStart } from "./workers";

/** Stores one row of the tile, one or two vectors wide, or adds it to C. */
@inline
function storeRow(c: usize, wide: bool, low: v128, high: v128, accumulate: bool): void {
  v128.store(c, accumulate ? add(v128.load(c), low) : low);
  if (wide) v128.store(c + VECTOR, accumulate ? add(v128.load(c + VECTOR), high) : high);
}

/** Stores two rows of the tile from their shared sums, see `tile`; the second only if `both`. */
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
  storeRow(c, wide, blendEvenOdd(x0, y0), blendEvenOdd(x1, y1), accumulate);
  if (both) {
    storeRow(c + cStride, wide, blendEvenOdd(y0, x0), blendEvenOdd(y1, x1), accumulate);
  }
}

/**
 * The register tile, the micro-kernel of BLIS: C[rows × 1 or 2 vectors] (+)= A·B over `depth` steps.
 * `pairs` of rows, from 1 to 3, and `wide` are constants wherever this is inlined, so the code of
 * absent rows and columns is eliminated. If `rows` is odd, the second row of the last pair is not
 * stored.
 *
 * The two rows of a pair share their sums, so that one load, with its bounds check, brings two numbers
 * of A; lanes are exchanged only when C is stored:
 *
 *     x += (a0 a1 a0 a1) ∘ (b0 b1 b2 b3)        row 0 = (x0 y1 x2 y3)
 *     y += (a1 a0 a1 a0) ∘ (b0 b1 b2 b3)        row 1 = (y0 x1 y2 x3)
 *
 * XNNPACK's `s4` microkernels ("shuffle by 4") use a similar trick: they rotate a loaded vector of A
 * instead of broadcasting each of its numbers, but along the depth, with B packed to match.
 *
 * The loop is unrolled to two steps, because what V8 does once per iteration (a stack check and a load
 * of the memory's size) is a seventh of the instructions of one step. Without the branch between the
 * two, Binaryen interleaves them, and they need more registers than there are.
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
    s = swapAdjacent(s);
    c10 = madd(s, b0, c10);
    if (wide) c11 = madd(s, b1, c11);
    if (pairs > 1) {
      s = loadPair(a + 2 * REAL);
      c20 = madd(s, b0, c20);
      if (wide) c21 = madd(s, b1, c21);
      s = swapAdjacent(s);
      c30 = madd(s, b0, c30);
      if (wide) c31 = madd(s, b1, c31);
    }
    if (pairs > 2) {
      s = loadPair(a + 4 * REAL);
      c40 = madd(s, b0, c40);
      if (wide) c41 = madd(s, b1, c41);
      s = swapAdjacent(s);
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
    s = swapAdjacent(s);
    c10 = madd(s, b0, c10);
    if (wide) c11 = madd(s, b1, c11);
    if (pairs > 1) {
      s = loadPair(a + 2 * REAL);
      c20 = madd(s, b0, c20);
      if (wide) c21 = madd(s, b1, c21);
      s = swapAdjacent(s);
      c30 = madd(s, b0, c30);
      if (wide) c31 = madd(s, b1, c31);
    }
    if (pairs > 2) {
      s = loadPair(a + 4 * REAL);
      c40 = madd(s, b0, c40);
      if (wide) c41 = madd(s, b1, c41);
      s = swapAdjacent(s);
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

// One function per shape: V8 optimizes a function between calls, not inside a long loop.

function tile6x2(
  c: usize,
  stride: usize,
  rows: usize,
  a: usize,
  b: usize,
  depth: usize,
  accumulate: bool,
): void {
  tile(3, true, c, stride, rows, a, b, depth, accumulate);
}

function tile4x2(
  c: usize,
  stride: usize,
  rows: usize,
  a: usize,
  b: usize,
  depth: usize,
  accumulate: bool,
): void {
  tile(2, true, c, stride, rows, a, b, depth, accumulate);
}

function tile2x2(
  c: usize,
  stride: usize,
  rows: usize,
  a: usize,
  b: usize,
  depth: usize,
  accumulate: bool,
): void {
  tile(1, true, c, stride, rows, a, b, depth, accumulate);
}

function tile6x1(
  c: usize,
  stride: usize,
  rows: usize,
  a: usize,
  b: usize,
  depth: usize,
  accumulate: bool,
): void {
  tile(3, false, c, stride, rows, a, b, depth, accumulate);
}

function tile4x1(
  c: usize,
  stride: usize,
  rows: usize,
  a: usize,
  b: usize,
  depth: usize,
  accumulate: bool,
): void {
  tile(2, false, c, stride, rows, a, b, depth, accumulate);
}

function tile2x1(
  c: usize,
  stride: usize,
  rows: usize,
  a: usize,
  b: usize,
  depth: usize,
  accumulate: bool,
): void {
  tile(1, false, c, stride, rows, a, b, depth, accumulate);
}

/** Calls the tile for a height from 1 to 6 rows and a width of one or two vectors. */
@inline
function dispatchTile(
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

/** C[rows × columns] (+)= A·B for one packed block of A and one of B: the macro-kernel of BLIS. */
function macroKernel(
  c: usize,
  cStride: usize,
  rows: usize,
  columns: usize,
  depth: usize,
  a: usize,
  b: usize,
  accumulate: bool,
): void {
  const shortHeight = shortPanelRows(rows);
  const tall = tallPanels(rows);
  for (let column: usize = 0; column < columns; column += NR) {
    const wide = column + NR <= columns;
    let cTile = c + column * REAL;
    let aPanel = a;
    for (let panel: usize = 0, left = rows; left > 0; panel++) {
      const height = min(left, panel < tall ? shortHeight + 2 : shortHeight);
      dispatchTile(height, wide, cTile, cStride, aPanel, b, depth, accumulate);
      cTile += height * cStride;
      aPanel += depth * A_STEP;
      left -= height;
    }
    b += depth * (wide ? B_STEP : VECTOR);
  }
}

/**
 * Packs this worker's share of the panels of B for `multiplyPacked`, block after block of the depth.
 *
 * @param to Receives depth·columns numbers, from all workers together.
 * @param b B [depth][columns], or Bᵀ [columns][depth] if `transposed`.
 * @param columns A multiple of LANES; if `transposed`, the depth must be one, too.
 */
export function packShare(
  to: usize,
  b: usize,
  bStride: usize,
  transposed: bool,
  columns: usize,
  depth: usize,
): void {
  const panels = ceilDiv(columns, NR);
  const first = shareStart(panels) * NR;
  const width = min(shareLength(panels) * NR, columns - first);
  for (let k: usize = 0; k < depth; k += KC) {
    const blockDepth = min(KC, depth - k);
    const target = to + first * blockDepth * REAL;
    if (transposed) {
      packBTransposed(target, b + first * bStride + k * REAL, bStride, width, blockDepth);
    } else {
      packB(target, b + k * bStride + first * REAL, bStride, width, 1, blockDepth, 0);
    }
    to += blockDepth * columns * REAL;
  }
}

/**
 * C (+)= A·B, with C [rows][columns], A [rows][depth] and B as `packShare` packs it. Depth and columns
 * must be multiples of LANES.
 *
 * @param accumulate Whether the product is added to C or replaces it.
 * @param scratch Space of PACKED_A_BYTES.
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
  const blocks = ceilDiv(rows, MC);
  for (let k: usize = 0; k < depth; k += KC) {
    const blockDepth = min(KC, depth - k);
    for (let block: usize = 0, row: usize = 0; block < blocks; block++) {
      if (isStopped()) return;
      const height = splitLength(rows, blocks, block);
      packA(scratch, a + row * aStride + k * REAL, aStride, height, blockDepth);
      macroKernel(
        c + row * cStride, cStride, height, columns, blockDepth, scratch, b, accumulate || k > 0,
      );
      row += height;
    }
    b += blockDepth * columns * REAL;
  }
}

/**
 * C = Aᵀ·B, the form of every gradient of a weight matrix, with C [rows][columns], A [·][rows] and
 * B [·][columns]. The sum runs over `runs` runs of `runLength` consecutive rows of A and B, which start
 * `runStride` rows apart. Columns must be a multiple of LANES.
 *
 * @param scratchA Space of PACKED_A_BYTES.
 * @param scratchB Space for KC·columns numbers.
 */
export function multiplyTransposed(
  c: usize,
  cStride: usize,
  rows: usize,
  columns: usize,
  runs: usize,
  runLength: usize,
  runStride: usize,
  a: usize,
  aStride: usize,
  b: usize,
  bStride: usize,
  scratchA: usize,
  scratchB: usize,
): void {
  // A block consists of whole runs, or of a part of a long one.
  const runsPerBlock = runLength < KC ? KC / runLength : 1;
  let accumulate = false;
  for (let first: usize = 0; first < runs; first += runsPerBlock) {
    const blockRuns = min(runsPerBlock, runs - first);
    for (let row: usize = 0; row < runLength; row += KC) {
      if (isStopped()) return;
      const length = min(KC, runLength - row);
      const from = first * runStride + row;
      packB(scratchB, b + from * bStride, bStride, columns, blockRuns, length, runStride * bStride);
      multiplyTransposedBlock(
        c, cStride, rows, columns, blockRuns, length, runStride,
        a + from * aStride, aStride, scratchA, scratchB, accumulate,
      );
      accumulate = true;
    }
  }
}

/** C (+)= Aᵀ·B for one packed block of B. */
function multiplyTransposedBlock(
  c: usize,
  cStride: usize,
  rows: usize,
  columns: usize,
  runs: usize,
  runLength: usize,
  runStride: usize,
  a: usize,
  aStride: usize,
  scratchA: usize,
  packedB: usize,
  accumulate: bool,
): void {
  const blocks = ceilDiv(rows, MC);
  for (let block: usize = 0; block < blocks; block++) {
    if (isStopped()) return;
    const height = splitLength(rows, blocks, block);
    packATransposed(scratchA, a, aStride, height, runs, runLength, runStride * aStride);
    macroKernel(c, cStride, height, columns, runs * runLength, scratchA, packedB, accumulate);
    c += height * cStride;
    a += height * REAL;
  }
}
