/**
 * The tree in which the P partial sums of a gradient are added, and which part of it is whose. Each is
 * over one group of streams. With B = 32 and P = 4:
 *
 *     streams    0 … 7 │ 8 … 15 │ 16 … 23 │ 24 … 31
 *     partial      0   │    1   │    2    │    3        gradient = (p0 + p1) + (p2 + p3)
 *
 * P is a power of two and depends on sizes alone, and so the bits depend neither on workers nor on
 * ranks (docs/design/distributed.md). Ranks share the streams in whole groups; where their groups make
 * whole branches of the tree, a rank adds those up, and sends one sum for each. partial_sums.ts computes
 * the sums.
 */
import { ceilDiv, min, splitLength, splitStart } from "./packing";

/** Streams per partial sum of a gradient at least; fewer would make its products inefficient. */
const STREAMS_PER_PARTIAL: usize = 8;
/** The largest P; more ranks than that have too few streams of any batch. */
const MAX_PARTIALS: usize = 64;
/** The most that copies of gradients may take in all: 12 MiB. */
const MAX_COPY_BYTES: u64 = 12 << 20;

export let ranks: usize = 1;
/** P. */
export let allPartials: usize = 1;
/** The first of them that is of this rank's streams, and how many are. */
export let firstPartial: usize = 0;
export let partials: usize = 1;
/** B of all ranks. */
export let allStreams: usize = 0;
/** The first of this rank's streams, and how many it has. */
export let firstStream: usize = 0;
export let ownStreams: usize = 0;
/** How many sums this rank sends. */
export let ownSums: usize = 1;
/** How many sums each rank receives: those that all ranks send. */
export let receivedSums: usize = 0;
/** The fewest partial sums of a branch with a copy of its own, as there is space for few copies. */
let leastBranch: usize = 1;
/** How many sums and copies of the gradients this rank keeps, beside the gradients. */
export let copyCount: usize = 0;

/**
 * Computes what this file exports for a rank with so many workers.
 *
 * @param streams B of all ranks.
 * @param bytes Bytes of the gradients.
 */
export function planSumTree(
  streams: usize,
  rank: usize,
  rankCount: usize,
  workers: usize,
  bytes: u64,
): void {
  allStreams = streams;
  ranks = rankCount;
  const groups = min(streams / STREAMS_PER_PARTIAL, MAX_PARTIALS);
  allPartials = 1;
  while (allPartials <= groups / 2) allPartials *= 2;
  firstPartial = splitStart(allPartials, ranks, rank);
  partials = splitLength(allPartials, ranks, rank);
  firstStream = splitStart(streams, allPartials, firstPartial);
  ownStreams = splitStart(streams, allPartials, firstPartial + partials) - firstStream;
  ownSums = sumCount(rank);
  receivedSums = 0;
  if (ranks > 1) {
    for (let other: usize = 0; other < ranks; other++) receivedSums += sumCount(other);
  }
  leastBranch = 1;
  leastBranch = branchLimit(workers);
  while (<u64>(branchCount(leastBranch) - ownSums) * bytes > MAX_COPY_BYTES) leastBranch *= 2;
  copyCount = max<usize>(branchCount(leastBranch), 1) - 1;
}

/**
 * How many partial sums, from `first` on and before `end`, are the largest branch of the tree that
 * begins with `first`.
 */
export function sumLength(first: usize, end: usize): usize {
  let length = allPartials;
  while (first % length != 0 || first + length > end) length /= 2;
  return length;
}

/**
 * The most partial sums of a branch that is computed into a copy of the gradients of its own, so that
 * each of some workers that keep to their streams has one.
 */
export function branchLimit(workers: usize): usize {
  let limit = allPartials;
  while (limit > leastBranch && limit * workers > partials) limit /= 2;
  return limit;
}

/** How many such branches the partial sums of this rank have. */
export function branchCount(limit: usize): usize {
  const end = firstPartial + partials;
  let count: usize = 0;
  for (let first = firstPartial; first < end;) {
    const length = sumLength(first, end);
    count += ceilDiv(length, limit);
    first += length;
  }
  return count;
}

/** How many sums a rank sends. */
function sumCount(rank: usize): usize {
  const end = splitStart(allPartials, ranks, rank + 1);
  let count: usize = 0;
  for (let first = splitStart(allPartials, ranks, rank); first < end; count++) {
    first += sumLength(first, end);
  }
  return count;
}
