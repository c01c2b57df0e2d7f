/** The choice of the number of threads, on simulated machines with a simulated clock. */
import { assert, assertEquals } from "@std/assert";
import { ThreadChoice } from "../../src/engine/thread_choice.ts";
import { Xoshiro128 } from "../../src/random.ts";

/** Milliseconds of a round with some threads at some time. */
type Machine = (threads: number, now: number) => number;

/** The shortest block, as in AutoThreads. */
const BLOCK_MS = 10;

interface Simulation {
  readonly choice: ThreadChoice;
  /** Rounds that were computed. */
  readonly rounds: number;
  /** The numbers in the order in which they became the choice. */
  readonly chosen: readonly number[];
  /** When the first comparisons were over. */
  readonly settledAt: number;
}

/** Computes for `ms` simulated milliseconds as AutoThreads does. */
function simulate(
  machine: Machine,
  { most, ms, first = 1, noise = () => 1 }: {
    readonly most: number;
    readonly ms: number;
    readonly first?: number;
    /** A factor of the time of each round. */
    readonly noise?: () => number;
  },
): Simulation {
  const choice = new ThreadChoice({ first, most });
  const chosen = [choice.threads];
  let [now, rounds, settledAt] = [0, 0, Infinity];
  while (now < ms) {
    const { threads, skipMs } = choice.plan(now);
    for (const end = now + skipMs; now < end && now < ms; rounds++) {
      now += machine(threads, now) * noise();
    }
    let [blockMs, blockRounds] = [0, 0];
    while (blockMs < BLOCK_MS) {
      const time = machine(threads, now) * noise();
      blockMs += time;
      now += time;
      blockRounds++;
    }
    rounds += blockRounds;
    choice.record({ threads, rounds: blockRounds, ms: blockMs }, now);
    if (choice.threads !== chosen.at(-1)) chosen.push(choice.threads);
    if (choice.isSettled) settledAt = Math.min(settledAt, now);
  }
  return { choice, rounds, chosen, settledAt };
}

/** The rounds that the best fixed number computes in `ms`, without noise. */
function bestRounds(machine: Machine, { most, ms }: { most: number; ms: number }): number {
  let best = 0;
  for (let threads = 1; threads <= most; threads++) {
    let [now, rounds] = [0, 0];
    for (; now < ms; rounds++) now += machine(threads, now);
    best = Math.max(best, rounds);
  }
  return best;
}

/** A machine from its speeds in characters per second with some numbers of threads. */
function machineOf(speeds: Readonly<Record<number, number>>, charsPerRound: number): Machine {
  const known = Object.keys(speeds).map(Number);
  return (threads) => {
    const high = known.find((n) => n >= threads)!;
    const low = known.findLast((n) => n <= threads)!;
    const part = high === low ? 0 : (threads - low) / (high - low);
    return 1000 * charsPerRound / (speeds[low]! + part * (speeds[high]! - speeds[low]!));
  };
}

/** Measured with versions of the kernels on a machine of 16 cores. */
const measured = {
  "RNN 128, B 32": machineOf(
    { 1: 157e3, 2: 226e3, 4: 413e3, 8: 665e3, 12: 757e3, 16: 945e3 },
    1600,
  ),
  "RNN 512, B 64": machineOf(
    { 1: 14400, 2: 20900, 4: 40900, 8: 70400, 12: 95000, 16: 121e3 },
    3200,
  ),
  "GRU 192, B 16": machineOf(
    { 1: 23200, 2: 42900, 4: 82000, 8: 118100, 12: 114900, 16: 68200 },
    800,
  ),
  "GRU 2×256, B 12": machineOf({ 1: 4700, 2: 9000, 4: 15e3, 8: 23400, 12: 24600, 16: 21400 }, 600),
  "GRU 2×256, B 64": machineOf(
    { 1: 4900, 2: 10600, 4: 19200, 8: 34400, 12: 45300, 16: 58400 },
    3200,
  ),
} as const;

/** Rounds vary by 3 % each, and one in 50 takes three times as long. */
function usualNoise(seed: number): () => number {
  const random = new Xoshiro128(seed);
  return () => (1 + 0.03 * random.normal()) * (random.uniform() < 0.02 ? 3 : 1);
}

for (const [name, machine] of Object.entries(measured)) {
  Deno.test(`ThreadChoice computes nearly as much as the best number on 16 cores, ${name}`, () => {
    const run = { most: 16, ms: 120_000 };
    const best = bestRounds(machine, run);
    for (let seed = 1; seed <= 20; seed++) {
      for (const first of [1, 16]) {
        const { rounds, chosen } = simulate(machine, { ...run, first, noise: usualNoise(seed) });
        // The noise slows down every number by 4 %.
        const share = rounds / best * 1.04;
        assert(share > 0.95, `${share} of the best with seed ${seed} from ${first}: ${chosen}`);
      }
    }
  });
}

Deno.test("ThreadChoice loses less than a tenth of a second on two cores", () => {
  for (const [one, two] of [[0.09, 0.2], [0.1, 0.8], [5.5, 3.5], [34, 17], [300, 200]] as const) {
    const machine: Machine = (threads) => threads === 1 ? one : two;
    const run = { most: 2, ms: 30_000 };
    const { rounds, settledAt, choice } = simulate(machine, run);
    assertEquals(choice.threads, one < two ? 1 : 2);
    assert(settledAt < 700, `settled after ${settledAt} ms`);
    const lostMs = (bestRounds(machine, run) - rounds) * Math.min(one, two);
    // Before the first comparison, one thread computes for 60 ms or one round.
    const before = Math.max(60, one) * Math.max(0, 1 - two / one);
    assert(lostMs < before + 200, `${lostMs} ms of 30 s are lost, ${before} before`);
  }
});

Deno.test("ThreadChoice follows a change of load, in both directions", () => {
  const idle: Machine = (threads) => threads === 1 ? 5.5 : 3.5;
  const loaded: Machine = (threads) => threads === 1 ? 6 : 9;
  const machine: Machine = (threads, now) =>
    (now > 20_000 && now < 50_000 ? loaded : idle)(threads, now);
  for (let seed = 1; seed <= 20; seed++) {
    const { chosen, rounds } = simulate(machine, {
      ...{ most: 2, ms: 90_000 },
      noise: usualNoise(seed),
    });
    assertEquals(chosen, [1, 2, 1, 2], `seed ${seed}`);
    const ideal = 60_000 / 3.5 + 30_000 / 6;
    assert(rounds * 1.04 > 0.92 * ideal, `${rounds} rounds of ${ideal}, seed ${seed}`);
  }
});

Deno.test("ThreadChoice finds the best number when other programs slow rounds down at random", () => {
  // Rounds of 88 µs, of which some wait for a thread that does not run for milliseconds.
  const random = new Xoshiro128(3);
  const machine: Machine = (threads) => threads === 1 ? 0.09 : random.uniform() < 0.05 ? 4 : 0.06;
  const { choice } = simulate(machine, { most: 2, ms: 10_000 });
  assertEquals(choice.threads, 1);
});

Deno.test("ThreadChoice prefers fewer threads when more are not faster", () => {
  const machine: Machine = (threads) => threads < 4 ? 12 / threads : 3;
  for (const first of [1, 16]) {
    const { choice } = simulate(machine, { most: 16, ms: 60_000, first });
    assertEquals(choice.threads, 4);
  }
});

Deno.test("ThreadChoice tries the number behind a neighbor that is nearly as fast", () => {
  const speeds: Readonly<Record<number, number>> = { 1: 1, 2: 2, 4: 3, 8: 4, 12: 3.9, 16: 6 };
  const machine = machineOf(speeds, 0.02);
  const { choice } = simulate(machine, { most: 16, ms: 60_000, first: 8 });
  assertEquals(choice.threads, 16);
});

Deno.test("ThreadChoice.limit() removes numbers that cannot be started", () => {
  const machine: Machine = (threads) => 40 / threads;
  const choice = new ThreadChoice({ first: 1, most: 8 });
  let now = 0;
  for (let block = 0; block < 500; block++) {
    let { threads } = choice.plan(now);
    if (threads > 3) {
      choice.limit(3, now);
      threads = choice.plan(now).threads;
    }
    assert(threads <= 3);
    now += machine(threads, now);
    choice.record({ threads, rounds: 1, ms: machine(threads, now) }, now);
  }
  assertEquals(choice.threads, 3);
});

Deno.test("ThreadChoice measures nothing but the only number", () => {
  const { choice, chosen } = simulate(() => 5, { most: 1, ms: 5_000 });
  assertEquals([choice.threads, chosen, choice.isSettled], [1, [1], true]);
});
