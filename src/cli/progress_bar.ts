// @ts-types="npm:@types/cli-progress@3.11.6"
import { SingleBar } from "cli-progress";
import type { Corpus, ReadOptions } from "../text/corpus.ts";
import { duration } from "./terminal.ts";

/** What takes no longer needs no progress shown. */
const PATIENCE_MS = 1000;

/**
 * Tells on standard error how far something has come that may take long: after a second a bar on a
 * terminal, elsewhere a single line.
 */
export class ProgressBar implements Disposable {
  readonly #doing: string;
  readonly #begin = performance.now();
  #bar: SingleBar | undefined;
  #told = false;

  /** @param doing What is being done, for example `Reading the text`. */
  constructor(doing: string) {
    this.#doing = doing;
  }

  /** Says that `done` of `total` is done, in any unit. */
  update(done: number, total: number): void {
    const elapsed = performance.now() - this.#begin;
    if (elapsed < PATIENCE_MS || done === 0 || done >= total) return;
    const seconds = elapsed / done * total / 1000;
    const payload = { doing: this.#doing, left: duration(seconds - elapsed / 1000) };
    if (this.#bar) {
      this.#bar.update(Math.floor(done / total * 1000), payload);
    } else if (!this.#told && Deno.stderr.isTerminal()) {
      this.#bar = new SingleBar({
        format: "{doing}  {bar} {percentage} %  {left} left",
        barCompleteChar: "█",
        barIncompleteChar: "░",
        barsize: 20,
        clearOnComplete: true,
        // Ctrl-C ends the process at once: nothing may be changed that would have to be put back.
        gracefulExit: false,
        hideCursor: false,
        linewrap: true,
      });
      this.#bar.start(1000, Math.floor(done / total * 1000), payload);
    } else if (!this.#told) {
      console.error(`${this.#doing} takes about ${duration(seconds)}`);
    }
    this.#told = true;
  }

  /** Takes the bar away. */
  [Symbol.dispose](): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

/** Reads a text, and tells how far that has come. */
export async function readWithProgress(
  read: (options: ReadOptions) => Promise<Corpus>,
): Promise<Corpus> {
  using progress = new ProgressBar("Reading the text");
  return await read({ onProgress: ({ bytes, total }) => progress.update(bytes, total) });
}
