/** The entry of `deno task bench-phases`. */
import { exitCodeOf } from "../../src/cli/program.ts";
import { phasesCommand } from "./command.ts";

if (import.meta.main) Deno.exit(await exitCodeOf([phasesCommand], ["bench-phases", ...Deno.args]));
