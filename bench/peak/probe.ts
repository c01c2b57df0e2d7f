import { Worker } from "node:worker_threads";
import { bytesOf } from "../../src/engine/kernels/compile.ts";
import { digits } from "./module.ts";

/** The exports of bench/assembly/peak.ts. */
interface Exports {
  peak(rounds: number, x: number, y: number): number;
  readonly MADDS_PER_ROUND: WebAssembly.Global;
}

/** Rounds per call, which take about 15 µs. */
const ROUNDS = 2000;
/** Four f32 lanes, times the two operations of a multiply-add. */
const FLOP_PER_MADD = 8;

/** The compiled probe; bench/assembly/peak.ts is its source. */
export const module: WebAssembly.Module = new WebAssembly.Module(bytesOf(digits));

// Word 0 of the shared memory is the command; word n counts the calls of thread n.
const WAIT = 0, RUN = 1, STOP = 2;

/**
 * Measures the peak of this machine: the rate of multiply-adds in WebAssembly without any loads or
 * stores, of which the shares of the benchmarks are taken.
 *
 * @example
 * ```ts
 * import { PeakProbe } from "./probe.ts";
 *
 * using probe = new PeakProbe(1);
 * console.log(probe.measure(0.02) > 0); // true, in GFLOP/s
 * ```
 */
export class PeakProbe {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #threads: Worker[] = [];
  readonly #exports: Exports;
  readonly #flopPerCall: number;

  /** @param workers Threads that compute at the same time, the caller's included. */
  constructor(workers: number) {
    this.#exports = start();
    this.#flopPerCall = ROUNDS * FLOP_PER_MADD * this.#exports.MADDS_PER_ROUND.value;
    this.#words = new Int32Array(new SharedArrayBuffer(4 * workers));
    for (let thread = 1; thread < workers; thread++) {
      const code = `(${runThread})(require("node:worker_threads").workerData)`;
      const workerData = { module, words: this.#words, thread, rounds: ROUNDS, WAIT, RUN };
      const worker = new Worker(code, { eval: true, workerData });
      worker.unref();
      this.#threads.push(worker);
    }
  }

  /** Computes for `seconds` with all threads and returns the rate in GFLOP/s. */
  measure(seconds: number): number {
    const words = this.#words;
    const before = words.slice();
    Atomics.store(words, 0, RUN);
    Atomics.notify(words, 0);
    // The measurement starts when all threads compute.
    for (let thread = 1; thread < words.length; thread++) {
      while (Atomics.load(words, thread) === before[thread]) {
        /* Threads wake up within 0.1 ms. */
      }
    }
    const startCounts = words.slice();
    const begin = performance.now();
    let elapsed = 0;
    let calls = 0;
    while (elapsed < 1000 * seconds) {
      this.#exports.peak(ROUNDS, 0.5, 1e-6);
      calls++;
      elapsed = performance.now() - begin;
    }
    for (let thread = 1; thread < words.length; thread++) {
      calls += Atomics.load(words, thread) - startCounts[thread]!;
    }
    Atomics.store(words, 0, WAIT);
    return calls * this.#flopPerCall / elapsed / 1e6;
  }

  /** Ends the threads at the end of a `using` block. */
  [Symbol.dispose](): void {
    Atomics.store(this.#words, 0, STOP);
    Atomics.notify(this.#words, 0);
    for (const thread of this.#threads) void thread.terminate();
  }
}

function start(): Exports {
  // The module uses no memory, but it imports one as the kernels do.
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
}

/** The code of a thread. It is passed as text, so it must not refer to anything outside of it. */
function runThread(task: {
  readonly module: WebAssembly.Module;
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly thread: number;
  readonly rounds: number;
  readonly WAIT: number;
  readonly RUN: number;
}): void {
  const { module, words, thread, rounds, WAIT, RUN } = task;
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const peak = exports.peak as Exports["peak"];
  for (;;) {
    Atomics.wait(words, 0, WAIT);
    const command = Atomics.load(words, 0);
    if (command === RUN) {
      peak(rounds, 0.5, 1e-6);
      Atomics.add(words, thread, 1);
    } else if (command !== WAIT) {
      return;
    }
  }
}
