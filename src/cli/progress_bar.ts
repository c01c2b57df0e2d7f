// @ts-types="npm:@types/cli-progress@3.11.6"
import { SingleBar } from "cli-progress";
import type { Corpus, ReadCorpusOptions } from "../text/corpus.ts";
import { formatDuration } from "./format.ts";

/** How long something takes before its progress is shown. */
const DELAY_MS = 1000;

/**
 * The progress of something that may take long, on standard error: after a second a bar on a
 * terminal, elsewhere a single line with the estimated time.
 */
export class ProgressBar implements Disposable {
  readonly #label: string;
  readonly #begin = performance.now();
  #bar: SingleBar | undefined;
  #isShown = false;

  /** @param label What is being done, for example `Reading the text`. */
  constructor(label: string) {
    this.#label = label;
  }

  /** Shows that `done` of `total` is done, in any unit. */
  update(done: number, total: number): void {
    const elapsed = performance.now() - this.#begin;
    if (elapsed < DELAY_MS || done === 0 || done >= total) return;
    const seconds = elapsed / done * total / 1000;
    const payload = { label: this.#label, left: formatDuration(seconds - elapsed / 1000) };
    if (this.#bar) {
      this.#bar.update(Math.floor(done / total * 1000), payload);
    } else if (!this.#isShown && Deno.stderr.isTerminal()) {
      this.#bar = new SingleBar({
        format: "{label}  {bar} {percentage}%  {left} left",
        barCompleteChar: "█",
        barIncompleteChar: "░",
        barsize: 20,
        clearOnComplete: true,
        // Ctrl-C ends the process at once, so no setting of the terminal may be changed.
        gracefulExit: false,
        hideCursor: false,
        linewrap: true,
      });
      this.#bar.start(1000, Math.floor(done / total * 1000), payload);
    } else if (!this.#isShown) {
      console.error(`${this.#label} takes about ${formatDuration(seconds)}`);
    }
    this.#isShown = true;
  }

  /** Removes the bar. */
  [Symbol.dispose](): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

/** Reads a text with a progress bar. */
export async function readWithProgress(
  read: (options: ReadCorpusOptions) => Promise<Corpus>,
): Promise<Corpus> {
  using progress = new ProgressBar("Reading the text");
  return await read({ onProgress: ({ bytes, total }) => progress.update(bytes, total) });
}
