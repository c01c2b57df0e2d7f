/**
 * Partial sums of gradients: which rows each is of, where it is kept, and how they are added.
 *
 * The files of the gradients compute a part of a gradient for one partial sum after the other, and add
 * those of that part while they are in a cache. If workers keep to their own streams (rows.ts), a worker
 * sums over those, as reading what another core has written takes longer than all barriers. Then the
 * tree (sum_tree.ts) is cut into a branch for each worker, with copies of the gradients for the branches
 * after the first, and the branches are added at the end. Each rank adds its slice of what all have sent.
 */
import {
  batchSize,
  CACHE_LINE,
  parameterBytes,
  parameters,
  received,
  scratchSumBytes,
  scratchSums,
  slice,
  sliceBytes,
  sumSlots,
  toGradient,
  toSums,
} from "./layout";
import { ceilDiv, min, splitLength, splitStart } from "./packing";
import { begin, end, Phase } from "./phases";
import { splitByStreams } from "./rows";
import { add, VECTOR } from "./simd";
import {
  allPartials,
  branchCount,
  branchLimit,
  firstPartial,
  ownSums,
  partials,
  ranks,
  sumLength,
} from "./sum_tree";
import { shareLength, shareStart, worker, workers } from "./workers";

// The rows of a partial sum are a run of consecutive rows in each step, or one run of all R rows if
// P = 1.

@inline
export function runCount(seqLength: usize): usize {
  return allPartials == 1 ? 1 : seqLength;
}

@inline
export function runLength(partial: usize, seqLength: usize): usize {
  return allPartials == 1 ? seqLength * batchSize : splitLength(batchSize, partials, partial);
}

/** The first stream of a partial sum of this rank. */
@inline
export function streamOf(partial: usize): usize {
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
export let branch: usize = 0;
export let branchLength: usize = 0;
export let toBranch: usize = 0;
/** The end of the sum that it belongs to, and how many sums and copies were begun. */
let sumEnd: usize = 0;
let sumsBegun: usize = 0;
let copiesBegun: usize = 0;

/** The most partial sums of a branch. */
@inline
export function limit(): usize {
  return splitByStreams() ? branchLimit(workers) : allPartials;
}

/** Moves before the first branch. */
export function startBranches(): void {
  branch = branchLength = sumEnd = sumsBegun = copiesBegun = 0;
}

/** Moves to the next branch; false after the last one. */
export function nextBranch(): bool {
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
export function slotOf(leaf: usize): usize {
  return popcnt<usize>(leaf);
}

/** How many slots above the leaf's are added up after it. */
@inline
export function completedBy(leaf: usize): usize {
  return ctz<usize>(~leaf);
}

/** The address of a slot above 0. */
@inline
export function slotAddress(slot: usize): usize {
  return scratchSums + worker * sumSlots * scratchSumBytes + (slot - 1) * scratchSumBytes;
}

/** The first row that starts at place `at` of the line or behind it, in a chunk that starts at `before`. */
@inline
export function rowAt(at: usize, before: usize, rowWork: usize, height: usize): usize {
  return at < before ? <usize>0 : min(ceilDiv(at - before, rowWork), height);
}

/** to += from, for `rows` rows of `bytes` bytes. */
export function addRows(
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

/** to += from, for `bytes` bytes of numbers. */
@inline
export function addTo(to: usize, from: usize, bytes: usize): void {
  for (let offset: usize = 0; offset < bytes; offset += VECTOR) {
    v128.store(to + offset, add(v128.load(to + offset), v128.load(from + offset)));
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
