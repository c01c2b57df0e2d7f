import { InputError } from "../errors.ts";
import { type Command, helpOf, readCommandLine } from "./args.ts";

/**
 * Runs one of several commands, and turns errors into one line on standard error.
 *
 * @param commands What there is to run.
 * @param args The command's name, then its arguments.
 * @returns The exit code: 0 done, 1 failed, 2 misused; 128 and more: interrupted by a signal.
 */
export async function exitCodeOf(
  commands: readonly Command[],
  args: readonly string[],
): Promise<number> {
  try {
    return await run(commands, args);
  } catch (error) {
    // `| head -1` closes standard output; that is no failure of this program.
    if (error instanceof Deno.errors.BrokenPipe) return 0;
    complain(`error: ${error instanceof Error ? error.message : error}`.replaceAll("\n", " "));
    return error instanceof InputError ? 2 : 1;
  }
}

/** Writes a line to standard error, if that can still be done; the exit code says it too. */
function complain(line: string): void {
  try {
    console.error(line);
  } catch {
    // The terminal is gone, or the disk is full.
  }
}

async function run(
  commands: readonly Command[],
  [name, ...args]: readonly string[],
): Promise<number> {
  if (name === undefined || name === "--help" || name === "-h") {
    console.log(overviewOf(commands));
    return name === undefined ? 2 : 0;
  }
  const command = commands.find((command) => command.name === name);
  if (command === undefined) {
    const names = commands.map((command) => command.name).join(", ");
    throw new InputError(`Cannot run "${name}": the commands are ${names}`);
  }
  const end = args.indexOf("--");
  const before = end < 0 ? args : args.slice(0, end);
  if (before.includes("--help") || before.includes("-h")) {
    console.log(helpOf(command));
    return 0;
  }
  return await command.run(readCommandLine(command, args));
}

function overviewOf(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  return [
    "unroll: character-level recurrent networks, trained in WebAssembly.",
    "",
    "Usage: deno task <command> ...",
    "",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`),
    "",
    "deno task <command> --help says more.",
  ].join("\n");
}
