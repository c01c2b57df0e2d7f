/** The command line's entry: the one place in src/ that ends the process. */
import { evalCommand } from "./eval.ts";
import { gradcheckCommand } from "./gradcheck.ts";
import { exitCodeOf } from "./program.ts";
import { sampleCommand } from "./sample.ts";
import { scoreCommand } from "./score.ts";
import { trainCommand } from "./train.ts";

if (import.meta.main) {
  const commands = [trainCommand, sampleCommand, evalCommand, scoreCommand, gradcheckCommand];
  Deno.exit(await exitCodeOf(commands, Deno.args));
}
