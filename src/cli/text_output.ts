/** Characters that a pipe gets at a time. */
const PIECE = 4096;

/**
 * Standard output for text that comes bit by bit: a terminal shows each piece at once, a pipe gets
 * more at a time.
 *
 * A terminal is not sent what would direct it: a model writes whatever characters its checkpoint
 * names, and some of them move the cursor or worse. A pipe gets the text as it is.
 */
export class TextOutput implements AsyncDisposable {
  readonly #isTerminal = Deno.stdout.isTerminal();
  #waiting = "";
  /** Whether the last line is still open. */
  #open = false;

  /** Writes a piece of the text. */
  async write(text: string): Promise<void> {
    if (text === "") return;
    this.#open = !text.endsWith("\n");
    this.#waiting += text;
    if (this.#isTerminal || this.#waiting.length >= PIECE) await this.#flush();
  }

  /** Writes what is left; a terminal's last line is ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isTerminal && this.#open) this.#waiting += "\n";
    await this.#flush();
  }

  async #flush(): Promise<void> {
    const text = this.#isTerminal ? printable(this.#waiting) : this.#waiting;
    this.#waiting = "";
    let bytes = new TextEncoder().encode(text);
    // It may take only a part at a time.
    while (bytes.length > 0) bytes = bytes.subarray(await Deno.stdout.write(bytes));
  }
}

/** Control characters would move the cursor or worse: only line breaks and tabs pass. */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "·");
}
