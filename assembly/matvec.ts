/**
 * Products of a matrix and a vector: the recurrence of a single stream, forwards and backwards.
 */
import { add, LANES, madd, REAL, splat, sumsOfFour, sumsOfTwo, VECTOR } from "./lanes";
import { B_STEP, TILE_COLUMNS } from "./packing";

/**
 * y[columns] += x·W, with W [depth × columns] row-major: the recurrence of a single stream. Each
 * group of columns keeps its sums in registers while the rows pass by. Groups are as equal as
 * possible, so that none is left with too few sums to hide the latency of an addition.
 */
export function vectorTimesMatrix(
  y: usize,
  x: usize,
  w: usize,
  stride: usize,
  depth: usize,
  columns: usize,
): void {
  let panels = columns / TILE_COLUMNS;
  let groups = (panels + 4) / 5;
  while (groups > 0) {
    const width = (panels + groups - 1) / groups;
    if (width == 5) columnsTimes5(y, x, w, stride, depth);
    else if (width == 4) columnsTimes4(y, x, w, stride, depth);
    else if (width == 3) columnsTimes3(y, x, w, stride, depth);
    else if (width == 2) columnsTimes2(y, x, w, stride, depth);
    else columnsTimes1(y, x, w, stride, depth);
    y += width * B_STEP;
    w += width * B_STEP;
    panels -= width;
    groups--;
  }
}

function columnsTimes5(y: usize, x: usize, w: usize, stride: usize, depth: usize): void {
  columnsTimes(5, y, x, w, stride, depth);
}

function columnsTimes4(y: usize, x: usize, w: usize, stride: usize, depth: usize): void {
  columnsTimes(4, y, x, w, stride, depth);
}

function columnsTimes3(y: usize, x: usize, w: usize, stride: usize, depth: usize): void {
  columnsTimes(3, y, x, w, stride, depth);
}

function columnsTimes2(y: usize, x: usize, w: usize, stride: usize, depth: usize): void {
  columnsTimes(2, y, x, w, stride, depth);
}

function columnsTimes1(y: usize, x: usize, w: usize, stride: usize, depth: usize): void {
  columnsTimes(1, y, x, w, stride, depth);
}

/** y[TILE_COLUMNS] += two vectors. */
@inline
function addTo(y: usize, low: v128, high: v128): void {
  v128.store(y, add(v128.load(y), low));
  v128.store(y + VECTOR, add(v128.load(y + VECTOR), high));
}

/** y[width · TILE_COLUMNS] += x·W; `width` is a constant from 1 to 5 wherever this is inlined. */
@inline
function columnsTimes(width: i32, y: usize, x: usize, w: usize, stride: usize, depth: usize): void {
  const zero = splat(0);
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero, s4 = zero;
  let s5 = zero, s6 = zero, s7 = zero, s8 = zero, s9 = zero;
  const end = x + depth * REAL;
  do {
    const s = v128.load_splat<Real>(x);
    s0 = madd(s, v128.load(w), s0);
    s1 = madd(s, v128.load(w + VECTOR), s1);
    if (width > 1) {
      s2 = madd(s, v128.load(w + 2 * VECTOR), s2);
      s3 = madd(s, v128.load(w + 3 * VECTOR), s3);
    }
    if (width > 2) {
      s4 = madd(s, v128.load(w + 4 * VECTOR), s4);
      s5 = madd(s, v128.load(w + 5 * VECTOR), s5);
    }
    if (width > 3) {
      s6 = madd(s, v128.load(w + 6 * VECTOR), s6);
      s7 = madd(s, v128.load(w + 7 * VECTOR), s7);
    }
    if (width > 4) {
      s8 = madd(s, v128.load(w + 8 * VECTOR), s8);
      s9 = madd(s, v128.load(w + 9 * VECTOR), s9);
    }
    x += REAL;
    w += stride;
  } while (x < end);
  addTo(y, s0, s1);
  if (width > 1) addTo(y + 2 * VECTOR, s2, s3);
  if (width > 2) addTo(y + 4 * VECTOR, s4, s5);
  if (width > 3) addTo(y + 6 * VECTOR, s6, s7);
  if (width > 4) addTo(y + 8 * VECTOR, s8, s9);
}

/**
 * y[rows] += W·x, with W [rows × columns] row-major: the same recurrence backwards. LANES rows at a
 * time, each with two running sums; rows must be a multiple of LANES, columns of TILE_COLUMNS.
 */
export function matrixTimesVector(
  y: usize,
  x: usize,
  w: usize,
  stride: usize,
  rows: usize,
  columns: usize,
): void {
  for (let row: usize = 0; row < rows; row += LANES) {
    rowsTimes(y, x, w, stride, columns);
    y += VECTOR;
    w += LANES * stride;
  }
}

/** y[LANES] += W·x for LANES rows of W. */
function rowsTimes(y: usize, x: usize, w: usize, stride: usize, columns: usize): void {
  const zero = splat(0);
  let s00 = zero, s01 = zero, s10 = zero, s11 = zero;
  let s20 = zero, s21 = zero, s30 = zero, s31 = zero;
  const end = x + columns * REAL;
  do {
    const x0 = v128.load(x);
    const x1 = v128.load(x + VECTOR);
    s00 = madd(x0, v128.load(w), s00);
    s01 = madd(x1, v128.load(w + VECTOR), s01);
    let next = w + stride;
    s10 = madd(x0, v128.load(next), s10);
    s11 = madd(x1, v128.load(next + VECTOR), s11);
    if (REAL == 4) {
      next += stride;
      s20 = madd(x0, v128.load(next), s20);
      s21 = madd(x1, v128.load(next + VECTOR), s21);
      next += stride;
      s30 = madd(x0, v128.load(next), s30);
      s31 = madd(x1, v128.load(next + VECTOR), s31);
    }
    x += B_STEP;
    w += B_STEP;
  } while (x < end);
  const sums = REAL == 4
    ? sumsOfFour(add(s00, s01), add(s10, s11), add(s20, s21), add(s30, s31))
    : sumsOfTwo(add(s00, s01), add(s10, s11));
  v128.store(y, add(v128.load(y), sums));
}
