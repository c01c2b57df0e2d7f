/** The signals that ask the program to end, with the exit codes that shells expect. */
const exitCodes: Partial<Record<Deno.Signal, number>> = Deno.build.os === "windows"
  ? { SIGINT: 130, SIGBREAK: 130 }
  : { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/**
 * How long a signal is given to come twice: at a terminal, Ctrl-C goes to every process, and
 * `deno task` passes it on to the one that has it already.
 */
const TWICE_MS = 200;

/**
 * The first signal asks the work to end; a second one gets the system's usual treatment, which ends
 * the process even in the middle of a step. A terminal that goes away may say so more than once, so
 * SIGHUP is never that second one.
 */
export class SignalHandler {
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
        // Asleep, not waiting for a timer: the next step may take long, and must not stand between
        // the second signal and its effect.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TWICE_MS);
        this.#stop((other) => other !== "SIGHUP");
      };
      this.#listeners.set(signal, listener);
      Deno.addSignalListener(signal, listener);
    }
  }

  /** Aborted when the work is to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What the process is to exit with; `null` without a signal. */
  get exitCode(): number | null {
    return this.#exitCode;
  }

  /** Asks the work to end for another reason. */
  end(): void {
    this.#controller.abort();
  }

  /** Stops listening. */
  stop(): void {
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
