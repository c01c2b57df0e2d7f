/**
 * Gradients of weight matrices, Aᵀ·B: sums of products over all R rows, made of partial sums
 * (partial_sums.ts).
 *
 * Workers share the gradients themselves: each computes a part of a matrix for all groups of streams. A
 * matrix is cut into chunks of columns, and the rows of all chunks form one line, of which each worker
 * computes an even share. With two chunks and three workers:
 *
 *     row        0 1 2 3 4 5 │ 0 1 2 3 4 5
 *     chunk           0      │      1
 *     worker     0 0 0 0 1 1 │ 1 1 2 2 2 2
 *
 * If the tree of the partial sums is cut into branches, the line is that of all branches.
 *
 * The plain version is tests/reference/network.ts, which adds one row at a time.
 */
import {
  batchSize,
  CACHE_LINE,
  GRADIENT_CHUNK_BYTES,
  GRADIENT_ROWS,
  scratchA,
  scratchB,
  scratchBBytes,
} from "./layout";
import { multiplyTransposedBoth } from "./matmul";
import { ceilDiv, min, PACKED_A_BYTES, splitLength, splitStart } from "./packing";
import {
  addRows,
  addTo,
  branch,
  branchLength,
  completedBy,
  limit,
  nextBranch,
  rowAt,
  runCount,
  runLength,
  slotAddress,
  slotOf,
  startBranches,
  streamOf,
  toBranch,
} from "./partial_sums";
import { begin, end, Phase } from "./phases";
import { REAL } from "./simd";
import { branchCount, partials } from "./sum_tree";
import { shareLength, shareStart, worker, workers } from "./workers";

/**
 * Into how many chunks the columns of a gradient with so many rows are cut: a worker whose part of a
 * branch is nearly square packs and reads the fewest numbers.
 */
function chunkCount(rows: usize, columns: usize): usize {
  const workersEach = ceilDiv(workers, branchCount(limit()));
  let best: usize = 1;
  let least = usize.MAX_VALUE;
  for (let count: usize = 1; count <= workersEach; count++) {
    if (workersEach % count != 0) continue;
    const numbers = columns / count + rows * count / workersEach;
    if (numbers >= least) continue;
    least = numbers;
    best = count;
  }
  const fewest = ceilDiv(columns * REAL, GRADIENT_CHUNK_BYTES);
  return best < fewest ? ceilDiv(fewest, best) * best : best;
}

// What `weightGradients` was called with: its parts have too many sizes in common to pass them all.
let steps: usize = 0;
let weight: usize = 0;
let weightStride: usize = 0;
let left: usize = 0;
let leftStride: usize = 0;
let right: usize = 0;
let rightStride: usize = 0;
let weight2: usize = 0;
let left2: usize = 0;
let left2Stride: usize = 0;

/**
 * This worker's share of the gradient of a weight matrix, Aᵀ·B, and of what needs the same B: the sums of
 * its columns, which are the gradients of biases, and a second matrix.
 *
 * @param to The parameter, [rows][columns] with a stride of `stride` bytes.
 * @param a A: [R][rows].
 * @param b B: [R][columns].
 * @param bias The bias of the first `biasColumns` columns.
 * @param restBias The bias of the other columns.
 * @param to2 The second parameter, [rows2][biasColumns] with the same stride, for the first columns.
 * @param rows2 0 if there is none.
 * @param a2 Its A: [R][rows2].
 */
export function weightGradients(
  to: usize,
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
  to2: usize = 0,
  rows2: usize = 0,
  a2: usize = 0,
  a2Stride: usize = 0,
): void {
  begin(Phase.gradientProducts);
  steps = seqLength;
  weight = to;
  weightStride = stride;
  left = a;
  leftStride = aStride;
  right = b;
  rightStride = bStride;
  weight2 = to2;
  left2 = a2;
  left2Stride = a2Stride;
  const count = chunkCount(rows + rows2, columns);
  const chunks = ceilDiv(count * biasColumns, columns);
  const restColumns = columns - biasColumns;
  const restChunks = ceilDiv(count * restColumns, columns);
  // A row of the line counts as many times as it has cache lines and partial sums: chunks and branches
  // differ.
  const lines = lineCount(biasColumns) * (rows + rows2) + lineCount(restColumns) * rows;
  const shareFirst = shareStart(lines * partials);
  const shareEnd = shareFirst + shareLength(lines * partials);
  let before: usize = 0;
  startBranches();
  while (nextBranch()) {
    for (let chunk: usize = 0; chunk < chunks + restChunks; chunk++) {
      const isRest = chunk >= chunks;
      const first = isRest
        ? biasColumns + chunkStart(restColumns, restChunks, chunk - chunks)
        : chunkStart(biasColumns, chunks, chunk);
      const last = isRest
        ? biasColumns + chunkStart(restColumns, restChunks, chunk - chunks + 1)
        : chunkStart(biasColumns, chunks, chunk + 1);
      const width = last - first;
      if (width == 0) continue;
      const height = isRest ? rows : rows + rows2;
      const rowWork = lineCount(width) * branchLength;
      const row = rowAt(shareFirst, before, rowWork, height);
      const endRow = rowAt(shareEnd, before, rowWork, height);
      before += rowWork * height;
      if (row >= endRow) continue;
      const sums = isRest ? restBias + (first - biasColumns) * REAL : bias + first * REAL;
      const blocks = ceilDiv(endRow - row, GRADIENT_ROWS);
      for (let block: usize = 0; block < blocks; block++) {
        const blockRow = row + splitStart(endRow - row, blocks, block);
        const blockRows = splitLength(endRow - row, blocks, block);
        weightBlock(blockRow, blockRows, rows, first, width, sums);
      }
    }
  }
  end();
}

/** Cache lines that so many columns take. */
@inline
function lineCount(columns: usize): usize {
  return ceilDiv(columns * REAL, CACHE_LINE);
}

/** The first column of a chunk: chunks are whole cache lines. */
@inline
function chunkStart(columns: usize, chunks: usize, chunk: usize): usize {
  return min(splitStart(lineCount(columns), chunks, chunk) * (CACHE_LINE / REAL), columns);
}

/**
 * The gradient of `height` rows of both matrices, of which the first has `rows`, from row `row` on; in
 * columns from `column` on.
 *
 * @param bias The bias of these columns; the block with the first row computes its gradient.
 */
function weightBlock(
  row: usize,
  height: usize,
  rows: usize,
  column: usize,
  width: usize,
  bias: usize,
): void {
  const rows1 = row < rows ? min(height, rows - row) : 0;
  const rows2 = height - rows1;
  const row2 = row > rows ? row - rows : 0;
  const at = row * weightStride + column * REAL;
  const at2 = row2 * weightStride + column * REAL;
  const bytes = width * REAL;
  for (let leaf: usize = 0; leaf < branchLength; leaf++) {
    let slot = slotOf(leaf);
    const partial = branch + leaf;
    const stream = streamOf(partial);
    const sums = slot == 0 ? bias + toBranch : slotAddress(slot) + height * bytes;
    multiplyTransposedBoth(
      slot == 0 ? weight + toBranch + at : slotAddress(slot), slot == 0 ? weightStride : bytes,
      rows1, width, runCount(steps), runLength(partial, steps), batchSize,
      left + stream * leftStride + row * REAL, leftStride,
      right + stream * rightStride + column * REAL, rightStride,
      slot == 0 ? weight2 + toBranch + at2 : slotAddress(slot) + rows1 * bytes, rows2, width,
      left2 + stream * left2Stride + row2 * REAL, left2Stride,
      row == 0 ? sums : 0, width, 0,
      scratchA + worker * PACKED_A_BYTES, scratchB + worker * scratchBBytes,
    );
    begin(Phase.partialSums);
    for (let i = completedBy(leaf); i > 0; i--, slot--) {
      const from = slotAddress(slot);
      const from2 = from + rows1 * bytes;
      const fromSums = from + height * bytes;
      if (slot == 1) {
        addRows(weight + toBranch + at, weightStride, from, bytes, rows1, bytes);
        addRows(weight2 + toBranch + at2, weightStride, from2, bytes, rows2, bytes);
        if (row == 0) addTo(bias + toBranch, fromSums, bytes);
      } else {
        addTo(slotAddress(slot - 1), from, (rows1 + rows2) * bytes);
        if (row == 0) addTo(slotAddress(slot - 1) + height * bytes, fromSums, bytes);
      }
    }
    end();
  }
}
