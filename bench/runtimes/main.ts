/** The entry of `deno task compare-runtimes`. */
import { exitCodeOf } from "../../src/cli/program.ts";
import { compareRuntimesCommand } from "./command.ts";

if (import.meta.main) {
  Deno.exit(await exitCodeOf([compareRuntimesCommand], ["compare-runtimes", ...Deno.args]));
}
