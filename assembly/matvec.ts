/**
 * The product of a vector and a matrix, for the recurrence of a single stream.
 *
 * The plain version is `product` of tests/reference/cells.ts.
 */
import { ceilDiv, splitLength } from "./packing";
import { add, broadcastLane, LANES, madd, REAL, splat, VECTOR } from "./simd";
import { isStopped } from "./workers";

/** Vectors of sums kept in registers, beside x and one broadcast number of it. */
const MAX_GROUP: usize = 8;

/**
 * y += x·W, with x [depth] and W [depth][columns], both sizes multiples of LANES. The columns are cut
 * into even groups, each of which keeps its sums in registers over the whole depth.
 *
 * Each number of y is summed in ascending order of the depth, whatever the columns asked for, so a
 * split of the columns among workers does not change its bits.
 *
 * @param stride Bytes from one row of W to the next.
 */
export function vectorTimesMatrix(
  y: usize,
  x: usize,
  w: usize,
  stride: usize,
  depth: usize,
  columns: usize,
): void {
  if (isStopped()) return;
  const vectors = columns / LANES;
  const groups = ceilDiv(vectors, MAX_GROUP);
  for (let group: usize = 0; group < groups; group++) {
    const width = splitLength(vectors, groups, group);
    dispatchGroup(width, y, x, w, stride, depth);
    y += width * VECTOR;
    w += width * VECTOR;
  }
}

/** Calls the group of a width from 1 to 8 vectors. */
@inline
function dispatchGroup(
  width: usize,
  y: usize,
  x: usize,
  w: usize,
  stride: usize,
  depth: usize,
): void {
  if (width == 8) group8(y, x, w, stride, depth);
  else if (width == 7) group7(y, x, w, stride, depth);
  else if (width == 6) group6(y, x, w, stride, depth);
  else if (width == 5) group5(y, x, w, stride, depth);
  else if (width == 4) group4(y, x, w, stride, depth);
  else if (width == 3) group3(y, x, w, stride, depth);
  else if (width == 2) group2(y, x, w, stride, depth);
  else group1(y, x, w, stride, depth);
}

// One function per width: V8 optimizes a function between calls, not inside a long loop.

function group8(y: usize, x: usize, w: usize, stride: usize, depth: usize): void {
  group(8, y, x, w, stride, depth);
}

function group7(y: usize, x: usize, w: usize, stride: usize, depth: usize): void {
  group(7, y, x, w, stride, depth);
}

function group6(y: usize, x: usize, w: usize, stride: usize, depth: usize): void {
  group(6, y, x, w, stride, depth);
}

function group5(y: usize, x: usize, w: usize, stride: usize, depth: usize): void {
  group(5, y, x, w, stride, depth);
}

function group4(y: usize, x: usize, w: usize, stride: usize, depth: usize): void {
  group(4, y, x, w, stride, depth);
}

function group3(y: usize, x: usize, w: usize, stride: usize, depth: usize): void {
  group(3, y, x, w, stride, depth);
}

function group2(y: usize, x: usize, w: usize, stride: usize, depth: usize): void {
  group(2, y, x, w, stride, depth);
}

function group1(y: usize, x: usize, w: usize, stride: usize, depth: usize): void {
  group(1, y, x, w, stride, depth);
}

/**
 * y += x·W for `width` vectors of columns, a constant from 1 to 8 wherever this is inlined. A vector
 * of x is loaded once and its lanes are broadcast in turn, which costs less than a load for each.
 * build.ts unrolls the loop over the lanes.
 */
@inline
function group(width: i32, y: usize, x: usize, w: usize, stride: usize, depth: usize): void {
  const zero = splat(0);
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero, s4 = zero, s5 = zero, s6 = zero, s7 = zero;
  const end = x + depth * REAL;
  do {
    const lanes = v128.load(x);
    // unroll: 4
    for (let lane = 0; lane < <i32>LANES; lane++) {
      const xLane = broadcastLane(lanes, lane);
      s0 = madd(xLane, v128.load(w), s0);
      if (width > 1) s1 = madd(xLane, v128.load(w + VECTOR), s1);
      if (width > 2) s2 = madd(xLane, v128.load(w + 2 * VECTOR), s2);
      if (width > 3) s3 = madd(xLane, v128.load(w + 3 * VECTOR), s3);
      if (width > 4) s4 = madd(xLane, v128.load(w + 4 * VECTOR), s4);
      if (width > 5) s5 = madd(xLane, v128.load(w + 5 * VECTOR), s5);
      if (width > 6) s6 = madd(xLane, v128.load(w + 6 * VECTOR), s6);
      if (width > 7) s7 = madd(xLane, v128.load(w + 7 * VECTOR), s7);
      w += stride;
    }
    x += VECTOR;
  } while (x < end);
  addTo(y, s0);
  if (width > 1) addTo(y + VECTOR, s1);
  if (width > 2) addTo(y + 2 * VECTOR, s2);
  if (width > 3) addTo(y + 3 * VECTOR, s3);
  if (width > 4) addTo(y + 4 * VECTOR, s4);
  if (width > 5) addTo(y + 5 * VECTOR, s5);
  if (width > 6) addTo(y + 6 * VECTOR, s6);
  if (width > 7) addTo(y + 7 * VECTOR, s7);
}

@inline
function addTo(y: usize, sum: v128): void {
  v128.store(y, add(v128.load(y), sum));
}
