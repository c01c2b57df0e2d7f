import { START_TIMEOUT_MS } from "../start_timeout.ts";
import type { Instance } from "./kernels/instance.ts";
import { startThreads, type Thread } from "./threads.ts";

/** The interval at which waiting for threads checks for a failure. */
const START_POLL_MS = 20;

/** What ends the threads of a pool; it must not refer to the pool. */
interface Threads {
  readonly instance: Instance;
  readonly workers: number;
  readonly threads: readonly Thread[];
}

/** Ends the threads of pools that were not disposed of, once nothing refers to them any more. */
const abandoned = new FinalizationRegistry<Threads>(endThreads);

/** Ends threads, which must be idle. */
function endThreads({ instance, workers, threads }: Threads): void {
  if (threads.length === 0) return;
  const hasFailed = failureOf(instance) !== undefined;
  instance.kernels.stop(workers);
  for (const thread of threads) {
    if (hasFailed) thread.terminate();
    else thread.release();
  }
}

/** The error of the first worker that failed, or `undefined`. */
function failureOf({ layout, memory }: Instance): Error | undefined {
  const words = new Int32Array(memory.buffer);
  const length = Atomics.load(words, layout.failed / 4);
  if (length === 0) return undefined;
  // TextDecoder does not accept shared memory, so it gets a copy.
  const text = new Uint8Array(memory.buffer, layout.failureText, length).slice();
  return new Error(`Cannot compute: ${new TextDecoder().decode(text)}`);
}

/**
 * The threads that run workers 1, 2, … of an instance, each with an instance of its own on the same
 * memory. They sleep while there is no work, and do not keep the process alive. They end when the
 * pool is disposed of, or is garbage.
 */
export class ThreadPool {
  readonly #instance: Instance;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #workers: number;
  readonly #threads: Thread[] = [];
  /** Workers that were found ready, worker 0 included. */
  #ready = 1;
  #isClosed = false;

  /**
   * Starts no thread yet.
   *
   * @param workers The most workers, as the memory of the instance is planned for.
   */
  constructor(instance: Instance, workers: number) {
    this.#instance = instance;
    this.#workers = workers;
    this.#words = new Int32Array(instance.memory.buffer as ArrayBufferLike as SharedArrayBuffer);
    const threads = { instance, workers, threads: this.#threads };
    if (workers > 1) abandoned.register(this, threads, this);
  }

  /** The error of the first worker that failed, after which no kernel can run, or `undefined`. */
  get failure(): Error | undefined {
    return failureOf(this.#instance);
  }

  /** Workers that are started, those that are not ready yet included. */
  get started(): number {
    return 1 + this.#threads.length;
  }

  /** Workers that are ready, worker 0 included: workers 0 to `ready` − 1. */
  get ready(): number {
    while (this.#ready < this.started && this.#isReady(this.#ready)) this.#ready++;
    return this.#ready;
  }

  /**
   * Starts threads until `workers` workers are started, without waiting for them.
   *
   * @throws {Error} If a thread cannot be started.
   */
  start(workers: number): void {
    if (this.#isClosed || workers <= this.started) return;
    const { constants, layout, memory, module } = this.#instance;
    const first = this.started;
    this.#threads.push(...startThreads(
      Array.from({ length: Math.min(workers, this.#workers) - first }, (_, i) => ({
        ...{ module, memory, worker: first + i },
        ready: this.#readyIndex(first + i),
        failed: layout.failed / 4,
        failure: { address: layout.failureText, bytes: constants.FAILURE_BYTES },
      })),
    ));
  }

  /**
   * Waits until all started workers are ready.
   *
   * @throws {Error} If one of them fails, or takes too long.
   */
  waitUntilReady(): void {
    const end = performance.now() + START_TIMEOUT_MS;
    while (this.ready < this.started) {
      const isLate = performance.now() > end;
      const error = this.failure ??
        (isLate
          ? new Error(`Cannot start threads: not ready after ${START_TIMEOUT_MS / 1000} seconds`)
          : undefined);
      if (error) {
        this.#isClosed = true;
        abandoned.unregister(this);
        for (const thread of this.#threads) thread.terminate();
        throw error;
      }
      Atomics.wait(this.#words, this.#readyIndex(this.#ready), 0, START_POLL_MS);
    }
  }

  /** Ends the threads, which must be idle. Further calls do nothing. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    abandoned.unregister(this);
    const threads = this.#threads;
    endThreads({ instance: this.#instance, workers: this.#workers, threads });
  }

  #isReady(worker: number): boolean {
    return Atomics.load(this.#words, this.#readyIndex(worker)) !== 0;
  }

  /** The index of the word that is set when a worker is ready. */
  #readyIndex(worker: number): number {
    const { constants: { BELL_READY, CACHE_LINE }, layout } = this.#instance;
    return (layout.bells + worker * CACHE_LINE + BELL_READY) / 4;
  }
}
