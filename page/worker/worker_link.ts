/// <reference lib="dom" />

/**
 * Time in which a worker whose files are in a cache reports that it is ready, in milliseconds. Firefox
 * now and then never runs one that is started right after the service worker has taken over.
 */
const START_TIMEOUT_MS = 6000;

/** What a {@linkcode WorkerLink} does with its worker. */
export interface WorkerLinkOptions<Report> {
  /** Creates a worker, whose first report is of the type `ready`. */
  readonly create: () => Worker;
  /** Called with each report. */
  readonly onReport: (report: Report) => void;
  /** Called when the worker has failed, with the reason. The next request starts another one. */
  readonly onFailure: (reason: string) => void;
}

/** A worker that is started by the first request, and replaced if it does not start. */
export class WorkerLink<Request, Report extends { readonly type: string }> implements Disposable {
  readonly #options: WorkerLinkOptions<Report>;
  #worker: Worker | null = null;
  #isReady = false;
  /** What was posted before the worker was ready. */
  #early: Request[] = [];

  /** @param options How the worker is created, and what happens with its reports. */
  constructor(options: WorkerLinkOptions<Report>) {
    this.#options = options;
  }

  /** Whether there is a worker, ready or not. */
  get isStarted(): boolean {
    return this.#worker !== null;
  }

  /** Posts a request; starts a worker if there is none. */
  post(request: Request): void {
    this.#worker ??= this.#start(START_TIMEOUT_MS);
    if (!this.#isReady) this.#early.push(request);
    this.#worker.postMessage(request);
  }

  /** Ends the worker at once. */
  [Symbol.dispose](): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.#isReady = false;
    this.#early = [];
  }

  #start(timeout: number): Worker {
    const worker = this.#options.create();
    worker.onmessage = ({ data }: MessageEvent<Report>) => {
      if (data.type === "ready") {
        this.#isReady = true;
        this.#early = [];
      }
      this.#options.onReport(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      if (this.#worker !== worker) return;
      this[Symbol.dispose]();
      this.#options.onFailure(event.message ?? "its files cannot be loaded");
    };
    // Over a network, files may take as long as they need.
    if (navigator.serviceWorker?.controller) {
      setTimeout(() => this.#replaceUnlessReady(worker, timeout), timeout);
    }
    return worker;
  }

  /** Replaces a worker that has reported nothing, and asks the new one the same. */
  #replaceUnlessReady(worker: Worker, timeout: number): void {
    if (this.#worker !== worker || this.#isReady) return;
    worker.terminate();
    const next = this.#worker = this.#start(2 * timeout);
    this.#early.forEach((request) => next.postMessage(request));
  }
}
