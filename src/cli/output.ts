/**
 * Everything that the program prints: the only file that writes to standard output and standard
 * error. Characters that would direct a terminal are replaced here, whatever they come from.
 */
import { osErrorReason } from "../files/os_errors.ts";
import { printable, toJson } from "../printable.ts";
import { fold } from "./format.ts";

/** Characters that are sent to a pipe or a file at a time. */
const CHUNK = 4096;
/** Columns where there is no terminal, or one that does not say how wide it is. */
const DEFAULT_COLUMNS = 80;
/** The widest paragraph: longer lines are hard to read. */
const MAX_PARAGRAPH = 100;
/** In a narrower terminal, lines are as long as in one of this width. */
const MIN_COLUMNS = 20;

/** Where something is printed. */
export type Stream = "stdout" | "stderr";

/** Emphasis, for example `bold`; it must not change the number of columns. */
export type Style = (text: string) => string;

/** How a line is printed; see {@linkcode printLine}. */
export interface PrintOptions {
  /** Emphasis on a terminal. */
  readonly style?: Style | undefined;
}

/** Whether {@linkcode disableTerminal} was called. */
let isPlain = false;

/** Writes as to a file from now on: the terminal of this process is not that of the user. */
export function disableTerminal(): void {
  isPlain = true;
}

/** Whether a stream is a terminal. */
export function isTerminal(stream: Stream = "stdout"): boolean {
  return !isPlain && Deno[stream].isTerminal();
}

/** The columns of the terminal at this moment; 80 where there is no terminal. */
export function terminalColumns(stream: Stream = "stdout"): number {
  if (!isTerminal(stream)) return DEFAULT_COLUMNS;
  try {
    return Math.max(MIN_COLUMNS, Deno.consoleSize().columns || DEFAULT_COLUMNS);
  } catch {
    return DEFAULT_COLUMNS;
  }
}

/** The columns of a paragraph: those of the terminal, but at most 100. */
export function terminalWidth(stream: Stream = "stdout"): number {
  return Math.min(MAX_PARAGRAPH, terminalColumns(stream));
}

/** The columns of a table: those of the terminal; a pipe or a file receives whole tables. */
export function tableWidth(): number {
  return isTerminal() ? terminalColumns() : Infinity;
}

/**
 * Prints a line, if that is possible: a closed pipe, a closed terminal or a full disk is no reason to
 * stop a run. A line that is too long for the terminal is broken between words.
 */
export function printLine(text: string, { style }: PrintOptions = {}): void {
  try {
    console.log(layOut("stdout", text, style));
  } catch {
    // Nothing can be printed; the run continues.
  }
}

/**
 * Prints the result of a command, as {@linkcode printLine} does, but a failure is an error.
 *
 * @throws {Error} if it cannot be printed.
 */
export function printResult(text: string): void {
  printOrThrow(layOut("stdout", text));
}

/**
 * Prints a value as JSON on one line.
 *
 * @throws {Error} if it cannot be printed.
 */
export function printJson(value: unknown): void {
  printOrThrow(toJson(value));
}

function printOrThrow(text: string): void {
  try {
    console.log(text);
  } catch (error) {
    throw outputError(error);
  }
}

/** What is wrong with standard output; a closed pipe keeps its class, as it is no failure. */
function outputError(error: unknown): unknown {
  if (error instanceof Deno.errors.BrokenPipe) return error;
  return new Error(`Cannot write to standard output: ${osErrorReason(error)}`, { cause: error });
}

/** Prints a line on standard error, if that is possible. */
export function printMessage(text: string): void {
  try {
    console.error(layOut("stderr", text));
  } catch {
    // The terminal is gone, or the disk is full.
  }
}

/** Prints what a user writes after, on standard error, if that is possible. */
export function printPrompt(text: string): void {
  try {
    Deno.stderr.writeSync(new TextEncoder().encode(printable(text)));
  } catch {
    // The terminal is gone.
  }
}

/** Text as a stream receives it; on a terminal no line is broken in the middle of a word. */
function layOut(stream: Stream, text: string, style: Style = (plain) => plain): string {
  const safe = printable(text);
  return isTerminal(stream) ? style(fold(safe, terminalColumns(stream))) : safe;
}

/** Milliseconds between two states of a status line. */
const REDRAW_MS = 100;

/**
 * The last line of a terminal, which is drawn again and again; lines are printed above it. Without a
 * terminal there is none.
 *
 * It changes no setting of the terminal, so there is nothing to restore when a process is killed.
 */
export class StatusLine implements Disposable {
  readonly #stream: Stream;
  #isEnabled: boolean;
  /** The line for so many columns; `undefined` if none is drawn. */
  #format: ((columns: number) => string) | undefined;
  #drawnAt = -Infinity;

  constructor(stream: Stream) {
    this.#stream = stream;
    this.#isEnabled = isTerminal(stream);
  }

  /** Whether there is a terminal, and {@linkcode StatusLine.stop} has not been called. */
  get isEnabled(): boolean {
    return this.#isEnabled;
  }

  /**
   * Draws the line, unless that was done a tenth of a second ago.
   *
   * @param format The line for so many columns.
   */
  show(format: (columns: number) => string): void {
    const now = performance.now();
    if (!this.#isEnabled || now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    this.#draw(format);
  }

  /** Prints a line above it. */
  print(text: string, options?: PrintOptions): void {
    const format = this.#format;
    this.#clear();
    printLine(text, options);
    // Laid out again: the terminal may have another width since the line was drawn.
    if (format !== undefined) this.#draw(format);
  }

  /** Removes the line for good. */
  stop(): void {
    this.#clear();
    this.#isEnabled = false;
  }

  /** The same as {@linkcode StatusLine.stop}, for `using`. */
  [Symbol.dispose](): void {
    this.stop();
  }

  #draw(format: (columns: number) => string): void {
    this.#format = format;
    // The last column is left to the cursor.
    const text = printable(format(terminalColumns(this.#stream) - 1));
    this.#write(`\r${text}\x1b[K`);
  }

  #clear(): void {
    if (this.#format !== undefined) this.#write("\r\x1b[K");
    this.#format = undefined;
  }

  #write(text: string): void {
    try {
      Deno[this.#stream].writeSync(new TextEncoder().encode(text));
    } catch {
      // The terminal is closed, which is reported by a signal.
    }
  }
}

/**
 * Standard output for text that is generated piece by piece: a terminal shows each piece at once, a
 * pipe or a file receives larger chunks.
 *
 * A terminal receives no characters that would direct it: a model generates any character that its
 * checkpoint names. A pipe or a file receives the text as it is.
 */
export class TextOutput implements AsyncDisposable {
  readonly #isTerminal = isTerminal();
  #pending = "";
  /** The end of what was written. */
  #before = "";

  /** Writes a piece of the text. */
  async write(text: string): Promise<void> {
    if (text === "") return;
    this.#pending += text;
    if (this.#isTerminal || this.#pending.length >= CHUNK) await this.#flush();
  }

  /** Writes what is pending; on a terminal, the last line is ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    const last = (this.#before + this.#pending).at(-1);
    if (this.#isTerminal && last !== undefined && last !== "\n") this.#pending += "\n";
    await this.#flush(true);
  }

  async #flush(isLast = false): Promise<void> {
    // A carriage return is harmless if it belongs to a line break.
    const isSplit = this.#isTerminal && !isLast && this.#pending.endsWith("\r");
    const text = isSplit ? this.#pending.slice(0, -1) : this.#pending;
    this.#pending = this.#pending.slice(text.length);
    await writeBytes(
      new TextEncoder().encode(this.#isTerminal ? printable(text, this.#before) : text),
    );
    // A character takes one or two code units.
    this.#before = (this.#before + text).slice(-2);
  }
}

async function writeBytes(bytes: Uint8Array): Promise<void> {
  try {
    // A pipe may accept a part at a time.
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await Deno.stdout.write(rest));
  } catch (error) {
    throw outputError(error);
  }
}
