/**
 * Gradients of parameters: sums over all rows of T·B, each made of a few partial sums.
 *
 *     streams    0 1 │ 2 3 │ 4 5 │ 6 7        gradient = ((part 0 + part 1) + part 2) + part 3
 *     part        0  │  1  │  2  │  3
 *
 * A worker that sums over its own streams reads what it has written itself; to fetch the rows of
 * others from their cores' caches would take a tenth of a step. How many parts there are depends on
 * the sizes alone, never on the number of workers, and so the bits do not either. Where parts are
 * fewer than workers, or not a multiple, workers share the rows of a part's result.
 */
import { add, LANES, REAL, VECTOR } from "./simd";
import {
  CACHE_LINE,
  gatesPadded,
  inputIds,
  inputsPadded,
  Wxh,
  parameterBytes,
  parameters,
  partials,
  scratchA,
  scratchB,
  scratchBBytes,
  batchSize,
  toGradient,
  toPartials,
} from "./layout";
import { multiplyTransposed } from "./matmul";
import { splitLength, splitStart, min, PACKED_A_BYTES } from "./packing";
import { shareLength, shareStart, worker } from "./workers";

/** From a parameter to a part of its gradient; the first stands in the gradient's own place. */
@inline
function toPartial(part: usize): usize {
  return part == 0 ? toGradient : toPartials + (part - 1) * parameterBytes;
}

// The rows of a part are a run of consecutive ones in each step; of the only part, one long run.

@inline
function runCount(seqLength: usize): usize {
  return partials == 1 ? 1 : seqLength;
}

@inline
function runLength(part: usize, seqLength: usize): usize {
  return partials == 1 ? seqLength * batchSize : splitLength(batchSize, partials, part);
}

// The pieces of all parts' results stand in one row, of which each worker has an even share.

/** The first piece of a part that is this worker's, of `size`. */
@inline
function firstPiece(part: usize, size: usize): usize {
  const start = shareStart(partials * size);
  const before = part * size;
  return start < before ? 0 : min(start - before, size);
}

/** The one after the last. */
@inline
function endPiece(part: usize, size: usize): usize {
  const end = shareStart(partials * size) + shareLength(partials * size);
  const before = part * size;
  return end < before ? 0 : min(end - before, size);
}

/**
 * This worker's share of the parts of a weight's gradient, Aᵀ·B, with A [T·B × rows] and
 * B [T·B × columns]; the weight is [rows × columns], with a stride of its own.
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
): void {
  for (let part: usize = 0; part < partials; part++) {
    const first = firstPiece(part, rows);
    const last = endPiece(part, rows);
    if (first >= last) continue;
    const stream = splitStart(batchSize, partials, part);
    multiplyTransposed(
      weight + toPartial(part) + first * stride, stride, last - first, columns,
      runCount(seqLength), runLength(part, seqLength), batchSize,
      a + stream * aStride + first * REAL, aStride, b + stream * bStride, bStride,
      scratchA + worker * PACKED_A_BYTES, scratchB + worker * scratchBBytes,
    );
  }
}

/**
 * This worker's share of the parts of a bias' gradient: the sum of each of some columns of T·B rows.
 */
export function biasPartials(
  bh: usize,
  columns: usize,
  seqLength: usize,
  from: usize,
  stride: usize,
): void {
  const vectors = columns / LANES;
  for (let part: usize = 0; part < partials; part++) {
    const first = firstPiece(part, vectors) * VECTOR;
    const last = endPiece(part, vectors) * VECTOR;
    if (first >= last) continue;
    const sums = bh + toPartial(part) + first;
    memory.fill(sums, 0, last - first);
    const stream = splitStart(batchSize, partials, part);
    const run = runLength(part, seqLength);
    for (let r: usize = 0; r < runCount(seqLength); r++) {
      let row = from + (r * batchSize + stream) * stride + first;
      for (const end = row + run * stride; row < end; row += stride) {
        addTo(sums, row, last - first);
      }
    }
  }
}

/**
 * This worker's share of the parts of the first layer's dWxh, of some of its columns: each row's
 * gradient is added to its character's.
 */
export function scatterPartials(
  column: usize,
  columns: usize,
  seqLength: usize,
  from: usize,
  fromStride: usize,
): void {
  const vectors = columns / LANES;
  const stride = gatesPadded * REAL;
  for (let part: usize = 0; part < partials; part++) {
    const first = firstPiece(part, vectors) * VECTOR;
    const last = endPiece(part, vectors) * VECTOR;
    if (first >= last) continue;
    const sums = Wxh(0) + column * REAL + toPartial(part) + first;
    if (last - first == stride) {
      memory.fill(sums, 0, inputsPadded * stride);
    } else {
      for (let input: usize = 0; input < inputsPadded; input++) {
        memory.fill(sums + input * stride, 0, last - first);
      }
    }
    const stream = splitStart(batchSize, partials, part);
    const run = runLength(part, seqLength);
    for (let r: usize = 0; r < runCount(seqLength); r++) {
      let row = r * batchSize + stream;
      for (const end = row + run; row < end; row++) {
        const id = <usize>load<u32>(inputIds + row * sizeof<u32>());
        addTo(sums + id * stride, from + row * fromStride + first, last - first);
      }
    }
  }
}

/** This worker's share of the gradients, from all of their parts. */
export function sumPartials(): void {
  const lines = parameterBytes / <usize>CACHE_LINE;
  const first = parameters + shareStart(lines) * <usize>CACHE_LINE;
  for (let part: usize = 1; part < partials; part++) {
    addTo(first + toGradient, first + toPartial(part), shareLength(lines) * <usize>CACHE_LINE);
  }
}

/** Adds `bytes` bytes of numbers to others. */
@inline
function addTo(to: usize, from: usize, bytes: usize): void {
  for (let offset: usize = 0; offset < bytes; offset += VECTOR) {
    v128.store(to + offset, add(v128.load(to + offset), v128.load(from + offset)));
  }
}
