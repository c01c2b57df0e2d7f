/** The entry of `deno task choose-defaults`. */
import { exitCodeOf } from "../../src/cli/program.ts";
import { defaultsCommand } from "./command.ts";

if (import.meta.main) {
  Deno.exit(await exitCodeOf([defaultsCommand], ["choose-defaults", ...Deno.args]));
}
