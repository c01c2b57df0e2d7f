/** Standard output: lines of the log, and text that is generated. */

/** Characters that are sent to a pipe or a file at a time. */
const CHUNK = 4096;

/**
 * Prints a line, if that is possible: a closed pipe, a closed terminal or a full disk is no reason to
 * stop a run.
 */
export function printLine(text: string): void {
  try {
    console.log(text);
  } catch {
    // Nothing can be printed; the run continues.
  }
}

/**
 * Standard output for text that is generated piece by piece: a terminal shows each piece at once, a
 * pipe or a file receives larger chunks.
 *
 * A terminal receives no control characters: a model generates any character that its checkpoint
 * names, and some of them move the cursor or do worse. A pipe or a file receives the text as it is.
 */
export class TextOutput implements AsyncDisposable {
  readonly #isTerminal = Deno.stdout.isTerminal();
  #pending = "";
  /** Whether the last line is not ended yet. */
  #isLineOpen = false;

  /** Writes a piece of the text. */
  async write(text: string): Promise<void> {
    if (text === "") return;
    this.#isLineOpen = !text.endsWith("\n");
    this.#pending += text;
    if (this.#isTerminal || this.#pending.length >= CHUNK) await this.#flush();
  }

  /** Writes what is pending; on a terminal, the last line is ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isTerminal && this.#isLineOpen) this.#pending += "\n";
    await this.#flush();
  }

  async #flush(): Promise<void> {
    const text = this.#isTerminal ? printable(this.#pending) : this.#pending;
    this.#pending = "";
    let bytes = new TextEncoder().encode(text);
    // A pipe may accept a part at a time.
    while (bytes.length > 0) bytes = bytes.subarray(await Deno.stdout.write(bytes));
  }
}

/** Replaces control characters other than tabs and line breaks, which would direct a terminal. */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "·");
}
