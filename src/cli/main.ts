/**
 * The command line's entry: finds the command, runs it, and turns errors into one line and an exit
 * code: 0 done, 1 failed, 2 misused, 130 interrupted. Nothing else in the project exits.
 */
import { InputError } from "../errors.ts";
import { evalCommand } from "./eval.ts";
import { gradcheckCommand } from "./gradcheck.ts";
import { type Command, helpOf, readCommandLine } from "./options.ts";
import { sampleCommand } from "./sample.ts";
import { trainCommand } from "./train.ts";

const commands: readonly Command[] = [trainCommand, sampleCommand, evalCommand, gradcheckCommand];

function overview(): string {
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

async function run([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === "--help" || name === "-h") {
    console.log(overview());
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

if (import.meta.main) {
  try {
    Deno.exit(await run(Deno.args));
  } catch (error) {
    // `| head -1` closes standard output; that is no failure of this program.
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
    console.error(`error: ${error instanceof Error ? error.message : error}`.replaceAll("\n", " "));
    Deno.exit(error instanceof InputError ? 2 : 1);
  }
}
