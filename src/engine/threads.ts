/**
 * Threads of each runtime: those of `node:worker_threads` in Deno, Node.js and Bun, and Web Workers
 * in a page.
 */

import { quote } from "../json.ts";
import { InputError } from "../errors.ts";
import { MAX_THREADS } from "./options.ts";
import type { Kernels } from "./kernels/instance.ts";

/** What a thread is started with; it must be possible to post all of it. */
export interface Task {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly worker: number;
  /**
   * Indices of words of the memory: the one that is set when the worker waits for its bell, and the
   * length of the text of the first failure. The word after `failed` counts failures.
   */
  readonly ready: number;
  readonly failed: number;
  /** The space for the text of a failure. */
  readonly failure: { readonly address: number; readonly bytes: number };
}

/** A thread that runs a task. */
export interface Thread {
  /** Lets the thread end when its kernels have stopped; in a page it then takes another task. */
  release(): void;
  /** Ends the thread at once. */
  terminate(): void;
}

/** What is used of a thread of `node:worker_threads`. */
interface NodeThread {
  unref(): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  terminate(): Promise<number>;
}

/** Web Workers that wait for a task. */
const prepared: Worker[] = [];
/** How many Web Workers there are, those included that run a task or start. */
let webWorkers = 0;
/** How long a Web Worker may take to answer, on a machine with other work, too. */
const ANSWER_TIMEOUT_MS = 60_000;

/**
 * The most threads that an engine can have now, the caller's included.
 *
 * Half of the prepared Web Workers are for the validation of a training, which has an engine of its
 * own.
 */
export function maxThreads(): number {
  return nodeThreads() === undefined ? 1 + Math.ceil(prepared.length / 2) : Infinity;
}

/**
 * Prepares threads in a web page, where an engine cannot start them itself: a browser starts a worker
 * only while the one that asked for it is idle. Elsewhere nothing has to be prepared.
 *
 * Call it once, in a worker, before the first engine. It makes twice `threads` − 1 Web Workers, so
 * that training and validation have theirs. The page must be cross-origin isolated: it is served with
 * the headers `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy:
 * require-corp`. Where threads cannot be had, engines compute with one, with the same bits.
 *
 * @param threads Threads that an engine may have, the caller's included: 1 to 64. Default: the cores
 * of this machine.
 * @returns The number that an engine can have: 1 on a page that is not isolated, and on the main
 * thread of a page, which may not wait.
 * @throws {RangeError} If `threads` is not a whole number from 1 to 64.
 *
 * @example
 * ```ts
 * import { prepareThreads } from "./mod.ts";
 *
 * console.log(await prepareThreads(2)); // 2
 * ```
 */
export async function prepareThreads(
  threads: number = Math.min(globalThis.navigator?.hardwareConcurrency ?? 1, MAX_THREADS),
): Promise<number> {
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
    throw new RangeError(
      `Cannot prepare threads: "threads" must be a whole number from 1 to ${MAX_THREADS}, not ${
        quote(threads)
      }`,
    );
  }
  if (nodeThreads() !== undefined) return threads;
  if (!canShareMemory()) return 1;
  const missing = Math.max(0, 2 * (threads - 1) - webWorkers);
  webWorkers += missing;
  const started = await Promise.all(Array.from({ length: missing }, startWebWorker));
  const answering = started.filter((worker) => worker !== null);
  webWorkers -= missing - answering.length;
  prepared.push(...answering);
  // A browser holds back what is posted to a new worker until the one that asked for it was idle again.
  if (missing > 0) await new Promise((resolve) => setTimeout(resolve, 0));
  return Math.min(threads, maxThreads());
}

/** Whether this is a worker of a page that may post shared memory to others and wait for them. */
function canShareMemory(): boolean {
  const { crossOriginIsolated, document, Worker } = globalThis as {
    crossOriginIsolated?: boolean;
    document?: unknown;
    Worker?: unknown;
  };
  return crossOriginIsolated === true && document === undefined && Worker !== undefined;
}

/** Starts a Web Worker and waits for its answer; `null` if the page does not allow it. */
async function startWebWorker(): Promise<Worker | null> {
  const code = `(${serveTasks})(${runTask})`;
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    const worker = new Worker(url);
    const hasAnswered = await new Promise<boolean>((resolve) => {
      worker.onmessage = () => resolve(true);
      worker.onerror = () => resolve(false);
      setTimeout(() => resolve(false), ANSWER_TIMEOUT_MS);
    });
    if (hasAnswered) return worker;
    worker.terminate();
  } catch {
    // A content security policy may forbid workers, or blob: addresses.
  } finally {
    URL.revokeObjectURL(url);
  }
  return null;
}

/**
 * Starts a thread for each task.
 *
 * @throws {InputError} If a page has prepared too few.
 */
export function startThreads(tasks: readonly Task[]): Thread[] {
  const threads = nodeThreads();
  if (threads !== undefined) return tasks.map((task) => startNodeThread(threads, task));
  if (tasks.length > prepared.length) {
    const count = tasks.length + 1;
    throw new InputError(
      `Cannot start ${count} threads: a page must prepare them; await prepareThreads(${count}) ` +
        "before, in a worker of a cross-origin isolated page, or use 1 thread",
      { option: "threads" },
    );
  }
  return tasks.map((task) => {
    const worker = prepared.pop()!;
    worker.postMessage(task);
    return {
      release: () => void prepared.push(worker),
      terminate: () => {
        webWorkers--;
        worker.terminate();
      },
    };
  });
}

/**
 * The module is looked up instead of imported, so that this one loads in a page, too. Its threads can
 * be unreferenced, which those of `Worker` cannot, so that they do not keep the process alive.
 */
function nodeThreads() {
  return globalThis.process?.getBuiltinModule?.("node:worker_threads");
}

/** The code is passed as text, because a thread from a file needs permission to read it. */
function startNodeThread(
  { Worker }: NonNullable<ReturnType<typeof nodeThreads>>,
  task: Task,
): Thread {
  const code = `(${runTask})(require("node:worker_threads").workerData)`;
  const thread: NodeThread = new Worker(code, {
    eval: true,
    workerData: task,
    // Without an environment of its own, a thread would ask for permission to read the process's.
    env: {},
  });
  thread.unref();
  // `runTask` reports failures; without a listener, the host would throw a second error.
  thread.on("error", () => {});
  const terminate = () => void thread.terminate();
  return { release: terminate, terminate };
}

/** The code of a thread. It is passed as text, so it must not refer to anything outside of it. */
function runTask(task: Task): void {
  const { module, memory, worker, ready, failed, failure } = task;
  const words = new Int32Array(memory.buffer);
  try {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const kernels = exports as unknown as Kernels;
    kernels.plan();
    kernels.initWorker(worker);
    Atomics.store(words, ready, 1);
    Atomics.notify(words, ready);
    kernels.workerLoop();
  } catch (error) {
    // Only the first failure is reported; others follow from it.
    if (Atomics.add(words, failed + 1, 1) > 0) return;
    const text = new TextEncoder().encode(`worker ${worker + 1} failed: ${error}`);
    const start = text.subarray(0, failure.bytes);
    new Uint8Array(memory.buffer).set(start, failure.address);
    Atomics.store(words, failed, start.length);
  }
}

/** The code of a Web Worker, also passed as text: it answers, then runs each task that it gets. */
function serveTasks(run: (task: Task) => void): void {
  const scope = globalThis as unknown as {
    onmessage: (event: MessageEvent<Task>) => void;
    postMessage(message: string): void;
  };
  scope.onmessage = ({ data }) => run(data);
  scope.postMessage("ready");
}
