/**
 * Workers: instances of this module on one shared memory, how they split work, and the barrier at
 * which they meet.
 *
 * Work is split between numbers of a result, never within the sum that makes one of them. Each number
 * is computed by one worker in one order, so the bits are the same with any number of workers.
 */
import {
  BARRIER_ARRIVED,
  BARRIER_SLEEPING,
  BELL_SLEEPER,
  bells,
  CACHE_LINE,
  commonBarrier,
  failed,
  stopWord,
} from "./layout";
import { splitLength, splitStart } from "./packing";
import { begin, end, Phase } from "./phases";

/** The index of this worker, from 0. Worker 0 runs on the host's own thread and dispatches jobs. */
export let worker: usize = 0;
/** The number of workers that share the current job: workers 0 to `workers` − 1. */
export let workers: usize = 1;

/** Makes this instance worker `index`. */
export function initWorker(index: usize): void {
  worker = index;
}

/** Sets the number of workers that share the current job. */
export function setWorkers(count: usize): void {
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

/**
 * The most polls before a worker sleeps: about 0.1 ms, longer than pauses within a step and than a
 * wake-up.
 */
const MAX_SPINS: i32 = 1 << 16;
/** The fewest: less than a microsecond. */
const MIN_SPINS: i32 = 1 << 8;
/** Every so many waits poll the most times, to find out that others run at the same time again. */
const WAITS_PER_TRIAL: u32 = 16;
/** Nanoseconds after which a worker that sleeps at the barrier checks whether another has failed. */
const SLEEP_NS: i64 = 50_000_000;

// Where cores are shared with other programs, those that are waited for may not run at all, and
// polling keeps them from it. So each poll in vain halves the polls of the next wait, and each
// success doubles them.
let barrierSpins: i32 = MAX_SPINS;
let bellSpins: i32 = MAX_SPINS;
let waits: u32 = 0;

/** Polls a word until it is not `before` any more; returns whether it changed in time. */
@inline
function poll(word: usize, before: i32, spins: i32): bool {
  for (let spin = 0; spin < spins; spin++) {
    if (atomic.load<i32>(word) != before) return true;
  }
  return false;
}

/** How often the next wait polls, instead of `spins`. */
@inline
function nextSpins(spins: i32): i32 {
  return ++waits % WAITS_PER_TRIAL == 0 ? MAX_SPINS : spins;
}

@inline
function more(spins: i32): i32 {
  return spins < MAX_SPINS ? spins << 1 : spins;
}

@inline
function fewer(spins: i32): i32 {
  return spins > MIN_SPINS ? spins >> 1 : spins;
}

/**
 * Waits until all workers have reached the barrier. What any of them wrote before it, all of them can
 * read after it. Traps if a worker has failed.
 */
export function barrier(): void {
  if (workers > 1) meetAt(commonBarrier, workers);
}

/** The same for the `count` workers that meet at a barrier of their own. */
export function meetAt(barrier: usize, count: usize): void {
  begin(Phase.barrier);
  meet(barrier, barrier + BARRIER_ARRIVED, barrier + BARRIER_SLEEPING, <i32>count);
  end();
}

@inline
function meet(generation: usize, arrived: usize, sleeping: usize, count: i32): void {
  const before = atomic.load<i32>(generation);
  if (atomic.add<i32>(arrived, 1) + 1 == count) {
    atomic.store<i32>(arrived, 0);
    atomic.add<i32>(generation, 1);
    // A look at `sleeping` is cheaper than a needless notify.
    if (atomic.load<i32>(sleeping) != 0) {
      atomic.notify(generation, -1);
    }
    return;
  }
  const spins = nextSpins(barrierSpins);
  if (poll(generation, before, spins)) {
    barrierSpins = more(spins);
    return;
  }
  barrierSpins = fewer(barrierSpins);
  atomic.add<i32>(sleeping, 1);
  while (atomic.load<i32>(generation) == before) {
    if (atomic.load<i32>(failed) != 0) unreachable();
    // Returns at once if the last worker has arrived in the meantime.
    atomic.wait<i32>(generation, before, SLEEP_NS);
  }
  atomic.sub<i32>(sleeping, 1);
}

/** Wakes worker `index`. What this worker wrote before, that one can read afterwards. */
export function ring(index: usize): void {
  const bell = bells + index * CACHE_LINE;
  atomic.add<i32>(bell, 1);
  if (atomic.load<i32>(bell + BELL_SLEEPER) != 0) atomic.notify(bell, -1);
}

/** How often this worker's bell had rung when it last woke. */
let heard: i32 = 0;

/** Waits until another worker rings this one's bell. */
export function waitForBell(): void {
  const bell = bells + worker * CACHE_LINE;
  const spins = nextSpins(bellSpins);
  if (poll(bell, heard, spins)) {
    bellSpins = more(spins);
  } else {
    bellSpins = fewer(bellSpins);
    atomic.store<i32>(bell + BELL_SLEEPER, 1);
    // Returns at once if the bell has rung in the meantime.
    while (atomic.load<i32>(bell) == heard) atomic.wait<i32>(bell, heard, -1);
    atomic.store<i32>(bell + BELL_SLEEPER, 0);
  }
  heard++;
}
