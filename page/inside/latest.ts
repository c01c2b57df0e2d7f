/** Runs one task at a time, and after it only the latest of those that were asked for meanwhile. */
export class Latest {
  #isRunning = false;
  #lastKey: string | null = null;
  #next: (() => void) | null = null;

  /** Runs a task, unless it has the key of the last one. */
  run(key: string, task: () => Promise<void>, onError: (error: unknown) => void): void {
    if (this.#isRunning) {
      this.#next = () => this.run(key, task, onError);
      return;
    }
    if (key === this.#lastKey) return;
    this.#lastKey = key;
    this.#isRunning = true;
    task().catch(onError).finally(() => {
      this.#isRunning = false;
      const next = this.#next;
      this.#next = null;
      next?.();
    });
  }
}
