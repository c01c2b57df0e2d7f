/**
 * How ranks share the streams of a batch and the parameters; assembly/sum_tree.ts and layout.ts plan the
 * same.
 */

import type { Slice } from "../exchange.ts";

/**
 * Which of several processes this is.
 *
 * @internal
 */
export interface Rank {
  /** This process, from 0. */
  readonly rank: number;
  /** The number of processes. */
  readonly size: number;
}

/** What is shared. */
export interface Shared {
  /** The number of ranks. */
  readonly size: number;
  /** P, the partial sums of a gradient. */
  readonly partials: number;
  /** B. */
  readonly batchSize: number;
  /** Numbers of all parameters, padding included. */
  readonly parameters: number;
  /** Numbers of a block of the norm. */
  readonly block: number;
}

/** The part of a rank. */
export interface RankPart {
  /** Its partial sums. */
  readonly partials: Slice;
  /**
   * The partial sums of each sum that it sends: the largest branches of the tree of all partial sums that
   * are its own. With P = 8 and three ranks, the second has partial sums 3 to 5, and sends 3 and 4 + 5.
   */
  readonly sums: readonly Slice[];
  /** Its streams. */
  readonly streams: Slice;
  /** The parameters that it updates, in numbers. */
  readonly parameters: Slice;
  /** The blocks of the norm that it computes. */
  readonly blocks: Slice;
}

/** The start of the part `index` of `n`, cut into `count` parts that differ by at most one. */
function splitStart(n: number, count: number, index: number): number {
  return index * Math.floor(n / count) + Math.min(index, n % count);
}

function splitOf(n: number, count: number, index: number): Slice {
  const start = splitStart(n, count, index);
  return { start, length: splitStart(n, count, index + 1) - start };
}

/** The largest branches of a tree with `partials` leaves, a power of two, in a part of the leaves. */
function branchesOf({ start, length }: Slice, partials: number): Slice[] {
  const branches: Slice[] = [];
  const end = start + length;
  for (let first = start; first < end;) {
    let size = partials;
    while (first % size !== 0 || first + size > end) size /= 2;
    branches.push({ start: first, length: size });
    first += size;
  }
  return branches;
}

/**
 * The part of each rank. Streams are shared in whole groups of a partial sum, parameters in whole
 * blocks of the norm, so that each sum is computed by one rank. A rank may have no streams, or no
 * parameters.
 */
export function partsOf({ size, partials, batchSize, parameters, block }: Shared): RankPart[] {
  const blocks = Math.ceil(parameters / block);
  return Array.from({ length: size }, (_, rank) => {
    const own = splitOf(partials, size, rank);
    const firstStream = splitStart(batchSize, partials, own.start);
    const endStream = splitStart(batchSize, partials, own.start + own.length);
    const ownBlocks = splitOf(blocks, size, rank);
    const start = Math.min(ownBlocks.start * block, parameters);
    const end = Math.min((ownBlocks.start + ownBlocks.length) * block, parameters);
    return {
      partials: own,
      sums: branchesOf(own, partials),
      streams: { start: firstStream, length: endStream - firstStream },
      parameters: { start, length: end - start },
      blocks: ownBlocks,
    };
  });
}
