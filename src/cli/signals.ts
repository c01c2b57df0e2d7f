import { START_TIMEOUT_MS } from "../start_timeout.ts";

/**
 * The signals that end a run, with the exit codes that shells expect: 128 plus the signal's number.
 * Runtimes without `Deno` can load this module, but not run it.
 */
const exitCodes: Partial<Record<Deno.Signal, number>> = globalThis.Deno?.build.os === "windows"
  ? { SIGINT: 130, SIGBREAK: 130 }
  : { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/**
 * Time during which a second signal counts as the first: at a terminal, Ctrl-C goes to every process
 * of the group, and `deno task` forwards it to a process that has received it already.
 */
const REPEAT_MS = 200;

/** What the thread is started with. */
interface Task {
  readonly exitCodes: typeof exitCodes;
  readonly repeatMs: number;
  /** Two words: whether the thread listens, and the exit code of the first signal. */
  readonly words: Int32Array<SharedArrayBuffer>;
}

/**
 * A word that is set to the exit code of the first signal, even while the main thread computes.
 */
export type StopWord = Int32Array<SharedArrayBuffer>;

/**
 * Aborts an `AbortSignal` at the first signal of the operating system. A second one has its usual
 * effect, which ends the process at once; but SIGHUP never does, as a terminal that is closed may
 * send it more than once.
 *
 * A thread of its own listens, because the main thread runs no listeners while it computes. The
 * thread takes the listeners away after the first signal, so a second one ends the process whatever
 * the main thread is doing.
 */
export class SignalHandler implements Disposable {
  readonly #controller = new AbortController();
  readonly #received = Promise.withResolvers<number>();
  readonly #words = new Int32Array(new SharedArrayBuffer(8));
  readonly #thread;

  /** @param onInterrupt Called at the first signal, when the main thread has time. */
  constructor(onInterrupt: () => void) {
    const { Worker } = globalThis.process.getBuiltinModule("node:worker_threads");
    const task: Task = { exitCodes, repeatMs: REPEAT_MS, words: this.#words };
    this.#thread = new Worker(`(${listen})(require("node:worker_threads"))`, {
      eval: true,
      workerData: task,
      // Without an environment of its own, a thread would ask for permission to read the process's.
      env: {},
    });
    this.#thread.unref();
    this.#thread.on("message", () => {
      if (this.#controller.signal.aborted) return;
      this.#controller.abort();
      this.#received.resolve(this.exitCode!);
      onInterrupt();
    });
  }

  /** Aborted at the first signal, when the main thread has time. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit code of the first signal, as soon as the main thread has time. */
  get received(): Promise<number> {
    return this.#received.promise;
  }

  /** The exit code for the signal that was received; `null` if there was none. */
  get exitCode(): number | null {
    return Atomics.load(this.#words, 1) || null;
  }

  /**
   * Sets a word at the first signal, too. Waits until the thread listens; before, a signal has its
   * usual effect.
   */
  setAtSignal(word: StopWord): void {
    if (Atomics.wait(this.#words, 0, 0, START_TIMEOUT_MS) === "timed-out") {
      throw new Error(
        `Cannot listen to signals: no thread is ready after ${START_TIMEOUT_MS / 1000} seconds`,
      );
    }
    this.#thread.postMessage(word);
  }

  /** Stops listening. */
  [Symbol.dispose](): void {
    this.#thread.postMessage(null);
  }
}

/** The code of the thread. It is passed as text, so it must not refer to anything outside of it. */
function listen({ parentPort, workerData }: typeof import("node:worker_threads")): void {
  const { exitCodes, repeatMs, words }: Task = workerData;
  const listeners = new Map<Deno.Signal, () => void>();
  const stopWords: StopWord[] = [];
  const stop = (which: (signal: Deno.Signal) => boolean) => {
    for (const [signal, listener] of listeners) {
      if (!which(signal)) continue;
      Deno.removeSignalListener(signal, listener);
      listeners.delete(signal);
    }
  };
  for (const [name, code] of Object.entries(exitCodes)) {
    const signal = name as Deno.Signal;
    const listener = () => {
      if (Atomics.compareExchange(words, 1, 0, code) !== 0) return;
      for (const word of stopWords) Atomics.store(word, 0, code);
      parentPort!.postMessage(signal);
      setTimeout(() => stop((other) => other !== "SIGHUP"), repeatMs);
    };
    listeners.set(signal, listener);
    Deno.addSignalListener(signal, listener);
  }
  parentPort!.on("message", (word: StopWord | null) => {
    if (word === null) {
      stop(() => true);
      globalThis.process.exit();
    }
    stopWords.push(word);
    const code = Atomics.load(words, 1);
    if (code !== 0) Atomics.store(word, 0, code);
  });
  Atomics.store(words, 0, 1);
  Atomics.notify(words, 0);
}
