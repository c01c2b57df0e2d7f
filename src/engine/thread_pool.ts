import type { Instance, PlanArguments } from "./kernels/instance.ts";

/** How long the threads may take to begin; they take milliseconds. */
const START_MS = 10_000;
/** How often a failure is looked for meanwhile. */
const GLANCE_MS = 20;
/** What fits into the memory's place for a failure. */
const FAILURE_BYTES = 512;

/** What a thread needs; all of it can be posted. */
interface Task {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly planned: PlanArguments;
  readonly worker: number;
  readonly workers: number;
  /** Indices of words in the memory. */
  readonly ready: number;
  readonly failed: number;
  /** Where in the memory a failure is described, and in how many bytes at most. */
  readonly failure: readonly [address: number, bytes: number];
}

/** What is used of a thread of `node:worker_threads`. */
interface Thread {
  unref(): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  terminate(): Promise<number>;
}

/**
 * The threads that work beside the host's own on one memory, each with an instance of the module.
 *
 * They begin at once, sleep while there is nothing to do, and keep no process alive.
 */
export class ThreadPool {
  readonly #instance: Instance;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #threads: Thread[] = [];
  #closed = false;

  /**
   * Starts `workers` − 1 threads, and waits until all have begun.
   *
   * @throws {Error} when they cannot begin.
   */
  constructor(instance: Instance, workers: number) {
    this.#instance = instance;
    const { memory, module, planned, layout } = instance;
    this.#words = new Int32Array(memory.buffer as SharedArrayBuffer);
    if (workers === 1) return;
    const start = threadStarter(workers);
    for (let worker = 1; worker < workers; worker++) {
      const task: Task = {
        ...{ module, memory, planned, worker, workers },
        ready: layout.ready / 4,
        failed: layout.failed / 4,
        failure: [layout.failureText, FAILURE_BYTES],
      };
      this.#threads.push(start(task));
    }
    this.#awaitReady(workers - 1);
  }

  /** Why the threads can work no more; `undefined` as long as they can. */
  get failure(): Error | undefined {
    const { layout, memory } = this.#instance;
    const length = Atomics.load(this.#words, layout.failed / 4);
    if (length === 0) return undefined;
    // A decoder takes no memory that is shared: so a copy.
    const text = new Uint8Array(memory.buffer, layout.failureText, length).slice();
    return new Error(`Cannot go on computing: ${new TextDecoder().decode(text)}`);
  }

  /** Ends the threads; they must have nothing to do. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#threads.length > 0 && !this.failure) this.#instance.kernels.stop();
    for (const thread of this.#threads) void thread.terminate();
  }

  #awaitReady(wanted: number): void {
    const index = this.#instance.layout.ready / 4;
    const end = performance.now() + START_MS;
    for (let ready = 0; ready < wanted; ready = Atomics.load(this.#words, index)) {
      const late = performance.now() > end;
      const wrong = this.failure ??
        (late ? new Error(`Cannot start ${wanted} threads: they take too long`) : undefined);
      if (wrong) {
        this.#closed = true;
        for (const thread of this.#threads) void thread.terminate();
        throw wrong;
      }
      Atomics.wait(this.#words, index, ready, GLANCE_MS);
    }
  }
}

/** Whether there is what threads are started with, which a page has not. */
export function canStartThreads(): boolean {
  return threadModule() !== undefined;
}

function threadModule() {
  return globalThis.process?.getBuiltinModule?.("node:worker_threads");
}

/**
 * What starts a thread. `node:worker_threads` is asked for only here, so that a page, which computes
 * in one thread, need not have it; its threads can be kept from holding the process, which those of
 * `Worker` cannot. The code is sent as text, because a thread of a file needs permission to read it.
 */
function threadStarter(workers: number): (task: Task) => Thread {
  const threads = threadModule();
  if (!threads) {
    throw new Error(
      `Cannot compute with ${workers} threads: there is no node:worker_threads here; use 1`,
    );
  }
  return (task) => {
    const code = `(${runWorker})(require("node:worker_threads").workerData)`;
    const thread: Thread = new threads.Worker(code, { eval: true, workerData: task });
    thread.unref();
    // `runWorker` reports what goes wrong; without a listener the host would fail a second time.
    thread.on("error", () => {});
    return thread;
  };
}

/** The whole life of a thread. It is sent as text: nothing outside of it is there. */
function runWorker(task: Task): void {
  const { module, memory, planned, worker, workers, ready, failed, failure } = task;
  const words = new Int32Array(memory.buffer);
  try {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const kernels = exports as unknown as Instance["kernels"];
    kernels.plan(...planned);
    kernels.initWorker(worker, workers);
    Atomics.add(words, ready, 1);
    Atomics.notify(words, ready);
    kernels.workerLoop();
  } catch (error) {
    // The first to fail says why; the others fail because of it. The word beside says who is first.
    if (Atomics.add(words, failed + 1, 1) > 0) return;
    const [address, bytes] = failure;
    const text = new TextEncoder().encode(`worker ${worker + 1} of ${workers} failed: ${error}`);
    const start = text.subarray(0, bytes);
    new Uint8Array(memory.buffer).set(start, address);
    Atomics.store(words, failed, start.length);
  }
}
