/** The signals that end a run, with the exit codes that shells expect: 128 plus the signal's number. */
const exitCodes: Partial<Record<Deno.Signal, number>> = Deno.build.os === "windows"
  ? { SIGINT: 130, SIGBREAK: 130 }
  : { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/**
 * Time during which a second signal counts as the first: at a terminal, Ctrl-C goes to every process
 * of the group, and `deno task` forwards it to a process that has received it already.
 */
const REPEAT_MS = 200;

/**
 * Aborts an `AbortSignal` at the first signal of the operating system. A second one has its usual
 * effect, which ends the process even in the middle of a step; but SIGHUP never does, as a terminal
 * that is closed may send it more than once.
 */
export class SignalHandler implements Disposable {
  readonly #controller = new AbortController();
  readonly #listeners = new Map<Deno.Signal, () => void>();
  #exitCode: number | null = null;

  /** @param onInterrupt Called at the first signal. */
  constructor(onInterrupt: () => void) {
    for (const [name, code] of Object.entries(exitCodes)) {
      const signal = name as Deno.Signal;
      const listener = () => {
        if (this.#exitCode !== null) return;
        this.#exitCode = code;
        this.#controller.abort();
        onInterrupt();
        // Sleeps instead of setting a timer, whose callback would come after the next step, which may
        // take long: from then on a second signal has its effect.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, REPEAT_MS);
        this.#stop((other) => other !== "SIGHUP");
      };
      this.#listeners.set(signal, listener);
      Deno.addSignalListener(signal, listener);
    }
  }

  /** Aborted at the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit code for the signal that was received; `null` if there was none. */
  get exitCode(): number | null {
    return this.#exitCode;
  }

  /** Stops listening. */
  [Symbol.dispose](): void {
    this.#stop(() => true);
  }

  #stop(which: (signal: Deno.Signal) => boolean): void {
    for (const [signal, listener] of this.#listeners) {
      if (!which(signal)) continue;
      Deno.removeSignalListener(signal, listener);
      this.#listeners.delete(signal);
    }
  }
}
