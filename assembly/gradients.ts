/**
 * Gradients of parameters: sums over all R rows, made of P partial sums, each over one group of
 * streams. They are added as in a tree. With B = 32 and P = 4:
 *
 *     streams    0 … 7 │ 8 … 15 │ 16 … 23 │ 24 … 31
 *     partial      0   │    1   │    2    │    3        gradient = (p0 + p1) + (p2 + p3)
 *
 * P is a power of two and depends on sizes alone, and so the bits depend neither on workers nor on
 * ranks (docs/design/distributed.md). Ranks share the streams in whole groups; where their groups make
 * whole branches of the tree, a rank adds those up, and sends one sum for each. Each rank adds its
 * slice of what all have sent.
 *
 * Workers share the gradients themselves: each computes a part of a matrix for all groups, one after
 * the other, and adds the partial sums of that part while they are in a cache. A matrix is cut
 * into chunks of columns, and the rows of all chunks form one line, of which each worker computes an even
 * share. With two chunks and three workers:
 *
 *     row        0 1 2 3 4 5 │ 0 1 2 3 4 5
 *     chunk           0      │      1
 *     worker     0 0 0 0 1 1 │ 1 1 2 2 2 2
 *
 * If workers keep to their own streams (rows.ts), a worker sums over those, as reading what another core
 * has written takes longer than all barriers. Then the tree is cut into a branch for each worker, with
 * copies of the gradients for the branches after the first; the line is that of all branches, and the
 * branches are added at the end.
 *
 * The plain version is tests/reference/network.ts, which adds one row at a time.
 */
import {
  allPartials,
  batchSize,
  branchCount,
  branchLimit,
  CACHE_LINE,
  firstPartial,
  GRADIENT_CHUNK_BYTES,
  GRADIENT_ROWS,
  gatesPadded,
  inputIds,
  inputsPadded,
  ownSums,
  parameterBytes,
  parameters,
  partials,
  ranks,
  received,
  scatterBytes,
  scratchA,
  scratchB,
  scratchBBytes,
  scratchSumBytes,
  scratchSums,
  slice,
  sliceBytes,
  sumLength,
  sumSlots,
  toGradient,
  toSums,
  Wxh,
} from "./layout";
import { multiplyTransposedBoth } from "./matmul";
import { ceilDiv, min, PACKED_A_BYTES, splitLength, splitStart } from "./packing";
import { begin, end, Phase } from "./phases";
import { splitByStreams } from "./rows";
import { add, LANES, REAL, splat, VECTOR } from "./simd";
import { shareLength, shareStart, worker, workers } from "./workers";

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

/** The first stream of a partial sum of this rank. */
@inline
function streamOf(partial: usize): usize {
  return splitStart(batchSize, partials, partial);
}

// The sums that this rank keeps and sends, each of the partial sums of a branch of the tree: all of them
// are one sum, unless there are several ranks. If workers keep to their own streams, sums are cut into
// smaller branches, with copies of the gradients for those after the first of each sum.

/** Sum or copy `index`, as the distance from a parameter; the first is the gradient. */
@inline
function toSum(index: usize): usize {
  return index == 0 ? toGradient : toSums + (index - 1) * parameterBytes;
}

/** The branch that is computed: its first partial sum of this rank, their number, and its place. */
let branch: usize = 0;
let branchLength: usize = 0;
let toBranch: usize = 0;
/** The end of the sum that it belongs to, and how many sums and copies were begun. */
let sumEnd: usize = 0;
let sumsBegun: usize = 0;
let copiesBegun: usize = 0;

/** The most partial sums of a branch. */
@inline
function limit(): usize {
  return splitByStreams() ? branchLimit(workers) : allPartials;
}

/** Moves before the first branch. */
function startBranches(): void {
  branch = branchLength = sumEnd = sumsBegun = copiesBegun = 0;
}

/** Moves to the next branch; false after the last one. */
function nextBranch(): bool {
  branch += branchLength;
  if (branch == partials) return false;
  if (branch == sumEnd) {
    const length = sumLength(firstPartial + branch, firstPartial + partials);
    sumEnd = branch + length;
    branchLength = min(length, limit());
    toBranch = toSum(sumsBegun++);
  } else {
    toBranch = toSum(ownSums + copiesBegun++);
  }
  return true;
}

// While the leaves of a branch are computed in their order, those branches that wait for the one beside
// them stand in slots: leaf 5 = 101₂ finds the sum of leaves 0 to 3 in slot 0 and leaf 4 in slot 1, and
// is written into slot 2. Then slot 2 is added to slot 1. Slot 0 is the sum's place itself, the others
// are in this worker's scratch.

/** The slot of a leaf. */
@inline
function slotOf(leaf: usize): usize {
  return popcnt<usize>(leaf);
}

/** How many slots above the leaf's are added up after it. */
@inline
function completedBy(leaf: usize): usize {
  return ctz<usize>(~leaf);
}

/** The address of a slot above 0. */
@inline
function slotAddress(slot: usize): usize {
  return scratchSums + worker * sumSlots * scratchSumBytes + (slot - 1) * scratchSumBytes;
}

/** to += from, for `rows` rows of `bytes` bytes. */
function addRows(
  to: usize,
  toStride: usize,
  from: usize,
  fromStride: usize,
  rows: usize,
  bytes: usize,
): void {
  for (let row: usize = 0; row < rows; row++) {
    addTo(to, from, bytes);
    to += toStride;
    from += fromStride;
  }
}

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

/** The first row that starts at place `at` of the line or behind it, in a chunk that starts at `before`. */
@inline
function rowAt(at: usize, before: usize, rowWork: usize, height: usize): usize {
  return at < before ? <usize>0 : min(ceilDiv(at - before, rowWork), height);
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

/**
 * This worker's share of the gradient of a bias: the sum of each column.
 *
 * @param bias The parameter, [columns].
 * @param from The rows to add: [R][columns] with a stride of `stride` bytes.
 */
export function biasGradients(
  bias: usize,
  columns: usize,
  seqLength: usize,
  from: usize,
  stride: usize,
): void {
  begin(Phase.biasGradients);
  const vectors = columns / LANES;
  const shareFirst = shareStart(vectors * partials);
  const shareEnd = shareFirst + shareLength(vectors * partials);
  let before: usize = 0;
  startBranches();
  while (nextBranch()) {
    let vector = rowAt(shareFirst, before, branchLength, vectors);
    const last = rowAt(shareEnd, before, branchLength, vectors);
    before += vectors * branchLength;
    while (vector < last) {
      const isWide = vector + 8 <= last;
      const at = vector * VECTOR;
      const bytes = isWide ? 8 * VECTOR : VECTOR;
      const sums = bias + toBranch + at;
      for (let leaf: usize = 0; leaf < branchLength; leaf++) {
        let slot = slotOf(leaf);
        const to = slot == 0 ? sums : slotAddress(slot);
        if (isWide) sumColumns8(branch + leaf, to, seqLength, from + at, stride);
        else sumColumn(branch + leaf, to, seqLength, from + at, stride);
        for (let i = completedBy(leaf); i > 0; i--, slot--) {
          addTo(slot == 1 ? sums : slotAddress(slot - 1), slotAddress(slot), bytes);
        }
      }
      vector += isWide ? 8 : 1;
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
  const stream = streamOf(partial);
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
 * This worker's share of the gradient of the first layer's Wxh for character ids: each row of da is
 * added to the row of its character.
 *
 * @param column The first of `columns` columns.
 * @param from da of these columns: [R][columns] with a stride of `fromStride` bytes.
 */
export function scatterGradients(
  column: usize,
  columns: usize,
  seqLength: usize,
  from: usize,
  fromStride: usize,
): void {
  begin(Phase.scatter);
  const vectors = columns / LANES;
  const shareFirst = shareStart(vectors * partials);
  const shareEnd = shareFirst + shareLength(vectors * partials);
  let before: usize = 0;
  startBranches();
  while (nextBranch()) {
    const first = rowAt(shareFirst, before, branchLength, vectors);
    const count = rowAt(shareEnd, before, branchLength, vectors) - first;
    before += vectors * branchLength;
    const chunks = ceilDiv(count * VECTOR, scatterBytes);
    for (let chunk: usize = 0; chunk < chunks; chunk++) {
      const offset = (first + splitStart(count, chunks, chunk)) * VECTOR;
      const bytes = splitLength(count, chunks, chunk) * VECTOR;
      scatterChunk(Wxh(0) + column * REAL + offset, bytes, seqLength, from + offset, fromStride);
    }
  }
  end();
}

/** The same for `bytes` bytes of each row, of the current branch. */
function scatterChunk(
  weights: usize,
  bytes: usize,
  seqLength: usize,
  from: usize,
  fromStride: usize,
): void {
  const stride = gatesPadded * REAL;
  const sums = weights + toBranch;
  for (let leaf: usize = 0; leaf < branchLength; leaf++) {
    let slot = slotOf(leaf);
    const to = slot == 0 ? sums : slotAddress(slot);
    const toStride = slot == 0 ? stride : bytes;
    scatterPartial(branch + leaf, to, toStride, bytes, seqLength, from, fromStride);
    for (let i = completedBy(leaf); i > 0; i--, slot--) {
      if (slot == 1) addRows(sums, stride, slotAddress(1), bytes, inputsPadded, bytes);
      else addTo(slotAddress(slot - 1), slotAddress(slot), inputsPadded * bytes);
    }
  }
}

/** The partial sum of such a chunk. */
function scatterPartial(
  partial: usize,
  sums: usize,
  stride: usize,
  bytes: usize,
  seqLength: usize,
  from: usize,
  fromStride: usize,
): void {
  if (bytes == stride) memory.fill(sums, 0, inputsPadded * stride);
  else {
    for (let input: usize = 0; input < inputsPadded; input++) {
      memory.fill(sums + input * stride, 0, bytes);
    }
  }
  const stream = streamOf(partial);
  const length = runLength(partial, seqLength);
  for (let run: usize = 0; run < runCount(seqLength); run++) {
    let row = run * batchSize + stream;
    for (const endRow = row + length; row < endRow; row++) {
      const id = <usize>load<u32>(inputIds + row * sizeof<u32>());
      addTo(sums + id * stride, from + row * fromStride, bytes);
    }
  }
}

/** Whether sums are cut into branches, which `sumBranches` must add up after a barrier. */
export function hasBranches(): bool {
  return branchCount(limit()) > ownSums;
}

/** Adds up the branches of each sum, for this worker's share of all gradients. */
export function sumBranches(): void {
  const lines = parameterBytes / CACHE_LINE;
  const first = parameters + shareStart(lines) * CACHE_LINE;
  const bytes = shareLength(lines) * CACHE_LINE;
  begin(Phase.partialSums);
  let copy = ownSums;
  let partial: usize = 0;
  for (let sum: usize = 0; sum < ownSums; sum++) {
    const length = sumLength(firstPartial + partial, firstPartial + partials);
    const count = ceilDiv(length, limit());
    for (let step: usize = 1; step < count; step *= 2) {
      for (let left: usize = 0; left < count; left += 2 * step) {
        const to = left == 0 ? toSum(sum) : toSum(copy + left - 1);
        addTo(first + to, first + toSum(copy + left + step - 1), bytes);
      }
    }
    copy += count - 1;
    partial += length;
  }
  end();
}

/** The sum that `addReceived` reads next. */
let nextReceived: usize = 0;

/** Adds up what all ranks sent, for this worker's share of the gradients of the rank's slice. */
export function sumReceived(): void {
  const lines = sliceBytes / CACHE_LINE;
  const offset = shareStart(lines) * CACHE_LINE;
  const bytes = shareLength(lines) * CACHE_LINE;
  nextReceived = received + offset;
  memory.copy(slice + offset + toGradient, addReceived(0, allPartials, bytes), bytes);
}

/**
 * Adds up the branch of the tree with `length` partial sums from `first` on, in the place of the first sum
 * received of it, and returns its address.
 */
function addReceived(first: usize, length: usize, bytes: usize): usize {
  let rank: usize = 0;
  while (splitStart(allPartials, ranks, rank + 1) <= first) rank++;
  if (sumLength(first, splitStart(allPartials, ranks, rank + 1)) == length) {
    const sum = nextReceived;
    nextReceived += sliceBytes;
    return sum;
  }
  const half = length / 2;
  const low = addReceived(first, half, bytes);
  addTo(low, addReceived(first + half, half, bytes), bytes);
  return low;
}

/** to += from, for `bytes` bytes of numbers. */
@inline
function addTo(to: usize, from: usize, bytes: usize): void {
  for (let offset: usize = 0; offset < bytes; offset += VECTOR) {
    v128.store(to + offset, add(v128.load(to + offset), v128.load(from + offset)));
  }
}
