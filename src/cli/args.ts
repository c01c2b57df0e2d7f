import { parseArgs } from "@std/cli/parse-args";
import { InputError } from "../errors.ts";

/** An option of a command: how it is written, what it means, and what holds without it. */
export interface Option {
  /** Its name, without the dashes. */
  readonly name: string;
  /** What stands for its value in the help, for example `N`; an option without takes no value. */
  readonly value?: string;
  /** What it does, for the help. */
  readonly description: string;
  /** What holds without it, for the help. */
  readonly default?: string;
}

/** A command of the program. */
export interface Command {
  /** Its name, the first word of the command line. */
  readonly name: string;
  /** What it does, in a line. */
  readonly summary: string;
  /** The arguments that are not options: `<text>` is required, `[name]` may be left out. */
  readonly operands: readonly string[];
  /** An option with which all operands may be left out. */
  readonly replacesOperands?: string;
  readonly options: readonly Option[];
  /** Further lines for the help: what a user needs to know, examples. */
  readonly notes: readonly string[];
  /** Does it, and gives the exit code. */
  readonly run: (line: CommandLine) => number | Promise<number>;
}

/** A command line, taken apart and checked against its command's options. */
export class CommandLine {
  /** The arguments that are not options, in order. */
  readonly operands: readonly string[];
  readonly #values: ReadonlyMap<string, string | true>;

  /** Used by {@linkcode readCommandLine}. */
  constructor(operands: readonly string[], values: ReadonlyMap<string, string | true>) {
    this.operands = operands;
    this.#values = values;
  }

  /** Whether an option without a value was given. */
  flag(name: string): boolean {
    return this.#values.get(name) === true;
  }

  /** The value of an option, if it was given. */
  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return value === true ? undefined : value;
  }

  /**
   * The value of an option as a number, if it was given; ranges are for whoever uses it.
   * @throws {InputError} when it is not a number.
   */
  number(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = text.trim() === "" ? NaN : Number(text);
    if (Number.isNaN(number)) {
      throw new InputError(`Cannot use --${name} ${JSON.stringify(text)}: it must be a number`);
    }
    return number;
  }
}

/**
 * Takes a command line apart.
 *
 * @param args What follows the command's name.
 * @throws {InputError} when an option is unknown, lacks its value or has one too many, or there are
 * more or fewer operands than the command takes.
 */
export function readCommandLine(command: Command, args: readonly string[]): CommandLine {
  const byName = new Map(command.options.map((option) => [option.name, option]));
  const known = (name: string): Option => {
    const option = byName.get(name);
    if (option) return option;
    throw new InputError(
      `Cannot run ${command.name} with the option --${name}: there is none of that name; ` +
        `${command.name} --help lists them`,
    );
  };
  const words = withJoinedValues(args, known);
  const parsed = parseArgs(words, {
    string: ["_", ...byName.keys()],
    unknown: (word) => {
      if (!/^-./.test(word)) return true;
      known(word.replace(/^-+/, "").replace(/=.*$/s, ""));
      return true;
    },
  });
  const values = new Map<string, string | true>();
  for (const [name, option] of byName) {
    const value = parsed[name];
    if (typeof value === "string") values.set(name, option.value ? value : true);
  }
  const operands = parsed._.map(String);
  const required = command.replacesOperands !== undefined && values.has(command.replacesOperands)
    ? 0
    : command.operands.filter((operand) => operand.startsWith("<")).length;
  if (operands.length < required || operands.length > command.operands.length) {
    const wanted = command.operands.join(" and ") || "no arguments";
    const given = operands.length === 0
      ? "none was given"
      : `given: ${operands.map((operand) => JSON.stringify(operand)).join(" ")}`;
    throw new InputError(
      `Cannot run ${command.name}: it takes ${wanted} beside options; ${given}; ` +
        `${command.name} --help says more`,
    );
  }
  return new CommandLine(operands, values);
}

/**
 * Writes each option and its value as one word, `--name=value`, so that a value may begin with a
 * dash: a negative number is then a number out of range, not an unknown option.
 */
function withJoinedValues(
  args: readonly string[],
  known: (name: string) => Option,
): readonly string[] {
  const words: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (word === "--") return [...words, ...args.slice(i)];
    const [, name, value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === undefined) {
      words.push(word);
      continue;
    }
    const option = known(name);
    if (!option.value && value !== undefined) {
      throw new InputError(`Cannot use --${name}=${value}: --${name} takes no value`);
    }
    if (!option.value || value !== undefined) {
      words.push(word);
      continue;
    }
    const next = args[++i];
    if (next === undefined || next.startsWith("--")) {
      throw new InputError(`Cannot use --${name} without a value: write --${name} ${option.value}`);
    }
    words.push(`${word}=${next}`);
  }
  return words;
}

/** The same without the keys that are undefined: what was given, for a function with defaults. */
export function present<T extends object>(value: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> };
}

/** The help of a command. */
export function helpOf(command: Command): string {
  const usages = [["deno task", command.name, ...command.operands, "[options]"]];
  const standIn = command.options.find(({ name }) => name === command.replacesOperands);
  if (standIn) {
    usages.push(["deno task", command.name, `--${standIn.name} ${standIn.value}`, "[options]"]);
  }
  const usage = usages.map((words) => words.join(" ")).join("\n       ");
  const all = [...command.options, { name: "help", description: "Show this and exit" }];
  const left = all.map(({ name, value }: Option) => `  --${name}${value ? ` ${value}` : ""}`);
  const width = Math.max(...left.map((text) => text.length)) + 2;
  const lines = all.map((option: Option, i) => {
    const suffix = option.default === undefined ? "" : ` (default: ${option.default})`;
    return left[i]!.padEnd(width) +
      wrap(option.description + suffix, 92 - width, " ".repeat(width));
  });
  const notes = command.notes.length === 0 ? [] : ["", ...command.notes];
  return [`${command.summary}.`, "", `Usage: ${usage}`, "", "Options:", ...lines, ...notes]
    .join("\n");
}

/** Breaks a text into lines of at most `width`, all but the first indented. */
function wrap(text: string, width: number, indent: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line !== "" && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join(`\n${indent}`);
}
