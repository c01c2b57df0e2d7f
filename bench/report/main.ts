/** The entry of `deno task bench-report`. */
import { exitCodeOf } from "../../src/cli/program.ts";
import { reportCommand } from "./command.ts";

if (import.meta.main) Deno.exit(await exitCodeOf([reportCommand], ["bench-report", ...Deno.args]));
