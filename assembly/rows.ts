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
import { streams } from "./layout";
import { shareLength, shareStart, workers } from "./workers";

/** Fewer streams than this for each worker fill the register tile too badly. */
const LEAST_STREAMS: usize = 12;

/** Whether several workers share the rows by streams. */
export function byStreams(): bool {
  return workers > 1 && streams >= workers * LEAST_STREAMS;
}

/** How many groups of rows of `steps` steps are this worker's. */
export function groupsOf(steps: usize): usize {
  return byStreams() ? steps : 1;
}

/** The first row of a group. */
export function groupStart(group: usize, steps: usize): usize {
  return byStreams() ? group * streams + shareStart(streams) : shareStart(steps * streams);
}

/** How many rows each group has. */
export function groupLength(steps: usize): usize {
  return byStreams() ? shareLength(streams) : shareLength(steps * streams);
}
