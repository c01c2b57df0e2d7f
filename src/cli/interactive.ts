/** `sample --interactive`: lines that a user writes, and continuations by the model. */

import { formatCharacter, formatPercent } from "../evaluate/score_format.ts";
import { InputError } from "../errors.ts";
import { generateDefaults } from "../generate/options.ts";
import type { SampleOptions } from "../generate/options.ts";
import { predictNext } from "../generate/predict.ts";
import { sampleStream } from "../generate/sampler.ts";
import { quote } from "../json.ts";
import type { Model } from "../model/model.ts";
import { table } from "./format.ts";
import { printMessage, printPrompt, printResult, TextOutput } from "./output.ts";

/** Candidates that `/next` lists. */
const CANDIDATES = 10;
/** At a terminal, Ctrl-C goes to `deno task` too, which passes it on. */
const REPEAT_MS = 200;
/** The exit codes for Ctrl-C, by the number of its signal, and for a line that was refused. */
const INTERRUPTED = 130;
const WRONG_LINE = 2;
/** Bytes of a line, far more than a terminal lets type. */
const MAX_LINE = 1_000_000;

const HELP = [
  "A line is continued by the model; an empty line continues what there is.",
  "/next [text]   list the most probable next characters",
  "/help          print this",
  "//…            a line that begins with a slash",
  "Ctrl-C stops a continuation, Ctrl-D ends.",
].join("\n");

/** What {@linkcode runInteractive} needs. */
export interface InteractiveOptions {
  /** How texts are continued. Each continuation has another seed; the first has this one. */
  readonly sampling: SampleOptions;
  /** Makes a line readable by the model; throws an `InputError` for one that is not. */
  readonly toReadable: (line: string) => string;
}

/**
 * Reads lines from standard input until its end, and continues each.
 *
 * @returns The exit code: 0, 130 after a second Ctrl-C, or 2 if a line of a pipe was refused.
 */
export async function runInteractive(
  model: Model,
  { sampling, toReadable }: InteractiveOptions,
): Promise<number> {
  const isTerminal = Deno.stdin.isTerminal();
  if (isTerminal) printMessage(HELP);
  using interrupts = new Interrupts();
  const { seed = generateDefaults.seed } = sampling;
  const filters = filtersOf(sampling);
  let text = "";
  let continuations = 0;
  let code = 0;
  if (isTerminal) printPrompt("> ");
  for await (const line of untilInterrupted(linesOfInput(), interrupts)) {
    try {
      const [command, rest] = parseLine(line);
      if (command === "help") printMessage(HELP);
      else if (command === "next") {
        printCandidates(model, rest === "" ? text : toReadable(rest), filters);
      } else {
        const prompt = rest === "" ? text : toReadable(rest);
        const options = { ...sampling, seed: (seed + continuations++) % Number.MAX_SAFE_INTEGER };
        text = await continueText(model, {
          prompt,
          shown: rest === "" ? "" : prompt,
          options: sampling.greedy ? sampling : options,
          interrupts,
        });
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      printMessage(`error: ${error.message}`);
      if (!isTerminal) code = WRONG_LINE;
    }
    if (isTerminal) printPrompt("> ");
  }
  if (isTerminal) printMessage("");
  return interrupts.hasEnded ? INTERRUPTED : code;
}

/** The command of a line, and what follows it; no command for a text. */
function parseLine(line: string): [command: "next" | "help" | undefined, rest: string] {
  if (line.startsWith("//")) return [undefined, line.slice(1)];
  const [, name, rest = ""] = /^\/(\w*)(?: (.*))?$/s.exec(line) ?? [];
  if (name === undefined) return [undefined, line];
  if (name === "next" || name === "help") return [name, rest];
  throw new InputError(
    `Cannot run ${
      quote(`/${name}`)
    }: the commands are /next and /help; begin a text with // for a ` +
      "slash",
  );
}

/** The options that reshape the distribution. */
function filtersOf({ temperature, topK, topP }: SampleOptions) {
  return {
    ...temperature === undefined ? {} : { temperature },
    ...topK === undefined ? {} : { topK },
    ...topP === undefined ? {} : { topP },
  };
}

/** Prints a continuation as it is generated; the whole text. */
async function continueText(
  model: Model,
  { prompt, shown, options, interrupts }: {
    readonly prompt: string;
    readonly shown: string;
    readonly options: SampleOptions;
    readonly interrupts: Interrupts;
  },
): Promise<string> {
  const characters = sampleStream(model, prompt === "" ? options : { ...options, prompt });
  let text = prompt;
  await using output = new TextOutput();
  using _busy = interrupts.begin();
  await output.write(shown);
  for await (const character of characters) {
    await output.write(character);
    text += character;
    if (interrupts.isStopped) break;
  }
  await output.write("\n");
  return text;
}

function printCandidates(
  model: Model,
  text: string,
  filters: ReturnType<typeof filtersOf>,
): void {
  if (text === "") throw new InputError("Cannot list candidates: there is no text yet; write one");
  const rows = predictNext(model, text, filters).slice(0, CANDIDATES)
    .map(({ character, probability }) => [formatCharacter(character), formatPercent(probability)]);
  printResult(table(rows, { rightFrom: 1 }));
}

/** Ctrl-C: it stops a continuation; without one, the second ends the command. */
class Interrupts implements Disposable {
  readonly #listener = () => this.#interrupt();
  readonly #ended = Promise.withResolvers<void>();
  #isBusy = false;
  #isWarned = false;
  #at = -Infinity;
  /** Whether the continuation was stopped. */
  isStopped = false;
  /** Whether the command was ended. */
  hasEnded = false;

  constructor() {
    Deno.addSignalListener("SIGINT", this.#listener);
  }

  /** Resolves when the command is ended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Begins a continuation, which ends with `using`. */
  begin(): Disposable {
    this.#isBusy = true;
    this.isStopped = this.#isWarned = false;
    return { [Symbol.dispose]: () => void (this.#isBusy = false) };
  }

  /** Stops listening. */
  [Symbol.dispose](): void {
    Deno.removeSignalListener("SIGINT", this.#listener);
  }

  #interrupt(): void {
    const isRepeated = performance.now() - this.#at < REPEAT_MS;
    this.#at = performance.now();
    if (isRepeated) return;
    if (this.#isBusy) this.isStopped = true;
    else if (this.#isWarned || !Deno.stdin.isTerminal()) {
      this.hasEnded = true;
      this.#ended.resolve();
    } else {
      this.#isWarned = true;
      printMessage("\nCtrl-D ends, and so does Ctrl-C again");
      printPrompt("> ");
    }
  }
}

/** The lines, until the command is ended: a terminal may never have another one. */
async function* untilInterrupted(
  lines: AsyncIterable<string>,
  { ended }: Interrupts,
): AsyncGenerator<string> {
  const iterator = lines[Symbol.asyncIterator]();
  const end = ended.then(() => ({ done: true, value: undefined }) as const);
  while (true) {
    const { done, value } = await Promise.race([iterator.next(), end]);
    if (done) return;
    yield value;
  }
}

/** The lines of standard input, without their ends. */
async function* linesOfInput(): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(1 << 16);
  let rest = "";
  for (let count; (count = await Deno.stdin.read(buffer)) !== null;) {
    rest += decoder.decode(buffer.subarray(0, count), { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield line.replace(/\r$/, "");
    if (rest.length > MAX_LINE) {
      throw new InputError(
        `Cannot read a line of more than ${
          MAX_LINE.toLocaleString("en")
        } characters; use --prompt-file`,
      );
    }
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}
