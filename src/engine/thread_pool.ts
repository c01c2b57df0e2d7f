import type { Instance, Kernels } from "./kernels/instance.ts";

/** How long the threads may take to start; they take milliseconds. */
const START_TIMEOUT_MS = 10_000;
/** The interval at which the constructor checks for a failure while threads start. */
const START_POLL_MS = 20;

/** What a thread is started with; it must be possible to post all of it. */
interface Task {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly worker: number;
  readonly workers: number;
  /** Indices of words of the memory; the word after `failed` counts failures. */
  readonly ready: number;
  readonly failed: number;
  /** The space for the text of a failure. */
  readonly failure: { readonly address: number; readonly bytes: number };
}

/** What is used of a thread of `node:worker_threads`. */
interface Thread {
  unref(): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  terminate(): Promise<number>;
}

/** What ends the threads of a pool; it must not refer to the pool. */
interface Threads {
  readonly instance: Instance;
  readonly threads: readonly Thread[];
}

/** Ends the threads of pools that were not disposed of, once nothing refers to them any more. */
const abandoned = new FinalizationRegistry<Threads>(endThreads);

/** Ends threads, which must be idle. */
function endThreads({ instance, threads }: Threads): void {
  if (threads.length > 0 && failureOf(instance) === undefined) instance.kernels.stop();
  for (const thread of threads) void thread.terminate();
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
  readonly #threads: Thread[] = [];
  #isClosed = false;

  /**
   * Starts `workers` − 1 threads and waits until all of them are ready.
   *
   * @throws {Error} If the threads cannot be started.
   */
  constructor(instance: Instance, workers: number) {
    this.#instance = instance;
    const { constants, layout, memory, module } = instance;
    this.#words = new Int32Array(memory.buffer as SharedArrayBuffer);
    if (workers === 1) return;
    const start = threadStarter(workers);
    for (let worker = 1; worker < workers; worker++) {
      const task: Task = {
        ...{ module, memory, worker, workers },
        ready: layout.ready / 4,
        failed: layout.failed / 4,
        failure: { address: layout.failureText, bytes: constants.FAILURE_BYTES },
      };
      this.#threads.push(start(task));
    }
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
          ? new Error(`Cannot start ${threads} threads: not ready after ${START_TIMEOUT_MS} ms`)
          : undefined);
      if (error) {
        this.#isClosed = true;
        for (const thread of this.#threads) void thread.terminate();
        throw error;
      }
      Atomics.wait(this.#words, index, ready, START_POLL_MS);
    }
  }
}

/** Whether the runtime can start threads. A web page cannot. */
export function canStartThreads(): boolean {
  return threadModule() !== undefined;
}

function threadModule() {
  return globalThis.process?.getBuiltinModule?.("node:worker_threads");
}

/**
 * Returns a function that starts a thread.
 *
 * `node:worker_threads` is looked up here instead of imported, so that the module loads in a web page,
 * too. Its threads can be unreferenced, which those of `Worker` cannot, so that they do not keep the
 * process alive. The code is passed as text, because a thread from a file needs permission to read it.
 */
function threadStarter(workers: number): (task: Task) => Thread {
  const threads = threadModule();
  if (!threads) {
    throw new Error(
      `Cannot start ${workers} threads: this runtime has no node:worker_threads; use 1 thread`,
    );
  }
  return (task) => {
    const code = `(${runWorker})(require("node:worker_threads").workerData)`;
    const thread: Thread = new threads.Worker(code, {
      eval: true,
      workerData: task,
      // Without an environment of its own, a thread would ask for permission to read the process's.
      env: {},
    });
    thread.unref();
    // `runWorker` reports failures; without a listener, the host would throw a second error.
    thread.on("error", () => {});
    return thread;
  };
}

/** The code of a thread. It is passed as text, so it must not refer to anything outside of it. */
function runWorker(task: Task): void {
  const { module, memory, worker, workers, ready, failed, failure } = task;
  const words = new Int32Array(memory.buffer);
  try {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const kernels = exports as unknown as Kernels;
    kernels.plan();
    kernels.initWorker(worker, workers);
    Atomics.add(words, ready, 1);
    Atomics.notify(words, ready);
    kernels.workerLoop();
  } catch (error) {
    // Only the first failure is reported; others follow from it.
    if (Atomics.add(words, failed + 1, 1) > 0) return;
    const text = new TextEncoder().encode(`worker ${worker + 1} of ${workers} failed: ${error}`);
    const start = text.subarray(0, failure.bytes);
    new Uint8Array(memory.buffer).set(start, failure.address);
    Atomics.store(words, failed, start.length);
  }
}
