/**
 * Rows: which of the R = T·B rows are this worker's; row t·B + b is step t of stream b.
 *
 *     by streams               t = 0          t = 1              by rows       one group
 *     (4 streams, 2 workers)   0 0 1 1        0 0 1 1  …         (1 stream)    0 0 0 0 … 1 1 1 1
 *
 * Streams are independent of each other. If there are enough, a worker keeps to its own streams from
 * the inputs to the gradients of the states, without barriers, and reads what it has written itself;
 * its rows are one group per step. Otherwise its rows are one group of consecutive rows, and a barrier
 * separates them from work that is split in another way.
 */
import { MIN_STREAMS_PER_WORKER, unitsAreSplit } from "./grid";
import { batchSize } from "./layout";
import { allStreams, firstStream } from "./sum_tree";
import { shareLength, shareStart, workers } from "./workers";

/** Whether several workers split the rows by streams. */
export function splitByStreams(): bool {
  return workers > 1 && batchSize >= workers * MIN_STREAMS_PER_WORKER && !unitsAreSplit();
}

/** How many groups this worker's rows of `seqLength` steps form. */
export function groupCount(seqLength: usize): usize {
  return splitByStreams() ? seqLength : 1;
}

/** The first row of a group. */
export function groupStart(group: usize, seqLength: usize): usize {
  return splitByStreams()
    ? group * batchSize + shareStart(batchSize)
    : shareStart(seqLength * batchSize);
}

/** The rows of each group. */
export function groupLength(seqLength: usize): usize {
  return splitByStreams() ? shareLength(batchSize) : shareLength(seqLength * batchSize);
}

/** The row that a row of this rank is among those of all ranks. */
@inline
export function rowOfAll(row: usize): usize {
  if (batchSize == allStreams) return row;
  return row / batchSize * allStreams + firstStream + row % batchSize;
}
