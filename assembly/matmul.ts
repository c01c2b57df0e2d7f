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
 * of the 16 vector registers of x86-64. Wider or taller tiles spill. Rows are cut into tiles of 6, 5 and
 * 4 rows. For products with 3, 4, 7 or 8 rows at a time there is a short tile of SHORT_MR = 4 rows ×
 * SHORT_NR = 3 vectors.
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
  ceilDiv,
  KC,
  MC,
  min,
  NR,
  packA,
  packAndSumB,
  packATransposed,
  packB,
  packPanel,
  packPanelTransposed,
  panelRows,
  SHORT_A_STEP,
  SHORT_NR,
  splitLength,
  splitStart,
  stepBytes,
} from "./packing";
import { begin, end, Phase } from "./phases";
import { add, blendEvenOdd, LANES, loadPair, madd, REAL, splat, swapAdjacent, VECTOR } from "./simd";
import { isStopped, worker, workers } from "./workers";

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
 * `rows`, which is 2, 4, 5 or 6, and `wide` are constants wherever this is inlined, so the code of
 * absent rows and columns is eliminated. `stored` rows of C are written, all of them or one less.
 *
 * The two rows of a pair share their sums, so that one load, with its bounds check, brings two numbers
 * of A; lanes are exchanged only when C is stored. A fifth row has sums of its own.
 *
 *     x += (a0 a1 a0 a1) ∘ (b0 b1 b2 b3)        row 0 = (x0 y1 x2 y3)
 *     y += (a1 a0 a1 a0) ∘ (b0 b1 b2 b3)        row 1 = (y0 x1 y2 x3)
 *
 * The loop is unrolled to four steps. What V8 does once per iteration (a stack check, a load of the
 * memory's size, and the limits of addresses that it derives from it) takes a fifth of the instructions
 * of one step. Without the branches between the steps, Binaryen interleaves them, and they need more
 * registers than there are.
 */
@inline
function tile(
  rows: i32,
  wide: bool,
  c: usize,
  cStride: usize,
  stored: usize,
  a: usize,
  b: usize,
  depth: usize,
  accumulate: bool,
): void {
  const zero = splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero;
  let c30 = zero, c31 = zero, c40 = zero, c41 = zero, c50 = zero, c51 = zero;
  const aStep = rows > 4 ? A_STEP : SHORT_A_STEP;
  const bStep = wide ? 2 * VECTOR : VECTOR;
  const last = b + depth * bStep;
  let b0: v128, b1: v128, s: v128;
  do {
    b0 = v128.load(b);
    b1 = wide ? v128.load(b + VECTOR) : zero;
    s = loadPair(a);
    c00 = madd(s, b0, c00);
    if (wide) c01 = madd(s, b1, c01);
    s = swapAdjacent(s);
    c10 = madd(s, b0, c10);
    if (wide) c11 = madd(s, b1, c11);
    if (rows > 2) {
      s = loadPair(a + 2 * REAL);
      c20 = madd(s, b0, c20);
      if (wide) c21 = madd(s, b1, c21);
      s = swapAdjacent(s);
      c30 = madd(s, b0, c30);
      if (wide) c31 = madd(s, b1, c31);
    }
    if (rows == 5) {
      s = v128.load_splat<Real>(a + 4 * REAL);
      c40 = madd(s, b0, c40);
      if (wide) c41 = madd(s, b1, c41);
    }
    if (rows == 6) {
      s = loadPair(a + 4 * REAL);
      c40 = madd(s, b0, c40);
      if (wide) c41 = madd(s, b1, c41);
      s = swapAdjacent(s);
      c50 = madd(s, b0, c50);
      if (wide) c51 = madd(s, b1, c51);
    }
    a += aStep;
    b += bStep;
    if (b >= last) break;

    b0 = v128.load(b);
    b1 = wide ? v128.load(b + VECTOR) : zero;
    s = loadPair(a);
    c00 = madd(s, b0, c00);
    if (wide) c01 = madd(s, b1, c01);
    s = swapAdjacent(s);
    c10 = madd(s, b0, c10);
    if (wide) c11 = madd(s, b1, c11);
    if (rows > 2) {
      s = loadPair(a + 2 * REAL);
      c20 = madd(s, b0, c20);
      if (wide) c21 = madd(s, b1, c21);
      s = swapAdjacent(s);
      c30 = madd(s, b0, c30);
      if (wide) c31 = madd(s, b1, c31);
    }
    if (rows == 5) {
      s = v128.load_splat<Real>(a + 4 * REAL);
      c40 = madd(s, b0, c40);
      if (wide) c41 = madd(s, b1, c41);
    }
    if (rows == 6) {
      s = loadPair(a + 4 * REAL);
      c40 = madd(s, b0, c40);
      if (wide) c41 = madd(s, b1, c41);
      s = swapAdjacent(s);
      c50 = madd(s, b0, c50);
      if (wide) c51 = madd(s, b1, c51);
    }
    a += aStep;
    b += bStep;
    if (b >= last) break;

    b0 = v128.load(b);
    b1 = wide ? v128.load(b + VECTOR) : zero;
    s = loadPair(a);
    c00 = madd(s, b0, c00);
    if (wide) c01 = madd(s, b1, c01);
    s = swapAdjacent(s);
    c10 = madd(s, b0, c10);
    if (wide) c11 = madd(s, b1, c11);
    if (rows > 2) {
      s = loadPair(a + 2 * REAL);
      c20 = madd(s, b0, c20);
      if (wide) c21 = madd(s, b1, c21);
      s = swapAdjacent(s);
      c30 = madd(s, b0, c30);
      if (wide) c31 = madd(s, b1, c31);
    }
    if (rows == 5) {
      s = v128.load_splat<Real>(a + 4 * REAL);
      c40 = madd(s, b0, c40);
      if (wide) c41 = madd(s, b1, c41);
    }
    if (rows == 6) {
      s = loadPair(a + 4 * REAL);
      c40 = madd(s, b0, c40);
      if (wide) c41 = madd(s, b1, c41);
      s = swapAdjacent(s);
      c50 = madd(s, b0, c50);
      if (wide) c51 = madd(s, b1, c51);
    }
    a += aStep;
    b += bStep;
    if (b >= last) break;

    b0 = v128.load(b);
    b1 = wide ? v128.load(b + VECTOR) : zero;
    s = loadPair(a);
    c00 = madd(s, b0, c00);
    if (wide) c01 = madd(s, b1, c01);
    s = swapAdjacent(s);
    c10 = madd(s, b0, c10);
    if (wide) c11 = madd(s, b1, c11);
    if (rows > 2) {
      s = loadPair(a + 2 * REAL);
      c20 = madd(s, b0, c20);
      if (wide) c21 = madd(s, b1, c21);
      s = swapAdjacent(s);
      c30 = madd(s, b0, c30);
      if (wide) c31 = madd(s, b1, c31);
    }
    if (rows == 5) {
      s = v128.load_splat<Real>(a + 4 * REAL);
      c40 = madd(s, b0, c40);
      if (wide) c41 = madd(s, b1, c41);
    }
    if (rows == 6) {
      s = loadPair(a + 4 * REAL);
      c40 = madd(s, b0, c40);
      if (wide) c41 = madd(s, b1, c41);
      s = swapAdjacent(s);
      c50 = madd(s, b0, c50);
      if (wide) c51 = madd(s, b1, c51);
    }
    a += aStep;
    b += bStep;
  } while (b < last);
  storePair(c, cStride, wide, stored > 1, c00, c01, c10, c11, accumulate);
  c += 2 * cStride;
  if (rows > 2) storePair(c, cStride, wide, stored > 3, c20, c21, c30, c31, accumulate);
  c += 2 * cStride;
  if (rows == 5) storeRow(c, wide, c40, c41, accumulate);
  if (rows == 6) storePair(c, cStride, wide, true, c40, c41, c50, c51, accumulate);
}

/**
 * The tile of up to 4 rows and `vectors` vectors, 2 or 3, of columns. 4 rows of 2 vectors have 8 sums,
 * which is too few to hide the latency of a multiply-add; 12 sums leave three registers, enough for
 * two pairs of rows of A and one vector of B, whose lanes are exchanged in its place:
 *
 *     p += (a0 a1 a0 a1) ∘ (b0 b1 b2 b3)        row 0 = (p0 q0 p2 q2)
 *     q += (a0 a1 a0 a1) ∘ (b1 b0 b3 b2)        row 1 = (q1 p1 q3 p3)
 */
@inline
function shortTile(
  vectors: i32,
  c: usize,
  cStride: usize,
  rows: usize,
  a: usize,
  b: usize,
  depth: usize,
  accumulate: bool,
): void {
  const zero = splat(0);
  let p00 = zero, p01 = zero, p02 = zero, p10 = zero, p11 = zero, p12 = zero;
  let q00 = zero, q01 = zero, q02 = zero, q10 = zero, q11 = zero, q12 = zero;
  const bStep = <usize>vectors * VECTOR;
  const last = b + depth * bStep;
  let s: v128, t: v128, v: v128;
  do {
    s = loadPair(a);
    t = loadPair(a + 2 * REAL);
    v = v128.load(b);
    p00 = madd(s, v, p00);
    p10 = madd(t, v, p10);
    v = swapAdjacent(v);
    q00 = madd(s, v, q00);
    q10 = madd(t, v, q10);
    v = v128.load(b + VECTOR);
    p01 = madd(s, v, p01);
    p11 = madd(t, v, p11);
    v = swapAdjacent(v);
    q01 = madd(s, v, q01);
    q11 = madd(t, v, q11);
    if (vectors > 2) {
      v = v128.load(b + 2 * VECTOR);
      p02 = madd(s, v, p02);
      p12 = madd(t, v, p12);
      v = swapAdjacent(v);
      q02 = madd(s, v, q02);
      q12 = madd(t, v, q12);
    }
    a += SHORT_A_STEP;
    b += bStep;
    if (b >= last) break;

    s = loadPair(a);
    t = loadPair(a + 2 * REAL);
    v = v128.load(b);
    p00 = madd(s, v, p00);
    p10 = madd(t, v, p10);
    v = swapAdjacent(v);
    q00 = madd(s, v, q00);
    q10 = madd(t, v, q10);
    v = v128.load(b + VECTOR);
    p01 = madd(s, v, p01);
    p11 = madd(t, v, p11);
    v = swapAdjacent(v);
    q01 = madd(s, v, q01);
    q11 = madd(t, v, q11);
    if (vectors > 2) {
      v = v128.load(b + 2 * VECTOR);
      p02 = madd(s, v, p02);
      p12 = madd(t, v, p12);
      v = swapAdjacent(v);
      q02 = madd(s, v, q02);
      q12 = madd(t, v, q12);
    }
    a += SHORT_A_STEP;
    b += bStep;
    if (b >= last) break;

    s = loadPair(a);
    t = loadPair(a + 2 * REAL);
    v = v128.load(b);
    p00 = madd(s, v, p00);
    p10 = madd(t, v, p10);
    v = swapAdjacent(v);
    q00 = madd(s, v, q00);
    q10 = madd(t, v, q10);
    v = v128.load(b + VECTOR);
    p01 = madd(s, v, p01);
    p11 = madd(t, v, p11);
    v = swapAdjacent(v);
    q01 = madd(s, v, q01);
    q11 = madd(t, v, q11);
    if (vectors > 2) {
      v = v128.load(b + 2 * VECTOR);
      p02 = madd(s, v, p02);
      p12 = madd(t, v, p12);
      v = swapAdjacent(v);
      q02 = madd(s, v, q02);
      q12 = madd(t, v, q12);
    }
    a += SHORT_A_STEP;
    b += bStep;
    if (b >= last) break;

    s = loadPair(a);
    t = loadPair(a + 2 * REAL);
    v = v128.load(b);
    p00 = madd(s, v, p00);
    p10 = madd(t, v, p10);
    v = swapAdjacent(v);
    q00 = madd(s, v, q00);
    q10 = madd(t, v, q10);
    v = v128.load(b + VECTOR);
    p01 = madd(s, v, p01);
    p11 = madd(t, v, p11);
    v = swapAdjacent(v);
    q01 = madd(s, v, q01);
    q11 = madd(t, v, q11);
    if (vectors > 2) {
      v = v128.load(b + 2 * VECTOR);
      p02 = madd(s, v, p02);
      p12 = madd(t, v, p12);
      v = swapAdjacent(v);
      q02 = madd(s, v, q02);
      q12 = madd(t, v, q12);
    }
    a += SHORT_A_STEP;
    b += bStep;
  } while (b < last);
  storeSwapped(c, cStride, rows > 1, p00, q00, accumulate);
  storeSwapped(c + VECTOR, cStride, rows > 1, p01, q01, accumulate);
  if (vectors > 2) storeSwapped(c + 2 * VECTOR, cStride, rows > 1, p02, q02, accumulate);
  if (rows < 3) return;
  c += 2 * cStride;
  storeSwapped(c, cStride, rows > 3, p10, q10, accumulate);
  storeSwapped(c + VECTOR, cStride, rows > 3, p11, q11, accumulate);
  if (vectors > 2) storeSwapped(c + 2 * VECTOR, cStride, rows > 3, p12, q12, accumulate);
}

/** Stores a vector of two rows from their shared sums, see `shortTile`; the second only if `both`. */
@inline
function storeSwapped(
  c: usize,
  cStride: usize,
  both: bool,
  p: v128,
  q: v128,
  accumulate: bool,
): void {
  q = swapAdjacent(q);
  storeRow(c, false, blendEvenOdd(p, q), p, accumulate);
  if (both) storeRow(c + cStride, false, blendEvenOdd(q, p), p, accumulate);
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
  tile(6, true, c, stride, rows, a, b, depth, accumulate);
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
  tile(6, false, c, stride, rows, a, b, depth, accumulate);
}

function tile5x2(
  c: usize,
  stride: usize,
  rows: usize,
  a: usize,
  b: usize,
  depth: usize,
  accumulate: bool,
): void {
  tile(5, true, c, stride, rows, a, b, depth, accumulate);
}

function tile5x1(
  c: usize,
  stride: usize,
  rows: usize,
  a: usize,
  b: usize,
  depth: usize,
  accumulate: bool,
): void {
  tile(5, false, c, stride, rows, a, b, depth, accumulate);
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
  tile(4, true, c, stride, rows, a, b, depth, accumulate);
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
  tile(4, false, c, stride, rows, a, b, depth, accumulate);
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
  tile(2, true, c, stride, rows, a, b, depth, accumulate);
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
  tile(2, false, c, stride, rows, a, b, depth, accumulate);
}

function shortTile3(
  c: usize,
  stride: usize,
  rows: usize,
  a: usize,
  b: usize,
  depth: usize,
  accumulate: bool,
): void {
  shortTile(3, c, stride, rows, a, b, depth, accumulate);
}

function shortTile2(
  c: usize,
  stride: usize,
  rows: usize,
  a: usize,
  b: usize,
  depth: usize,
  accumulate: bool,
): void {
  shortTile(2, c, stride, rows, a, b, depth, accumulate);
}

/** Calls the tile for a height from 1 to 6 rows and a width of 1 or 2 vectors. */
@inline
function dispatchTile(
  rows: usize,
  vectors: usize,
  c: usize,
  stride: usize,
  a: usize,
  b: usize,
  depth: usize,
  accumulate: bool,
): void {
  if (vectors == 2) {
    if (rows == 6) tile6x2(c, stride, rows, a, b, depth, accumulate);
    else if (rows == 5) tile5x2(c, stride, rows, a, b, depth, accumulate);
    else if (rows > 2) tile4x2(c, stride, rows, a, b, depth, accumulate);
    else tile2x2(c, stride, rows, a, b, depth, accumulate);
  } else {
    if (rows == 6) tile6x1(c, stride, rows, a, b, depth, accumulate);
    else if (rows == 5) tile5x1(c, stride, rows, a, b, depth, accumulate);
    else if (rows > 2) tile4x1(c, stride, rows, a, b, depth, accumulate);
    else tile2x1(c, stride, rows, a, b, depth, accumulate);
  }
}

/** Calls the tile for a height from 1 to 4 rows and a width of 1 to 3 vectors. */
@inline
function dispatchShortTile(
  rows: usize,
  vectors: usize,
  c: usize,
  stride: usize,
  a: usize,
  b: usize,
  depth: usize,
  accumulate: bool,
): void {
  if (vectors == 3) shortTile3(c, stride, rows, a, b, depth, accumulate);
  else if (vectors == 2) shortTile2(c, stride, rows, a, b, depth, accumulate);
  else tile4x1(c, stride, rows, a, b, depth, accumulate);
}

/**
 * C[rows × columns] (+)= A·B for one packed block of A and one of B, whose panels are `panel` vectors
 * wide: the macro-kernel of BLIS.
 */
function macroKernel(
  c: usize,
  cStride: usize,
  rows: usize,
  columns: usize,
  depth: usize,
  a: usize,
  b: usize,
  panel: usize,
  accumulate: bool,
): void {
  const isShort = panel == SHORT_NR;
  const panels = ceilDiv(rows, panelRows(panel));
  const shortHeight = rows / panels;
  const tall = rows % panels;
  const vectors = columns / LANES;
  const columnPanels = ceilDiv(vectors, panel);
  const narrow = vectors / columnPanels;
  const wide = vectors % columnPanels;
  for (let column: usize = 0; column < columnPanels; column++) {
    const width = narrow + (column < wide ? 1 : 0);
    let cTile = c;
    let aPanel = a;
    for (let rowPanel: usize = 0; rowPanel < panels; rowPanel++) {
      const height = shortHeight + (rowPanel < tall ? 1 : 0);
      if (isShort) dispatchShortTile(height, width, cTile, cStride, aPanel, b, depth, accumulate);
      else dispatchTile(height, width, cTile, cStride, aPanel, b, depth, accumulate);
      cTile += height * cStride;
      aPanel += depth * stepBytes(height);
    }
    c += width * VECTOR;
    b += depth * width * VECTOR;
  }
}

/**
 * Packs this worker's share of the panels of B for `multiplyPacked`, block after block of the depth.
 *
 * @param to Receives depth·columns numbers, from all workers together.
 * @param b B [depth][columns], or Bᵀ [columns][depth] if `transposed`.
 * @param columns A multiple of LANES; if `transposed`, the depth must be one, too.
 * @param width Vectors in a panel, NR or SHORT_NR; see `panelWidth`.
 */
export function packShare(
  to: usize,
  b: usize,
  bStride: usize,
  transposed: bool,
  columns: usize,
  depth: usize,
  width: usize,
): void {
  packRuns(to, b, bStride, transposed, columns, 1, 0, depth, width, worker, workers);
}

/**
 * Packs part `index` of `count` of the panels of B for `multiplyRuns`.
 *
 * @param columns Columns in each of the `runs` runs, which start `runStride` bytes apart; there is one
 * run if `transposed`.
 */
export function packRuns(
  to: usize,
  b: usize,
  bStride: usize,
  transposed: bool,
  columns: usize,
  runs: usize,
  runStride: usize,
  depth: usize,
  width: usize,
  index: usize,
  count: usize,
): void {
  begin(Phase.packWeights);
  const vectors = columns / LANES;
  const panels = ceilDiv(vectors, width);
  const first = splitStart(panels, count, index);
  const last = first + splitLength(panels, count, index);
  for (let k: usize = 0; k < depth; k += KC) {
    const blockDepth = min(KC, depth - k);
    let from = b;
    for (let run: usize = 0; run < runs; run++) {
      for (let panel = first; panel < last; panel++) {
        const vector = splitStart(vectors, panels, panel);
        const length = splitLength(vectors, panels, panel);
        const target = to + vector * blockDepth * VECTOR;
        if (transposed) {
          const source = from + vector * LANES * bStride + k * REAL;
          packPanelTransposed(target, source, bStride, length, blockDepth);
        } else {
          packPanel(target, from + k * bStride + vector * VECTOR, bStride, length, 1, blockDepth, 0);
        }
      }
      to += blockDepth * columns * REAL;
      from += runStride;
    }
  }
  end();
}

/**
 * C (+)= A·B, with C [rows][columns], A [rows][depth] and B as `packShare` packs it. Depth and columns
 * must be multiples of LANES.
 *
 * @param accumulate Whether the product is added to C or replaces it.
 * @param scratch Space of PACKED_A_BYTES.
 * @param width Vectors in a panel of B, as in `packShare`.
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
  width: usize,
): void {
  multiplyRuns(
    c, cStride, rows, columns, 1, 0, depth, a, aStride, b, accumulate, scratch, width,
  );
}

/** `multiplyPacked` for C whose columns are `runs` runs that start `runStride` bytes apart. */
export function multiplyRuns(
  c: usize,
  cStride: usize,
  rows: usize,
  columns: usize,
  runs: usize,
  runStride: usize,
  depth: usize,
  a: usize,
  aStride: usize,
  b: usize,
  accumulate: bool,
  scratch: usize,
  width: usize,
): void {
  const blocks = ceilDiv(rows, MC);
  for (let k: usize = 0; k < depth; k += KC) {
    const blockDepth = min(KC, depth - k);
    const runBytes = blockDepth * columns * REAL;
    for (let block: usize = 0, row: usize = 0; block < blocks; block++) {
      if (isStopped()) return;
      const height = splitLength(rows, blocks, block);
      begin(Phase.packRows);
      packA(
        scratch, a + row * aStride + k * REAL, aStride, height, blockDepth, panelRows(width),
      );
      end();
      for (let run: usize = 0; run < runs; run++) {
        macroKernel(
          c + row * cStride + run * runStride, cStride, height, columns, blockDepth, scratch,
          b + run * runBytes, width, accumulate || k > 0,
        );
      }
      row += height;
    }
    b += runs * runBytes;
  }
}

/**
 * `multiplyPacked` for the same rows of A, and the same scratch and width, as the call just before it:
 * where A is a single block, it is still packed.
 */
export function multiplyPackedAgain(
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
  width: usize,
): void {
  if (rows <= MC && depth <= KC) {
    // A worker may have no rows: there may be fewer streams than workers.
    if (rows == 0 || isStopped()) return;
    macroKernel(c, cStride, rows, columns, depth, scratch, b, width, accumulate);
  } else {
    multiplyPacked(
      c, cStride, rows, columns, depth, a, aStride, b, accumulate, scratch, width,
    );
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
  multiplyTransposedBoth(
    c, cStride, rows, columns, runs, runLength, runStride, a, aStride, b, bStride,
    0, 0, 0, 0, 0, 0, 0, 0, scratchA, scratchB,
  );
}

/**
 * The same for two products with one B, which is packed once, and for the sums of its columns.
 *
 * @param c2 The second product, [rows2][columns2] with C's stride: of the first columns of B, a
 * multiple of 2·LANES or all of them.
 * @param rows2 0 if there is none.
 * @param sums Receives the sums of the first `sumColumns` columns of B; 0 if they are not needed.
 * @param restSums Receives the sums of the other columns.
 */
export function multiplyTransposedBoth(
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
  c2: usize,
  rows2: usize,
  columns2: usize,
  a2: usize,
  a2Stride: usize,
  sums: usize,
  sumColumns: usize,
  restSums: usize,
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
      const source = b + from * bStride;
      const runBytes = runStride * bStride;
      begin(Phase.packGradients);
      if (sums == 0) {
        packB(scratchB, source, bStride, columns, blockRuns, length, runBytes);
      } else {
        packAndSumB(
          scratchB, source, bStride, columns, blockRuns, length, runBytes,
          sums, sumColumns, restSums, accumulate,
        );
      }
      end();
      if (rows > 0) {
        multiplyTransposedBlock(
          c, cStride, rows, columns, blockRuns, length, runStride,
          a + from * aStride, aStride, scratchA, scratchB, accumulate,
        );
      }
      if (rows2 > 0) {
        multiplyTransposedBlock(
          c2, cStride, rows2, columns2, blockRuns, length, runStride,
          a2 + from * a2Stride, a2Stride, scratchA, scratchB, accumulate,
        );
      }
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
    begin(Phase.packGradients);
    packATransposed(scratchA, a, aStride, height, runs, runLength, runStride * aStride);
    end();
    macroKernel(
      c, cStride, height, columns, runs * runLength, scratchA, packedB, NR, accumulate,
    );
    c += height * cStride;
    a += height * REAL;
  }
}
