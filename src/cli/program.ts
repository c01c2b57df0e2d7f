/** The program around its commands: help, version, error messages and exit codes. */
import { checkShape, wrongType } from "../arguments.ts";
import metadata from "../../deno.json" with { type: "json" };
import { InputError } from "../errors.ts";
import { quote } from "../json.ts";
import { escapeInvisible } from "../printable.ts";
import { DivergenceError } from "../train/divergence.ts";
import {
  type Command,
  helpOf,
  isRequested,
  type Option,
  propertyOf,
  readCommandLine,
} from "./args.ts";
import { wrap } from "./format.ts";
import { printMessage, printResult, terminalWidth } from "./output.ts";
import { searchedFolder } from "./paths.ts";
import { suggest } from "../suggest.ts";

/**
 * Runs one of several commands. An error becomes one line on standard error.
 *
 * @param commands All commands of the program.
 * @param args The command's name, then its arguments.
 * @returns The exit code: 0 for success, 1 for a failure, 2 for wrong input, and 128 plus the
 * number of the signal for an interruption.
 * @throws {TypeError} if `commands` is not an array of commands, or `args` not one of strings.
 */
export async function exitCodeOf(
  commands: readonly Command[],
  args: readonly string[],
): Promise<number> {
  const context = "Cannot run a command";
  if (!Array.isArray(commands)) {
    throw wrongType({ context, name: "commands", expected: "an array", value: commands });
  }
  for (const [i, command] of commands.entries()) {
    checkShape(command, {
      ...{ context, name: `commands[${i}]`, expected: "a command" },
      shape: {
        ...{ name: "string", summary: "string", operands: "object", options: "object" },
        ...{ notes: "object", run: "function" },
      },
    });
  }
  if (!Array.isArray(args) || args.some((arg) => typeof arg !== "string")) {
    throw wrongType({ context, name: "args", expected: "an array of strings", value: args });
  }
  let command: Command | undefined;
  try {
    const [name, ...rest] = args;
    if (name === undefined || name === "-h" || name === "--help" || name === "help") {
      printResult(overviewOf(commands, terminalWidth()));
      return name === undefined ? 2 : 0;
    }
    if (name === "--version") return printVersion();
    command = findCommand(commands, name);
    if (isRequested("help", rest, command.options)) {
      printResult(helpOf(command, terminalWidth()));
      return 0;
    }
    if (isRequested("version", rest)) return printVersion();
    return await command.run(readCommandLine(command, rest));
  } catch (error) {
    // `| head -1` closes standard output, which is no failure of this program.
    if (error instanceof Deno.errors.BrokenPipe) return 0;
    const message = messageOf(error, command?.options ?? []);
    // The exit code reports the error even where nothing can be printed.
    printMessage(`error: ${escapeInvisible(message.replaceAll("\n", " "))}`);
    return error instanceof InputError ? 2 : 1;
  }
}

/** @throws {InputError} naming the command that was probably meant. */
function findCommand(commands: readonly Command[], name: string): Command {
  const found = commands.find((command) => command.name === name);
  if (found) return found;
  const names = commands.map((command) => command.name);
  const nearest = suggest(name, names);
  const hint = nearest ? `did you mean ${nearest}?` : `the commands are ${names.join(", ")}`;
  throw new InputError(`Cannot run ${quote(name)}: there is no such command; ${hint}`);
}

function printVersion(): number {
  printResult(`unroll ${metadata.version}`);
  return 0;
}

/** The options that decide about a property that is not an option itself. */
const flagsOfProperty: Readonly<Record<string, string>> = {
  path: "--out",
  ifExists: "--resume, --force, --out",
};

/**
 * The message of an error in the terms of the command line: the library names a property,
 * `"gradClip"`, which is the option `--grad-clip` here.
 */
export function messageOf(error: unknown, options: readonly Option[]): string {
  if (!(error instanceof Error)) return String(error);
  const isAboutOptions = error instanceof DivergenceError ||
    (error instanceof InputError && error.option !== undefined);
  if (!isAboutOptions) return error.message + searchedFolder(error);
  const others = error instanceof InputError ? flagsOfProperty[error.option!] : undefined;
  if (others !== undefined) return `${error.message} (${others})`;
  const flags = new Map(options.map(({ name }) => [propertyOf(name), `--${name}`]));
  // A quoted word after "not" is the value that was given.
  return error.message.replace(/(?<!\bnot )"(\w+)"/g, (quoted, name) => flags.get(name) ?? quoted);
}

function overviewOf(commands: readonly Command[], width: number): string {
  const column = 2 + Math.max(...commands.map(({ name }) => name.length)) + 2;
  return [
    wrap("unroll trains character-level recurrent networks in WebAssembly.", { width, indent: 0 }),
    "",
    wrap("Usage: deno task <command> [arguments] [options]", { width, indent: 7 }),
    "",
    "Commands:",
    ...commands.map(({ name, summary }) =>
      `  ${name}`.padEnd(column) + wrap(summary, { width, indent: column })
    ),
    "",
    wrap("Start with: deno task train examples/alice.txt", { width, indent: 2 }),
    wrap("Five notebooks on recurrent networks, in the repository: deno task notebooks", {
      width,
      indent: 2,
    }),
    wrap("Options of a command: deno task <command> --help", { width, indent: 2 }),
  ].join("\n");
}
