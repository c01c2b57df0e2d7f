/** `deno task rivals`: the entry. */
import { exitCodeOf } from "../../src/cli/program.ts";
import { rivalsCommand } from "./command.ts";

if (import.meta.main) Deno.exit(await exitCodeOf([rivalsCommand], ["rivals", ...Deno.args]));
