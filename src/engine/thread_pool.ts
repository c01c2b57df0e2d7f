import type { Instance } from "./kernels/instance.ts";
import { startThreads, type Thread } from "./threads.ts";

/**
 * How long the threads may take to start. They take milliseconds, and on a machine with other work
 * seconds; what takes longer will not start.
 */
const START_TIMEOUT_MS = 120_000;
/** The interval at which the constructor checks for a failure while threads start. */
const START_POLL_MS = 20;

/** What ends the threads of a pool; it must not refer to the pool. */
interface Threads {
  readonly instance: Instance;
  readonly threads: readonly Thread[];
}

/** Ends the threads of pools that were not disposed of, once nothing refers to them any more. */
const abandoned = new FinalizationRegistry<Threads>(endThreads);

/** Ends threads, which must be idle. */
function endThreads({ instance, threads }: Threads): void {
  const hasFailed = failureOf(instance) !== undefined;
  if (threads.length > 0 && !hasFailed) instance.kernels.stop();
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
  readonly #threads: readonly Thread[];
  #isClosed = false;

  /**
   * Starts `workers` − 1 threads and waits until all of them are ready.
   *
   * @throws {Error} If the threads cannot be started.
   */
  constructor(instance: Instance, workers: number) {
    this.#instance = instance;
    const { constants, layout, memory, module } = instance;
    this.#words = new Int32Array(memory.buffer as ArrayBufferLike as SharedArrayBuffer);
    this.#threads = startThreads(
      Array.from({ length: workers - 1 }, (_, i) => ({
        ...{ module, memory, worker: i + 1, workers },
        ready: layout.ready / 4,
        failed: layout.failed / 4,
        failure: { address: layout.failureText, bytes: constants.FAILURE_BYTES },
      })),
    );
    if (workers === 1) return;
    this.#waitUntilReady(workers - 1);
    abandoned.register(this, { instance, threads: this.#threads }, this);
  }

  /** The error of the first worker that failed, after which no kernel can run, or `undefined`. */
  get failure(): Error | undefined {
    return failureOf(this.#instance);
  }

  /** Ends the threads, which must be idle. Further calls do nothing. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    abandoned.unregister(this);
    endThreads({ instance: this.#instance, threads: this.#threads });
  }

  #waitUntilReady(threads: number): void {
    const index = this.#instance.layout.ready / 4;
    const end = performance.now() + START_TIMEOUT_MS;
    for (let ready = 0; ready < threads; ready = Atomics.load(this.#words, index)) {
      const isLate = performance.now() > end;
      const error = this.failure ??
        (isLate
          ? new Error(`Cannot start threads: not ready after ${START_TIMEOUT_MS / 1000} seconds`)
          : undefined);
      if (error) {
        this.#isClosed = true;
        for (const thread of this.#threads) thread.terminate();
        throw error;
      }
      Atomics.wait(this.#words, index, ready, START_POLL_MS);
    }
  }
}
