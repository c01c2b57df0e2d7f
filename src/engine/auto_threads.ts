import { START_TIMEOUT_MS } from "../start_timeout.ts";
import { ThreadChoice } from "./thread_choice.ts";
import type { ThreadPool } from "./thread_pool.ts";

/** The shortest block: longer than the time that a scheduler gives to one program at a time. */
const BLOCK_MS = 10;
/**
 * Left out after a change of the number, a round at least, unless rounds are long: threads wake up, and
 * their caches fill.
 */
const CHANGE_MS = 2;
const LONG_ROUND_MS = 100;
/** Time between two looks at threads that are not ready yet. */
const READY_POLL_MS = 5;
/** Rounds of another kind in a row after which that kind is measured. */
const MAX_OTHER_ROUNDS = 8;

/** What an engine passes to {@linkcode AutoThreads}. */
export interface AutoThreadsOptions {
  /** The number of threads to start with, which are ready. */
  readonly first: number;
  /** The most threads. */
  readonly most: number;
  /** Lets a number of threads take part in the next kernels. */
  readonly use: (threads: number) => void;
}

/**
 * Measures the kernels of an engine, and lets the number of threads compute them that is the fastest
 * ({@linkcode ThreadChoice}).
 *
 * A round are all kernels from one forward pass to the next. Only rounds of the same kernels over the
 * same number of steps are compared. Threads are started when they are first tried; until they are
 * ready, the others compute.
 */
export class AutoThreads {
  readonly #pool: ThreadPool;
  readonly #use: (threads: number) => void;
  readonly #most: number;
  #choice: ThreadChoice;
  /** The number of threads that take part. */
  #threads: number;
  /** Whether the current round is measured. */
  #isMeasuring = false;
  /** Rounds left that are not measured, and whether a block begins after them. */
  #skipped = 0;
  #isBlockNext = false;
  /** Milliseconds of the current round, and a hash of its kernels; 0 if it is left out. */
  #roundMs = 0;
  #roundKey = 0;
  /** The hash of the rounds that are measured. */
  #key = 0;
  /** Rounds in a row that have another. */
  #otherRounds = 0;
  #blockMs = 0;
  #blockRounds = 0;
  #msPerRound = Infinity;
  /** When threads were started that are not ready yet. */
  #startedAt: number | null = null;

  /** Starts no thread yet. */
  constructor(pool: ThreadPool, { first, most, use }: AutoThreadsOptions) {
    this.#pool = pool;
    this.#use = use;
    this.#most = most;
    this.#choice = new ThreadChoice({ first, most });
    this.#threads = first;
    use(first);
  }

  /** The number of threads that was found the fastest so far. */
  get threads(): number {
    return this.#choice.threads;
  }

  /** Whether numbers of threads were compared. */
  get isSettled(): boolean {
    return this.#choice.isSettled;
  }

  /** Begins a round, before its forward pass. */
  beginRound(): void {
    if (this.#skipped > 0) {
      this.#skipped--;
      return;
    }
    if (this.#isMeasuring) {
      this.#endRound();
      if (this.#blockMs < BLOCK_MS) return;
      this.#endBlock();
    }
    if (this.#isBlockNext) this.#beginBlock();
    else this.#planBlock();
  }

  /**
   * Runs a kernel of the round.
   *
   * @param kind A number for the kernel and its steps, above 0.
   */
  measure<Result>(kind: number, run: () => Result): Result {
    if (!this.#isMeasuring) return run();
    const begin = performance.now();
    const result = run();
    this.#roundMs += performance.now() - begin;
    this.#roundKey = (31 * this.#roundKey + kind) | 0;
    return result;
  }

  /** Leaves the current round out: its kernels were stopped. */
  discardRound(): void {
    this.#roundMs = 0;
    this.#roundKey = 0;
  }

  #planBlock(): void {
    const now = performance.now();
    const { threads, skipMs } = this.#choice.plan(now);
    if (!this.#makeReady(threads, now)) {
      this.#setThreads(this.#choice.threads);
      this.#skip(READY_POLL_MS);
      return;
    }
    const isChanged = threads !== this.#threads;
    this.#setThreads(threads);
    this.#isBlockNext = true;
    const isLong = this.#msPerRound > LONG_ROUND_MS;
    const changeMs = isChanged && !isLong ? Math.max(CHANGE_MS, this.#msPerRound) : 0;
    if (!this.#skip(skipMs + changeMs)) this.#beginBlock();
  }

  /** Whether so many threads are ready; starts those that are missing. */
  #makeReady(threads: number, now: number): boolean {
    const pool = this.#pool;
    if (threads <= pool.ready) {
      this.#startedAt = null;
      return true;
    }
    if (threads > pool.started) {
      try {
        pool.start(threads);
        this.#startedAt = now;
      } catch {
        this.#choice.limit(pool.ready, now);
      }
    } else if (this.#startedAt !== null && now - this.#startedAt > START_TIMEOUT_MS) {
      this.#choice.limit(pool.ready, now);
    }
    return false;
  }

  #setThreads(threads: number): void {
    if (threads === this.#threads) return;
    this.#threads = threads;
    this.#use(threads);
  }

  /** Leaves out the current round and those after it that take `ms` in all; false if none does. */
  #skip(ms: number): boolean {
    const rounds = Math.floor(ms / this.#msPerRound);
    this.#skipped = Math.max(0, rounds - 1);
    return rounds > 0;
  }

  #beginBlock(): void {
    this.#isBlockNext = false;
    this.#isMeasuring = true;
    this.#blockMs = 0;
    this.#blockRounds = 0;
    this.discardRound();
  }

  #endBlock(): void {
    this.#isMeasuring = false;
    const [rounds, ms] = [this.#blockRounds, this.#blockMs];
    this.#msPerRound = ms / rounds;
    this.#choice.record({ threads: this.#threads, rounds, ms }, performance.now());
  }

  /** Adds the round that has ended to the block, if it is of the kind that is measured. */
  #endRound(): void {
    if (this.#roundKey === 0) return;
    if (this.#roundKey === this.#key) {
      this.#blockMs += this.#roundMs;
      this.#blockRounds++;
      this.#otherRounds = 0;
    } else if (this.#key === 0) {
      this.#key = this.#roundKey;
    } else if (++this.#otherRounds > MAX_OTHER_ROUNDS) {
      this.#measureOthers(this.#roundKey);
    }
    this.discardRound();
  }

  /** Measures rounds of another kind from here on, for which another number may be the fastest. */
  #measureOthers(key: number): void {
    this.#key = key;
    this.#otherRounds = 0;
    this.#choice = new ThreadChoice({ first: this.#choice.threads, most: this.#most });
    this.#setThreads(this.#choice.threads);
    this.#beginBlock();
  }
}
