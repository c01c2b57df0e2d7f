/**
 * The command line: the commands of `deno task`, for programs that embed them.
 *
 * Run as the main module, it runs the command that its arguments name and ends the process with the
 * exit code; it is the only module that ends the process. Imported, it does nothing.
 *
 * @example
 * ```ts
 * import { commands, exitCodeOf } from "./main.ts";
 *
 * console.log(commands.map(({ name }) => name).join(" ")); // train sample eval score info plot export import gradcheck
 * console.log(await exitCodeOf(commands, ["gradcheck", "--hidden", "3"])); // 0
 * ```
 *
 * @module
 */
import type { Command, CommandLine, Option } from "./args.ts";
import { evalCommand } from "./eval.ts";
import { exportCommand } from "./export.ts";
import { gradcheckCommand } from "./gradcheck.ts";
import { infoCommand } from "./info.ts";
import { importCommand } from "./import.ts";
import { plotCommand } from "./plot.ts";
import { exitCodeOf } from "./program.ts";
import { sampleCommand } from "./sample.ts";
import { scoreCommand } from "./score.ts";
import { trainCommand } from "./train.ts";

/** The commands of the program. */
export const commands: readonly Command[] = [
  trainCommand,
  sampleCommand,
  evalCommand,
  scoreCommand,
  infoCommand,
  plotCommand,
  exportCommand,
  importCommand,
  gradcheckCommand,
];

export { exitCodeOf };
export type { Command, CommandLine, Option };

if (import.meta.main) Deno.exit(await exitCodeOf(commands, Deno.args));
