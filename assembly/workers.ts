/**
 * Workers: instances of this module on one shared memory, how they split work, and the barrier at
 * which they meet.
 *
 * Work is split between numbers of a result, never within the sum that makes one of them. Each number
 * is computed by one worker in one order, so the bits are the same with any number of workers.
 */
import { arrived, failed, generation, sleeping, stopWord } from "./layout";
import { splitLength, splitStart } from "./packing";

/** The index of this worker, from 0. Worker 0 runs on the host's own thread and dispatches jobs. */
export let worker: usize = 0;
/** The number of workers. */
export let workers: usize = 1;

/** Makes this instance worker `index` of `count`. */
export function initWorker(index: usize, count: usize): void {
  worker = index;
  workers = count;
}

/** The start of this worker's share of `n`, which is cut into parts that differ by at most one. */
@inline
export function shareStart(n: usize): usize {
  return splitStart(n, workers, worker);
}

/** The length of this worker's share of `n`. */
@inline
export function shareLength(n: usize): usize {
  return splitLength(n, workers, worker);
}

/**
 * Whether the host, or another thread for it, has asked to stop. The loops of the matrix products, which
 * take nearly all the time of a long job, then compute nothing. All workers still reach every barrier,
 * whenever each of them sees the word.
 */
@inline
export function isStopped(): bool {
  return atomic.load<i32>(stopWord) != 0;
}

/** Polls before a worker sleeps: about 0.1 ms, longer than pauses within a step and than a wake-up. */
const SPINS: i32 = 1 << 16;
/** Nanoseconds after which a sleeping worker checks whether another has failed. */
const SLEEP_NS: i64 = 50_000_000;

/**
 * Waits until all workers have reached the barrier. What any of them wrote before it, all of them can
 * read after it. Traps if a worker has failed.
 */
export function barrier(): void {
  if (workers == 1) return;
  const before = atomic.load<i32>(generation);
  if (atomic.add<i32>(arrived, 1) + 1 == <i32>workers) {
    atomic.store<i32>(arrived, 0);
    atomic.add<i32>(generation, 1);
    // A look at `sleeping` is cheaper than a needless notify.
    if (atomic.load<i32>(sleeping) != 0) {
      atomic.notify(generation, -1);
    }
    return;
  }
  for (let spin = 0; spin < SPINS; spin++) {
    if (atomic.load<i32>(generation) != before) return;
  }
  sleepUntilPassed(before);
}

function sleepUntilPassed(before: i32): void {
  atomic.add<i32>(sleeping, 1);
  while (atomic.load<i32>(generation) == before) {
    if (atomic.load<i32>(failed) != 0) unreachable();
    // Returns at once if the last worker has arrived in the meantime.
    atomic.wait<i32>(generation, before, SLEEP_NS);
  }
  atomic.sub<i32>(sleeping, 1);
}
