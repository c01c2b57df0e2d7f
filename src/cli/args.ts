/** The command line: the options of a command, and how arguments are parsed by them. */
import { parseArgs } from "@std/cli/parse-args";
import { InputError } from "../errors.ts";
import { quote, show } from "../json.ts";
import { foldCommand, type Layout, wrap } from "./format.ts";
import { isMisspelled, suggest } from "../suggest.ts";

/** An option of a command. */
export interface Option {
  /** The name, without dashes. */
  readonly name: string;
  /** Stands for the value in the help, for example `N`. An option without it takes no value. */
  readonly value?: string;
  /** What the option does: a phrase that is understood alone, without a final period. */
  readonly description: string;
  /** What holds without the option. */
  readonly default?: string;
  /** The heading that the option is listed under. Default: `Options`. */
  readonly group?: string;
}

/** A command of the program. */
export interface Command {
  /** The name, the first word of the command line. */
  readonly name: string;
  /** What the command does, in one line without a final period. */
  readonly summary: string;
  /**
   * The arguments that are not options: `<text>` is required, `[name]` may be left out, and of
   * `<text...>` or `[name...]`, the last, there may be several.
   */
  readonly operands: readonly string[];
  /** An option that makes all operands optional. */
  readonly replacesOperands?: string;
  /** The options, group by group; `--help` and `--version` are added to those of every command. */
  readonly options: readonly Option[];
  /**
   * Paragraphs for the end of the help, or functions that lay one out for so many columns. One of
   * several lines is printed as it is.
   */
  readonly notes: readonly (string | ((width: number) => string))[];
  /** Command lines to begin with. */
  readonly examples?: readonly string[];
  /** Runs the command, and returns the exit code. */
  readonly run: (line: CommandLine) => number | Promise<number>;
}

/** Columns that a description takes at least where it stands beside its option. */
const MIN_DESCRIPTION = 32;

/** Characters of a word of the command line that an error shows. */
const MAX_WORD = 60;

/** The options of every command. */
export const generalOptions: readonly Option[] = [
  { name: "help", description: "Print this help and exit" },
  { name: "version", description: "Print the version and exit" },
];

/** A parsed command line. */
export class CommandLine {
  /** The arguments that are not options, in order. */
  readonly operands: readonly string[];
  readonly #values: ReadonlyMap<string, string | true>;

  /** Use {@linkcode readCommandLine}. */
  constructor(operands: readonly string[], values: ReadonlyMap<string, string | true>) {
    this.operands = operands;
    this.#values = values;
  }

  /** Whether an option was given, with or without a value. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Whether an option that takes no value was given. */
  flag(name: string): boolean {
    return this.#values.get(name) === true;
  }

  /** The value of an option; `undefined` if it was not given. */
  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return value === true ? undefined : value;
  }

  /**
   * The value of an option as a decimal number of any range; `undefined` if it was not given.
   * @throws {InputError} if the value is not a number.
   */
  number(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    // Number() also reads "", "0x10" and " 7 "; what infinity is good for is checked elsewhere.
    if (!/^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|Infinity)$/i.test(text)) {
      const right = text.trim() === "" || Number.isNaN(Number(text))
        ? "a number"
        : "a decimal number, such as 5, 0.02 or 1e-4";
      throw new InputError(`Cannot use --${name} ${quote(text)}: it must be ${right}`);
    }
    return Number(text);
  }
}

/**
 * Whether `--help` or `--version` is among the arguments, whatever else is. After an option that takes
 * a value, `-h` is that value.
 */
export function isRequested(
  name: "help" | "version",
  args: readonly string[],
  options: readonly Option[] = [],
): boolean {
  const end = args.indexOf("--");
  const words = end < 0 ? args : args.slice(0, end);
  const takesValue = (word: string | undefined) =>
    options.some((option) => option.value !== undefined && `--${option.name}` === word);
  return words.some((word, i) =>
    word === `--${name}` || name === "help" && word === "-h" && !takesValue(words[i - 1])
  );
}

/**
 * Parses the arguments of a command.
 *
 * `--name value` and `--name=value` are the same; of an option that is given twice, the last value
 * counts, as an alias may give the first; everything after `--` is an operand. A value may begin with
 * dashes unless it reads like an option of the command.
 *
 * @param args The arguments after the command's name.
 * @throws {InputError} if an option is unknown, lacks its value or has one that it does not take, or
 * if there are too few or too many operands.
 */
export function readCommandLine(command: Command, args: readonly string[]): CommandLine {
  const options = [...command.options, ...generalOptions];
  const parsed = parseArgs(joinValues(command, args), {
    string: ["_", ...options.filter(({ value }) => value !== undefined).map(({ name }) => name)],
    boolean: options.filter(({ value }) => value === undefined).map(({ name }) => name),
  });
  const values = new Map<string, string | true>();
  for (const { name } of options) {
    const value = parsed[name];
    if (typeof value === "string" || value === true) values.set(name, value);
  }
  const operands = parsed._.map(String);
  checkOperands(command, operands, values);
  return new CommandLine(operands, values);
}

/**
 * Checks each option, and writes it with its value as one word, `--name=value`: a value may begin
 * with a dash, and an option without one does not take the next word for it.
 */
function joinValues(command: Command, args: readonly string[]): string[] {
  const words: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (word === "--") return [...words, ...args.slice(i)];
    checkDash(command, word);
    const [, flag, joined] = /^(--?[^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    // A dash alone stands for standard input.
    if (flag === undefined) {
      words.push(word);
      continue;
    }
    const option = findOption(command, flag);
    if (option.value === undefined && joined !== undefined) {
      throw new InputError(`Cannot use ${show(word, MAX_WORD)}: --${option.name} takes no value`);
    }
    const value = option.value === undefined
      ? "true"
      : joined ?? nextValue(command, option, args[++i]);
    words.push(`${flag}=${value}`);
  }
  return words;
}

/** @throws {InputError} if a word begins with a dash of typography, as copied texts have it. */
function checkDash(command: Command, word: string): void {
  const [, name] = /^[\u2010-\u2015\u2212]+([a-z][\w-]*)(?:=|$)/i.exec(word) ?? [];
  if (name === undefined || !isMisspelled(name, namesOf(command))) return;
  throw new InputError(
    `Cannot run ${command.name} with ${show(word, MAX_WORD)}: options begin with two hyphens; ` +
      `write --${name}`,
  );
}

/** The names of all options of a command. */
function namesOf(command: Command): string[] {
  return [...command.options, ...generalOptions].map(({ name }) => name);
}

/** @throws {InputError} naming the option that was probably meant. */
function findOption(command: Command, flag: string): Option {
  const name = flag.replace(/^-+/, "");
  const options = [...command.options, ...generalOptions];
  const found = options.find((option) => option.name === name);
  const doing = `Cannot run ${command.name} with ${show(flag, MAX_WORD)}`;
  if (found && flag === `--${name}`) return found;
  if (found) throw new InputError(`${doing}: options begin with two hyphens; write --${name}`);
  const nearest = suggest(name, namesOf(command));
  const hint = nearest
    ? `did you mean --${nearest}?`
    : `deno task ${command.name} --help lists all options`;
  throw new InputError(`${doing}: there is no such option; ${hint}`);
}

function nextValue(command: Command, option: Option, next: string | undefined): string {
  const usage = `--${option.name} ${option.value}`;
  if (next === undefined || next === "--") {
    throw new InputError(`Cannot use --${option.name} without a value: write ${usage}`);
  }
  const [, name] = /^--?([a-z][\w-]*)(?:=|$)/i.exec(next) ?? [];
  if (name !== undefined && isMisspelled(name, namesOf(command))) {
    throw new InputError(
      `Cannot use --${option.name} without a value: write ${usage}, or ` +
        `${show(`--${option.name}=${next}`, MAX_WORD)} if ${quote(next)} is the value`,
    );
  }
  return next;
}

function checkOperands(
  command: Command,
  operands: readonly string[],
  values: ReadonlyMap<string, unknown>,
): void {
  const { name, operands: expected, replacesOperands } = command;
  const isReplaced = replacesOperands !== undefined && values.has(replacesOperands);
  const required = isReplaced ? 0 : expected.filter((operand) => operand.startsWith("<")).length;
  const max = /\.\.\.[\]>]$/.test(expected.at(-1) ?? "") ? Infinity : expected.length;
  if (operands.length >= required && operands.length <= max) return;
  const given = operands.length === 0
    ? "none is given"
    : `given: ${operands.map((operand) => quote(operand)).join(" ")}`;
  const takes = expected.join(" and ") || "no arguments";
  throw new InputError(
    `Cannot run ${name}: it takes ${takes}; ${given}; see deno task ${name} --help`,
  );
}

/** A copy without the keys whose value is `undefined`. */
export function present<T extends object>(value: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> };
}

/** The library's property of an option: `gradClip` of `grad-clip`. */
export function propertyOf(option: string): string {
  return option.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The option of a library's property: `grad-clip` of `gradClip`. */
export function optionOf(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** An option as it is written, for example `--hidden N`. */
export function flagOf({ name, value }: Option): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

/** The options under their headings, in order; those of every command come last. */
export function optionGroups(command: Command): Map<string, Option[]> {
  const groups = new Map<string, Option[]>();
  const isGrouped = command.options.some(({ group }) => group !== undefined);
  const general = generalOptions.map((option) => ({
    ...option,
    group: isGrouped ? "General" : "Options",
  }));
  for (const option of [...command.options, ...general]) {
    const { group = "Options" } = option;
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group)!.push(option);
  }
  return groups;
}

/** The command lines that the command accepts. */
export function usageOf(command: Command): string[] {
  const { name, operands, options, replacesOperands } = command;
  const replacing = options.find((option) => option.name === replacesOperands);
  return [
    ["deno task", name, ...operands, "[options]"],
    ...replacing ? [["deno task", name, flagOf(replacing), "[options]"]] : [],
  ].map((words) => words.join(" "));
}

/**
 * The help of a command.
 * @param width Columns that a line may take.
 */
export function helpOf(command: Command, width = 80): string {
  const groups = optionGroups(command);
  const column = 2 + Math.max(...[...groups.values()].flat().map((o) => flagOf(o).length)) + 2;
  // In a narrow terminal descriptions are below their options.
  const isNarrow = width - column < MIN_DESCRIPTION;
  const layout: Layout = { width, indent: isNarrow ? 6 : column };
  const usage = usageOf(command).map((line) => wrap(line, { width, indent: 11 }));
  const lines = [
    wrap(`${command.summary}.`, { width, indent: 0 }),
    "",
    `Usage: ${usage.join("\n       ")}`,
  ];
  if (command.examples) {
    const examples = command.examples.map((example) => foldCommand(example, { width, indent: 2 }));
    lines.push("", "Examples:", ...examples);
  }
  for (const [group, options] of groups) {
    lines.push("", `${group}:`);
    for (const option of options) {
      const suffix = option.default === undefined ? "" : ` [default: ${option.default}]`;
      const text = wrap(option.description + suffix, layout);
      const flag = `  ${flagOf(option)}`;
      lines.push(isNarrow ? `${flag}\n${" ".repeat(6)}${text}` : flag.padEnd(column) + text);
    }
  }
  for (const note of command.notes) {
    const text = typeof note === "string" ? note : note(width);
    lines.push("", text.includes("\n") ? text : wrap(text, { width, indent: 0 }));
  }
  return lines.join("\n");
}
