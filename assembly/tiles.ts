/**
 * The register tiles: the innermost loops of all matrix products, the micro-kernels of BLIS.
 *
 * A tile computes C[rows × columns] (+)= A·B over `depth` steps and keeps these numbers of C in
 * registers meanwhile. Its panels of A and B are packed (packing.ts), so that it reads both from the
 * beginning to the end; matmul.ts covers a matrix with tiles.
 *
 *     tile         6, 5, 4 or 2 rows × 1 or 2 vectors     the tile of most products
 *     short tile   4 rows × 2 or 3 vectors                for 3, 4, 7 or 8 rows at a time
 *
 * Each is written once for all shapes. Its `rows` and vectors are constants wherever it is inlined, so
 * the code of absent rows and columns is eliminated. Loops marked `unroll` are repeated by build.ts:
 * what V8 does once per iteration (a stack check, a load of the memory's size, and the limits of
 * addresses that it derives from it) takes a fifth of the instructions of one step. The loop's condition
 * stands between the repetitions; without it, Binaryen interleaves them, and they need more registers
 * than there are.
 */
import { A_STEP, SHORT_A_STEP } from "./packing";
import { add, blendEvenOdd, loadPair, madd, REAL, splat, swapAdjacent, VECTOR } from "./simd";

/**
 * C (+)= A·B for `rows` rows, 2, 4, 5 or 6, and one vector of columns, or two if `wide`. With 6 rows of
 * two vectors, 12 accumulators, 2 vectors of B and 2 numbers of A take 15 of the 16 vector registers of
 * x86-64. `stored` rows are written to C, all of them or one less.
 *
 * The two rows of a pair share their sums, so that one load, with its bounds check, brings two numbers
 * of A; lanes are exchanged only when C is stored. A fifth row has sums of its own.
 *
 *     x += (a0 a1 a0 a1) ∘ (b0 b1 b2 b3)        row 0 = (x0 y1 x2 y3)
 *     y += (a1 a0 a1 a0) ∘ (b0 b1 b2 b3)        row 1 = (y0 x1 y2 x3)
 */
@inline
function tile(
  rows: i32, wide: bool,
  c: usize, cStride: usize, stored: usize, a: usize, b: usize, depth: usize, accumulate: bool,
): void {
  const zero = splat(0);
  let x00 = zero, x01 = zero, y00 = zero, y01 = zero; // rows 0 and 1
  let x20 = zero, x21 = zero, y20 = zero, y21 = zero; // rows 2 and 3
  let x40 = zero, x41 = zero, y40 = zero, y41 = zero; // rows 4 and 5
  const aStep = rows > 4 ? A_STEP : SHORT_A_STEP;
  const bStep = wide ? 2 * VECTOR : VECTOR;
  const last = b + depth * bStep;
  let b0: v128, b1: v128, s: v128;
  // unroll: 4
  do {
    b0 = v128.load(b);
    b1 = wide ? v128.load(b + VECTOR) : zero;
    s = loadPair(a);
    x00 = madd(s, b0, x00);
    if (wide) x01 = madd(s, b1, x01);
    s = swapAdjacent(s);
    y00 = madd(s, b0, y00);
    if (wide) y01 = madd(s, b1, y01);
    if (rows > 2) {
      s = loadPair(a + 2 * REAL);
      x20 = madd(s, b0, x20);
      if (wide) x21 = madd(s, b1, x21);
      s = swapAdjacent(s);
      y20 = madd(s, b0, y20);
      if (wide) y21 = madd(s, b1, y21);
    }
    if (rows > 4) {
      s = rows == 5 ? v128.load_splat<Real>(a + 4 * REAL) : loadPair(a + 4 * REAL);
      x40 = madd(s, b0, x40);
      if (wide) x41 = madd(s, b1, x41);
    }
    if (rows == 6) {
      s = swapAdjacent(s);
      y40 = madd(s, b0, y40);
      if (wide) y41 = madd(s, b1, y41);
    }
    a += aStep;
    b += bStep;
  } while (b < last);
  storePair(c, cStride, wide, stored > 1, x00, x01, y00, y01, accumulate);
  c += 2 * cStride;
  if (rows > 2) storePair(c, cStride, wide, stored > 3, x20, x21, y20, y21, accumulate);
  c += 2 * cStride;
  if (rows == 5) storeRow(c, wide, x40, x41, accumulate);
  if (rows == 6) storePair(c, cStride, wide, true, x40, x41, y40, y41, accumulate);
}

/** Stores two rows of the tile from their shared sums; the second only if `both`. */
@inline
function storePair(
  c: usize, cStride: usize, wide: bool, both: bool,
  x0: v128, x1: v128, y0: v128, y1: v128, accumulate: bool,
): void {
  storeRow(c, wide, blendEvenOdd(x0, y0), blendEvenOdd(x1, y1), accumulate);
  if (both) {
    storeRow(c + cStride, wide, blendEvenOdd(y0, x0), blendEvenOdd(y1, x1), accumulate);
  }
}

/** Stores one row of the tile, or adds it to C. */
@inline
function storeRow(c: usize, wide: bool, low: v128, high: v128, accumulate: bool): void {
  v128.store(c, accumulate ? add(v128.load(c), low) : low);
  if (wide) v128.store(c + VECTOR, accumulate ? add(v128.load(c + VECTOR), high) : high);
}

/**
 * C (+)= A·B for up to 4 rows and `vectors` vectors, 2 or 3, of columns. 4 rows of 2 vectors have 8
 * sums, which is too few to hide the latency of a multiply-add; 12 sums leave three registers, enough
 * for two pairs of rows of A and one vector of B, whose lanes are exchanged in its place:
 *
 *     p += (a0 a1 a0 a1) ∘ (b0 b1 b2 b3)        row 0 = (p0 q0 p2 q2)
 *     q += (a0 a1 a0 a1) ∘ (b1 b0 b3 b2)        row 1 = (q1 p1 q3 p3)
 */
@inline
function shortTile(
  vectors: i32,
  c: usize, cStride: usize, rows: usize, a: usize, b: usize, depth: usize, accumulate: bool,
): void {
  const zero = splat(0);
  let p00 = zero, p01 = zero, p02 = zero, q00 = zero, q01 = zero, q02 = zero; // rows 0 and 1
  let p20 = zero, p21 = zero, p22 = zero, q20 = zero, q21 = zero, q22 = zero; // rows 2 and 3
  const bStep = <usize>vectors * VECTOR;
  const last = b + depth * bStep;
  let s: v128, t: v128, v: v128;
  // unroll: 4
  do {
    s = loadPair(a);
    t = loadPair(a + 2 * REAL);
    v = v128.load(b);
    p00 = madd(s, v, p00);
    p20 = madd(t, v, p20);
    v = swapAdjacent(v);
    q00 = madd(s, v, q00);
    q20 = madd(t, v, q20);
    v = v128.load(b + VECTOR);
    p01 = madd(s, v, p01);
    p21 = madd(t, v, p21);
    v = swapAdjacent(v);
    q01 = madd(s, v, q01);
    q21 = madd(t, v, q21);
    if (vectors > 2) {
      v = v128.load(b + 2 * VECTOR);
      p02 = madd(s, v, p02);
      p22 = madd(t, v, p22);
      v = swapAdjacent(v);
      q02 = madd(s, v, q02);
      q22 = madd(t, v, q22);
    }
    a += SHORT_A_STEP;
    b += bStep;
  } while (b < last);
  storeSwapped(c, cStride, rows > 1, p00, q00, accumulate);
  storeSwapped(c + VECTOR, cStride, rows > 1, p01, q01, accumulate);
  if (vectors > 2) storeSwapped(c + 2 * VECTOR, cStride, rows > 1, p02, q02, accumulate);
  if (rows < 3) return;
  c += 2 * cStride;
  storeSwapped(c, cStride, rows > 3, p20, q20, accumulate);
  storeSwapped(c + VECTOR, cStride, rows > 3, p21, q21, accumulate);
  if (vectors > 2) storeSwapped(c + 2 * VECTOR, cStride, rows > 3, p22, q22, accumulate);
}

/** Stores a vector of two rows of the short tile from their shared sums; the second only if `both`. */
@inline
function storeSwapped(
  c: usize, cStride: usize, both: bool, p: v128, q: v128, accumulate: bool,
): void {
  q = swapAdjacent(q);
  storeRow(c, false, blendEvenOdd(p, q), p, accumulate);
  if (both) storeRow(c + cStride, false, blendEvenOdd(q, p), p, accumulate);
}

// One function per shape: V8 optimizes a function between calls, not inside a long loop.

function tile6x2(
  c: usize, stride: usize, rows: usize, a: usize, b: usize, depth: usize, accumulate: bool,
): void {
  tile(6, true, c, stride, rows, a, b, depth, accumulate);
}

function tile6x1(
  c: usize, stride: usize, rows: usize, a: usize, b: usize, depth: usize, accumulate: bool,
): void {
  tile(6, false, c, stride, rows, a, b, depth, accumulate);
}

function tile5x2(
  c: usize, stride: usize, rows: usize, a: usize, b: usize, depth: usize, accumulate: bool,
): void {
  tile(5, true, c, stride, rows, a, b, depth, accumulate);
}

function tile5x1(
  c: usize, stride: usize, rows: usize, a: usize, b: usize, depth: usize, accumulate: bool,
): void {
  tile(5, false, c, stride, rows, a, b, depth, accumulate);
}

function tile4x2(
  c: usize, stride: usize, rows: usize, a: usize, b: usize, depth: usize, accumulate: bool,
): void {
  tile(4, true, c, stride, rows, a, b, depth, accumulate);
}

function tile4x1(
  c: usize, stride: usize, rows: usize, a: usize, b: usize, depth: usize, accumulate: bool,
): void {
  tile(4, false, c, stride, rows, a, b, depth, accumulate);
}

function tile2x2(
  c: usize, stride: usize, rows: usize, a: usize, b: usize, depth: usize, accumulate: bool,
): void {
  tile(2, true, c, stride, rows, a, b, depth, accumulate);
}

function tile2x1(
  c: usize, stride: usize, rows: usize, a: usize, b: usize, depth: usize, accumulate: bool,
): void {
  tile(2, false, c, stride, rows, a, b, depth, accumulate);
}

function tile4x3(
  c: usize, stride: usize, rows: usize, a: usize, b: usize, depth: usize, accumulate: bool,
): void {
  shortTile(3, c, stride, rows, a, b, depth, accumulate);
}

function shortTile4x2(
  c: usize, stride: usize, rows: usize, a: usize, b: usize, depth: usize, accumulate: bool,
): void {
  shortTile(2, c, stride, rows, a, b, depth, accumulate);
}

/**
 * C (+)= A·B for 1 to 6 rows and 1 or 2 vectors of columns.
 *
 * @param a A panel of `packA` or `packATransposed` of as many rows.
 * @param b A panel of B of as many vectors.
 */
@inline
export function multiplyTile(
  rows: usize, vectors: usize,
  c: usize, stride: usize, a: usize, b: usize, depth: usize, accumulate: bool,
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

/** The same for 1 to 4 rows and 1 to 3 vectors of columns. */
@inline
export function multiplyShortTile(
  rows: usize, vectors: usize,
  c: usize, stride: usize, a: usize, b: usize, depth: usize, accumulate: bool,
): void {
  if (vectors == 3) tile4x3(c, stride, rows, a, b, depth, accumulate);
  else if (vectors == 2) shortTile4x2(c, stride, rows, a, b, depth, accumulate);
  else tile4x1(c, stride, rows, a, b, depth, accumulate);
}
