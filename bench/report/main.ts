/** `deno task bench-report`: the entry. */
import { exitCodeOf } from "../../src/cli/program.ts";
import { reportCommand } from "./command.ts";

if (import.meta.main) Deno.exit(await exitCodeOf([reportCommand], ["bench-report", ...Deno.args]));
