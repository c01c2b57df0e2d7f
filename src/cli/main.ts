/** The entry of the program, and the only module that ends the process. */
import type { Command } from "./args.ts";
import { evalCommand } from "./eval.ts";
import { gradcheckCommand } from "./gradcheck.ts";
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
  gradcheckCommand,
];

if (import.meta.main) Deno.exit(await exitCodeOf(commands, Deno.args));
