/** The entry of `deno task plot`. */
import { exitCodeOf } from "../../src/cli/program.ts";
import { plotCommand } from "./command.ts";

if (import.meta.main) Deno.exit(await exitCodeOf([plotCommand], ["plot", ...Deno.args]));
