/**
 * Gradients of parameters: sums over all R rows, made of P partial sums, each over one group of
 * streams. With B = 8 and P = 4:
 *
 *     streams    0 1 │ 2 3 │ 4 5 │ 6 7      gradient = ((partial 0 + partial 1) + partial 2) + …
 *     partial     0  │  1  │  2  │  3
 *
 * A worker that sums over its own streams reads what it has written itself; reading rows from another
 * core's cache would cost more than all barriers (docs/design/threads.md). P depends on sizes alone,
 * never on the number of workers, and so the bits do not depend on it either.
 *
 * Each partial sum is cut into pieces: rows of a weight matrix, or vectors of a bias. The pieces of
 * all partial sums form one line, of which each worker computes an even share. With P = 2, five
 * pieces and three workers:
 *
 *     piece       0 1 2 3 4 │ 0 1 2 3 4
 *     partial         0     │     1
 *     worker      0 0 0 0 1 │ 1 1 2 2 2
 *
 * Several ranks (docs/design/distributed.md) share the streams in whole groups, so that each partial
 * sum is computed by one of them; each adds its slice of all partial sums, in the order of the groups.
 *
 * The plain version is tests/reference/network.ts, which adds one row at a time.
 */
import {
  allPartials,
  batchSize,
  CACHE_LINE,
  gatesPadded,
  inputIds,
  inputsPadded,
  parameterBytes,
  parameters,
  partials,
  received,
  receivedSums,
  scratchA,
  scratchB,
  scratchBBytes,
  slice,
  sliceBytes,
  sumsOwnPartials,
  toGradient,
  toPartials,
  Wxh,
} from "./layout";
import { multiplyTransposedBoth } from "./matmul";
import { min, PACKED_A_BYTES, splitLength, splitStart } from "./packing";
import { begin, end, Phase } from "./phases";
import { add, LANES, REAL, splat, VECTOR } from "./simd";
import { shareLength, shareStart, worker } from "./workers";

/** The distance from a parameter to a partial sum of its gradient; the first is the gradient. */
@inline
function toPartial(partial: usize): usize {
  return partial == 0 ? toGradient : toPartials + (partial - 1) * parameterBytes;
}

// The rows of a partial sum are a run of consecutive rows in each step, or one run of all R rows if
// P = 1.

@inline
function runCount(seqLength: usize): usize {
  return allPartials == 1 ? 1 : seqLength;
}

@inline
function runLength(partial: usize, seqLength: usize): usize {
  return allPartials == 1 ? seqLength * batchSize : splitLength(batchSize, partials, partial);
}

/** The first of `pieces` pieces of a partial sum that is this worker's. */
@inline
function firstPiece(partial: usize, pieces: usize): usize {
  const start = shareStart(partials * pieces);
  const before = partial * pieces;
  return start < before ? 0 : min(start - before, pieces);
}

/** The piece after this worker's last. */
@inline
function endPiece(partial: usize, pieces: usize): usize {
  const end = shareStart(partials * pieces) + shareLength(partials * pieces);
  const before = partial * pieces;
  return end < before ? 0 : min(end - before, pieces);
}

/**
 * This worker's share of the partial sums of the gradient of a weight matrix, Aᵀ·B, and of what needs
 * the same B: the sums of its columns, which are the gradients of biases, and a second matrix.
 *
 * @param weight The parameter, [rows][columns] with a stride of `stride` bytes.
 * @param a A: [R][rows].
 * @param b B: [R][columns].
 * @param bias The bias of the first `biasColumns` columns.
 * @param restBias The bias of the other columns.
 * @param weight2 The second parameter, [rows2][columns2] with the same stride, for the first columns.
 * @param rows2 0 if there is none.
 * @param a2 Its A: [R][rows2].
 */
export function weightPartials(
  weight: usize,
  stride: usize,
  rows: usize,
  columns: usize,
  seqLength: usize,
  a: usize,
  aStride: usize,
  b: usize,
  bStride: usize,
  bias: usize,
  biasColumns: usize,
  restBias: usize,
  weight2: usize = 0,
  rows2: usize = 0,
  columns2: usize = 0,
  a2: usize = 0,
  a2Stride: usize = 0,
): void {
  begin(Phase.gradientProducts);
  for (let partial: usize = 0; partial < partials; partial++) {
    const first = firstPiece(partial, rows);
    const last = endPiece(partial, rows);
    const first2 = firstPiece(partial, rows2);
    const last2 = endPiece(partial, rows2);
    if (first >= last && first2 >= last2) continue;
    // The worker that computes the first row sums the columns.
    const sums = first == 0 && last > 0 ? bias + toPartial(partial) : 0;
    const stream = splitStart(batchSize, partials, partial);
    multiplyTransposedBoth(
      weight + toPartial(partial) + first * stride, stride, last - first, columns,
      runCount(seqLength), runLength(partial, seqLength), batchSize,
      a + stream * aStride + first * REAL, aStride, b + stream * bStride, bStride,
      weight2 + toPartial(partial) + first2 * stride, last2 - first2, columns2,
      a2 + stream * a2Stride + first2 * REAL, a2Stride,
      sums, biasColumns, restBias + toPartial(partial),
      scratchA + worker * PACKED_A_BYTES, scratchB + worker * scratchBBytes,
    );
  }
  end();
}

/**
 * This worker's share of the partial sums of a bias's gradient: the sum of each column.
 *
 * @param bias The parameter, [columns].
 * @param from The rows to add: [R][columns] with a stride of `stride` bytes.
 */
export function biasPartials(
  bias: usize,
  columns: usize,
  seqLength: usize,
  from: usize,
  stride: usize,
): void {
  begin(Phase.biasGradients);
  const vectors = columns / LANES;
  for (let partial: usize = 0; partial < partials; partial++) {
    const last = endPiece(partial, vectors);
    const sums = bias + toPartial(partial);
    for (let vector = firstPiece(partial, vectors); vector < last;) {
      const at = vector * VECTOR;
      if (vector + 8 <= last) {
        sumColumns8(partial, sums + at, seqLength, from + at, stride);
        vector += 8;
      } else {
        sumColumn(partial, sums + at, seqLength, from + at, stride);
        vector++;
      }
    }
  }
  end();
}

// One function per width, in which the code of absent columns is eliminated.

function sumColumns8(
  partial: usize,
  sums: usize,
  seqLength: usize,
  from: usize,
  stride: usize,
): void {
  sumColumns(true, partial, sums, seqLength, from, stride);
}

function sumColumn(
  partial: usize,
  sums: usize,
  seqLength: usize,
  from: usize,
  stride: usize,
): void {
  sumColumns(false, partial, sums, seqLength, from, stride);
}

/** Sums eight vectors of columns, or one, in registers over the rows of a partial sum. */
@inline
function sumColumns(
  wide: bool,
  partial: usize,
  sums: usize,
  seqLength: usize,
  from: usize,
  stride: usize,
): void {
  const zero = splat(0);
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero, s4 = zero, s5 = zero, s6 = zero, s7 = zero;
  const stream = splitStart(batchSize, partials, partial);
  const length = runLength(partial, seqLength);
  for (let run: usize = 0; run < runCount(seqLength); run++) {
    let row = from + (run * batchSize + stream) * stride;
    for (const endRow = row + length * stride; row < endRow; row += stride) {
      s0 = add(s0, v128.load(row));
      if (wide) {
        s1 = add(s1, v128.load(row + VECTOR));
        s2 = add(s2, v128.load(row + 2 * VECTOR));
        s3 = add(s3, v128.load(row + 3 * VECTOR));
        s4 = add(s4, v128.load(row + 4 * VECTOR));
        s5 = add(s5, v128.load(row + 5 * VECTOR));
        s6 = add(s6, v128.load(row + 6 * VECTOR));
        s7 = add(s7, v128.load(row + 7 * VECTOR));
      }
    }
  }
  v128.store(sums, s0);
  if (wide) {
    v128.store(sums + VECTOR, s1);
    v128.store(sums + 2 * VECTOR, s2);
    v128.store(sums + 3 * VECTOR, s3);
    v128.store(sums + 4 * VECTOR, s4);
    v128.store(sums + 5 * VECTOR, s5);
    v128.store(sums + 6 * VECTOR, s6);
    v128.store(sums + 7 * VECTOR, s7);
  }
}

/**
 * This worker's share of the partial sums of the first layer's dWxh for character ids: each row of da
 * is added to the row of its character.
 *
 * @param column The first of `columns` columns.
 * @param from da of these columns: [R][columns] with a stride of `fromStride` bytes.
 */
export function scatterPartials(
  column: usize,
  columns: usize,
  seqLength: usize,
  from: usize,
  fromStride: usize,
): void {
  begin(Phase.scatter);
  const vectors = columns / LANES;
  const stride = gatesPadded * REAL;
  for (let partial: usize = 0; partial < partials; partial++) {
    const first = firstPiece(partial, vectors) * VECTOR;
    const last = endPiece(partial, vectors) * VECTOR;
    if (first >= last) continue;
    const sums = Wxh(0) + column * REAL + toPartial(partial) + first;
    if (last - first == stride) {
      memory.fill(sums, 0, inputsPadded * stride);
    } else {
      for (let input: usize = 0; input < inputsPadded; input++) {
        memory.fill(sums + input * stride, 0, last - first);
      }
    }
    const stream = splitStart(batchSize, partials, partial);
    const length = runLength(partial, seqLength);
    for (let run: usize = 0; run < runCount(seqLength); run++) {
      let row = run * batchSize + stream;
      for (const endRow = row + length; row < endRow; row++) {
        const id = <usize>load<u32>(inputIds + row * sizeof<u32>());
        addTo(sums + id * stride, from + row * fromStride + first, last - first);
      }
    }
  }
  end();
}

/**
 * Adds up the partial sums of this worker's share of all gradients. A rank after the first leaves
 * them as they are: they are added to those of the ranks before, which it has not.
 */
export function sumPartials(): void {
  if (!sumsOwnPartials) return;
  const lines = parameterBytes / CACHE_LINE;
  const first = parameters + shareStart(lines) * CACHE_LINE;
  begin(Phase.partialSums);
  for (let partial: usize = 1; partial < partials; partial++) {
    addTo(first + toGradient, first + toPartial(partial), shareLength(lines) * CACHE_LINE);
  }
  end();
}

/** Adds up what all ranks sent, for this worker's share of the gradients of the rank's slice. */
export function sumReceived(): void {
  const lines = sliceBytes / CACHE_LINE;
  const offset = shareStart(lines) * CACHE_LINE;
  const gradients = slice + offset + toGradient;
  const sums = received + offset;
  const bytes = shareLength(lines) * CACHE_LINE;
  memory.copy(gradients, sums, bytes);
  for (let sum: usize = 1; sum < receivedSums; sum++) {
    addTo(gradients, sums + sum * sliceBytes, bytes);
  }
}

/** to += from, for `bytes` bytes of numbers. */
@inline
function addTo(to: usize, from: usize, bytes: usize): void {
  for (let offset: usize = 0; offset < bytes; offset += VECTOR) {
    v128.store(to + offset, add(v128.load(to + offset), v128.load(from + offset)));
  }
}
