/**
 * Several workers, each an instance of this module on the one memory: which part of the work is
 * whose, and the barrier at which all of them meet.
 *
 * Work is only ever split between numbers of the result, never within the sum that makes one of
 * them. So each number is computed by one worker in one order, and the bits are the same with any
 * number of workers.
 */
import { arrived, sleeping, failed, generation } from "./layout";
import { splitLength, splitStart } from "./packing";

/** This worker's number, from 0. Worker 0 is the host's own thread; it hands out the work. */
export let worker: usize = 0;
/** How many workers there are. */
export let workers: usize = 1;

/** Tells this instance which worker it is. */
export function initWorker(index: usize, count: usize): void {
  worker = index;
  workers = count;
}

/** Where this worker's part of `all` begins, when it is cut into parts that differ by one at most. */
@inline
export function shareStart(all: usize): usize {
  return splitStart(all, workers, worker);
}

/** How long this worker's part of `all` is. */
@inline
export function shareLength(all: usize): usize {
  return splitLength(all, workers, worker);
}

/** About 0.1 ms: longer than a step's pauses, and than the 58 µs that it takes to be woken. */
const SPINS: i32 = 1 << 16;
/** How long a sleeper trusts that nobody has failed, in nanoseconds. */
const PATIENCE: i64 = 50_000_000;

/**
 * Waits until all workers have come here; what any of them wrote before, all can read after.
 * Traps when one of them has failed.
 */
export function barrier(): void {
  if (workers == 1) return;
  const before = atomic.load<i32>(generation);
  if (atomic.add<i32>(arrived, 1) + 1 == <i32>workers) {
    atomic.store<i32>(arrived, 0);
    atomic.add<i32>(generation, 1);
    // To notify takes longer than to look.
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
    // Does not wait when the last has arrived meanwhile.
    atomic.wait<i32>(generation, before, PATIENCE);
  }
  atomic.sub<i32>(sleeping, 1);
}
