/** The entry of `deno task compare`. */
import { exitCodeOf } from "../../src/cli/program.ts";
import { compareCommand } from "./command.ts";

if (import.meta.main) Deno.exit(await exitCodeOf([compareCommand], ["compare", ...Deno.args]));
