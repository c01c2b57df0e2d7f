/**
 * Which of the rows of T·B are this worker's: row t·B + b is step t of stream b.
 *
 *     by streams               t = 0          t = 1               by rows       one group
 *     (4 streams, 2 workers)   0 0 1 1        0 0 1 1  …          (1 stream)    0 0 0 0 … 1 1 1 1
 *
 * Streams are independent of each other, so with enough of them a worker keeps to its own from the
 * inputs to the gradients of the states: nobody waits for anybody, and what a core reads it has
 * written itself. Its rows are then one group a step. Otherwise they are one group of consecutive
 * rows, after a barrier.
 */
import { batchSize } from "./layout";
import { shareLength, shareStart, workers } from "./workers";

/** Fewer streams than this for each worker fill the register tile too badly. */
const MIN_STREAMS_PER_WORKER: usize = 12;

/** Whether several workers share the rows by streams. */
export function splitByStreams(): bool {
  return workers > 1 && batchSize >= workers * MIN_STREAMS_PER_WORKER;
}

/** How many groups of rows of `steps` steps are this worker's. */
export function groupCount(seqLength: usize): usize {
  return splitByStreams() ? seqLength : 1;
}

/** The first row of a group. */
export function groupStart(group: usize, seqLength: usize): usize {
  return splitByStreams() ? group * batchSize + shareStart(batchSize) : shareStart(seqLength * batchSize);
}

/** How many rows each group has. */
export function groupLength(seqLength: usize): usize {
  return splitByStreams() ? shareLength(batchSize) : shareLength(seqLength * batchSize);
}
