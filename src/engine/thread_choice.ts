/** A run of rounds with the same number of threads, and how long it took. */
export interface Block {
  readonly threads: number;
  readonly rounds: number;
  readonly ms: number;
}

/** What to do next; see {@linkcode ThreadChoice.plan}. */
export interface BlockPlan {
  readonly threads: number;
  /** How long to compute without measuring first. */
  readonly skipMs: number;
}

/** A comparison of another number of threads with the current one. */
interface Trial {
  readonly threads: number;
  /** +1 if there are more threads, −1 if fewer. */
  readonly direction: Direction;
  /** Milliseconds per round of each block with the other number. */
  readonly times: number[];
  /** Milliseconds of these blocks, and of all blocks. */
  otherMs: number;
  ms: number;
}

type Direction = 1 | -1;

/** Numbers of threads that are compared with their neighbors. */
const LADDER = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];

/** Computed before anything is measured, since the first calls of a kernel are slow. */
const WARM_UP_MS = 60;
/** In a block that is so much longer they do not matter. */
const LONG_WARM_UP_MS = 250;
/** Time between two measurements of the number that is in use. */
const WATCH_MS = 150;
/** Measurements that a change of speed is judged by. */
const WATCHED_BLOCKS = 5;
/** A change of speed by this factor means that other programs have started or ended. */
const CHANGE = 1.2;
/** Time to the next comparison with a neighbor; it doubles while no other number is faster. */
const MIN_LOOK_MS = 2_000;
const MAX_LOOK_MS = 10_000;
/** The fraction of that time after which a change of speed leads to a comparison. */
const CHANGE_WAIT = 1 / 8;
/** The fraction of all time that comparisons may lose, and what they may lose in any case. */
const MAX_LOSS = 0.01;
const FREE_LOSS_MS = 100;

/** More threads must be faster by 3 %; fewer threads may be slower by 0.5 %, as they leave cores free. */
const MORE_IS_FASTER = 0.97;
const FEWER_IS_FASTER = 1.005;
/** A number that is slower by less may have a faster one behind it. */
const NEARLY = 1.08;
/** Blocks of each number before a small difference counts, and the most that are compared. */
const MIN_BLOCKS = 3;
const MAX_BLOCKS = 16;
/** A trial ends after this time, once there are enough blocks. */
const MAX_TRIAL_MS = 1_000;
/** A difference by this factor counts after two blocks of each, or one if blocks take so long. */
const CLEAR = 1.3;
const LONG_BLOCK_MS = 30;
/** The relative error of one block at least. */
const BLOCK_ERROR = 0.02;

/**
 * Finds the number of threads with which rounds of the same work are the fastest, from measurements
 * of blocks of rounds. It uses no clock, so it can be tested with simulated machines.
 *
 * The speed over the number of threads has one peak. The choice starts with few threads and doubles
 * them while that is faster, then compares neighbors. Blocks of the two numbers alternate, so that a
 * change of load meets both. While one number is in use, it is measured from time to time, and
 * compared with its neighbors again if its speed has changed, or if that was long ago.
 */
export class ThreadChoice {
  /** The numbers that can be chosen, ascending. */
  readonly #ladder: number[];
  #threads: number;
  /** Milliseconds per round with {@linkcode threads}, of the latest blocks. */
  #times: number[] = [];
  #trial: Trial | null = null;
  /** Whether the next block of the trial is one with the current number. */
  #isOwnNext = false;
  /** Directions in which neighbors are yet to be compared. */
  #directions: Direction[] = [-1, 1];
  /** Steps of the ladder to the neighbor. */
  #reach = 1;
  /** Numbers that were slower in these comparisons. */
  readonly #slower = new Set<number>();
  /** Whether the number of threads is doubled as long as that is faster. */
  #isClimbing = true;
  #isSettled = false;
  #warmUpMs = WARM_UP_MS;
  /** Milliseconds per round since the comparisons: the first quartile, and the latest blocks. */
  #reference: number | null = null;
  #watched: number[] = [];
  /** When neighbors are compared again, how long after the last time, and after the next time. */
  #lookAt = 0;
  #waitMs = 0;
  #lookMs = MIN_LOOK_MS;
  #lookDirection: Direction = -1;
  #lostMs = 0;
  #beganAt: number | null = null;

  /**
   * @param first The number to start with.
   * @param most The largest number.
   */
  constructor({ first, most }: { readonly first: number; readonly most: number }) {
    const numbers = new Set([...LADDER.filter((n) => n < most), first, most]);
    this.#ladder = [...numbers].sort((a, b) => a - b);
    this.#threads = first;
  }

  /** The number of threads that is the fastest as far as it is known. */
  get threads(): number {
    return this.#threads;
  }

  /** Whether the first comparisons are over. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** The numbers that can be chosen, ascending. */
  get candidates(): readonly number[] {
    return this.#ladder;
  }

  /**
   * What to compute next.
   *
   * @param now The time in milliseconds.
   */
  plan(now: number): BlockPlan {
    this.#beganAt ??= now;
    if (this.#warmUpMs > 0) return { threads: this.#threads, skipMs: 0 };
    if (this.#trial === null) this.#beginTrial(now);
    const trial = this.#trial;
    if (trial !== null) {
      return { threads: this.#isOwnNext ? this.#threads : trial.threads, skipMs: 0 };
    }
    return { threads: this.#threads, skipMs: this.#watched.length === 0 ? 0 : WATCH_MS };
  }

  /**
   * Takes in the measurement of a planned block.
   *
   * @param now The time in milliseconds.
   */
  record({ threads, rounds, ms }: Block, now: number): void {
    const trial = this.#trial;
    if (this.#warmUpMs > 0) {
      this.#warmUpMs -= ms;
      if (ms > LONG_WARM_UP_MS) this.#times.push(ms / rounds);
    } else if (trial === null) {
      this.#watch(ms / rounds);
    } else {
      if (threads === this.#threads) {
        this.#times.push(ms / rounds);
      } else {
        trial.times.push(ms / rounds);
        trial.otherMs += ms;
      }
      trial.ms += ms;
      this.#isOwnNext = threads !== this.#threads;
      this.#judge(trial, now);
    }
  }

  /** Removes the numbers above `most`: so many threads cannot be started. */
  limit(most: number, now: number): void {
    while (this.#ladder.at(-1)! > Math.max(most, this.#threads)) this.#ladder.pop();
    if (this.#trial === null || this.#ladder.includes(this.#trial.threads)) return;
    this.#trial = null;
    this.#isClimbing = false;
    this.#nextTrial(now);
  }

  /** Begins comparisons if they are due. */
  #beginTrial(now: number): void {
    if (!this.#isSettled) {
      // The current number is measured first.
      if (this.#times.length > 0) this.#nextTrial(now);
    } else if (this.#mayLose(now)) {
      const directions = this.#directionsOfLook(now);
      if (directions.length === 0) return;
      this.#directions = directions;
      this.#nextTrial(now);
    }
  }

  /** The directions to compare in, if the speed has changed or the last comparison was long ago. */
  #directionsOfLook(now: number): Direction[] {
    const isWaiting = now < this.#lookAt - (1 - CHANGE_WAIT) * this.#waitMs;
    if (this.#watched.length === WATCHED_BLOCKS && !isWaiting) {
      const current = quartileOf(this.#watched);
      this.#reference ??= current;
      const isSlower = current > CHANGE * this.#reference;
      if (isSlower || current * CHANGE < this.#reference) return isSlower ? [-1, 1] : [1, -1];
    }
    if (now < this.#lookAt) return [];
    const direction = this.#lookDirection;
    this.#lookDirection = direction === 1 ? -1 : 1;
    return this.#neighbor(direction) === undefined ? [this.#lookDirection] : [direction];
  }

  #mayLose(now: number): boolean {
    return this.#lostMs <= FREE_LOSS_MS + MAX_LOSS * (now - this.#beganAt!);
  }

  /** Begins the next trial, or ends the comparisons. */
  #nextTrial(now: number): void {
    this.#times = this.#times.slice(-MIN_BLOCKS);
    this.#isOwnNext = false;
    const most = this.#ladder.at(-1)!;
    this.#isClimbing &&= this.#threads < most;
    if (this.#isClimbing) {
      this.#trial = newTrial(Math.min(2 * this.#threads, most), 1);
      return;
    }
    for (; this.#directions.length > 0; this.#directions.shift(), this.#reach = 1) {
      const direction = this.#directions[0]!;
      const threads = this.#neighbor(direction);
      if (threads === undefined || this.#slower.has(threads)) continue;
      this.#trial = newTrial(threads, direction);
      return;
    }
    this.#settle(now);
  }

  #neighbor(direction: Direction): number | undefined {
    return this.#ladder[this.#ladder.indexOf(this.#threads) + direction * this.#reach];
  }

  #judge(trial: Trial, now: number): void {
    const isFaster = compare(this.#times, trial, this.#isSettled);
    if (isFaster === undefined) return;
    this.#trial = null;
    if (isFaster) {
      this.#slower.add(this.#threads);
      this.#threads = trial.threads;
      this.#times = trial.times;
      this.#reach = 1;
      // All numbers in the other direction are slower.
      if (!this.#isClimbing) this.#directions = [trial.direction];
      this.#lookMs = MIN_LOOK_MS;
    } else {
      const ratio = meanOf(trial.times) / meanOf(this.#times);
      this.#slower.add(trial.threads);
      // About as many rounds are left out after each change of the number.
      this.#lostMs += 2 * Math.max(0, 1 - 1 / ratio) * trial.otherMs;
      if (this.#isClimbing) {
        this.#isClimbing = false;
      } else if (ratio < NEARLY && this.#reach === 1) {
        this.#reach = 2;
      } else {
        this.#directions.shift();
        this.#reach = 1;
      }
    }
    this.#nextTrial(now);
  }

  #settle(now: number): void {
    this.#isSettled = true;
    this.#slower.clear();
    this.#reference = null;
    this.#watched = [];
    this.#waitMs = this.#lookMs;
    this.#lookAt = now + this.#waitMs;
    this.#lookMs = Math.min(2 * this.#lookMs, MAX_LOOK_MS);
  }

  /** Takes in the time of a round while nothing is compared. */
  #watch(time: number): void {
    this.#times = [...this.#times.slice(1 - MIN_BLOCKS), time];
    this.#watched = [...this.#watched.slice(1 - WATCHED_BLOCKS), time];
  }
}

function newTrial(threads: number, direction: Direction): Trial {
  return { threads, direction, times: [], otherMs: 0, ms: 0 };
}

/**
 * Whether the other number of a trial is the faster one; `undefined` if more blocks must be measured.
 *
 * @param own Milliseconds per round with the current number.
 * @param isKnown Whether the current number was found the fastest before.
 */
function compare(
  own: readonly number[],
  { times, direction, ms }: Trial,
  isKnown: boolean,
): boolean | undefined {
  const blocks = Math.min(own.length, times.length);
  if (blocks === 0) return undefined;
  const ratio = meanOf(times) / meanOf(own);
  const limit = direction === 1 ? MORE_IS_FASTER : FEWER_IS_FASTER;
  const isFaster = ratio < limit;
  if (blocks < MIN_BLOCKS) {
    // If it is a mistake that the current number stays, another comparison finds it out.
    if (isKnown && ratio > CLEAR) return false;
    const isClear = Math.max(...times) * CLEAR < Math.min(...own) ||
      Math.min(...times) > CLEAR * Math.max(...own);
    return isClear && (blocks > 1 || ms > LONG_BLOCK_MS * times.length) ? isFaster : undefined;
  }
  if (blocks >= MAX_BLOCKS || ms > MAX_TRIAL_MS) return isFaster;
  const error = ratio * Math.sqrt(errorOf(own) ** 2 + errorOf(times) ** 2);
  return Math.abs(ratio - limit) > 2 * error ? isFaster : undefined;
}

/** The mean; without the largest of more than three values, which is often a disturbance. */
function meanOf(times: readonly number[]): number {
  const kept = times.length > MIN_BLOCKS ? times.toSorted((a, b) => a - b).slice(0, -1) : times;
  return kept.reduce((sum, time) => sum + time, 0) / kept.length;
}

/** The relative standard error of the mean of at least two values. */
function errorOf(times: readonly number[]): number {
  const mean = meanOf(times);
  const squares = times.reduce((sum, time) => sum + (time - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (times.length - 1)) / mean;
  return Math.max(deviation, BLOCK_ERROR) / Math.sqrt(times.length);
}

/** The first quartile, which a disturbance of some blocks does not change. */
function quartileOf(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 2]!;
}
