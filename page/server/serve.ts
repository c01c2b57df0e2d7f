/** Serves the page on this machine: `deno task page`. */
import { exitCodeOf } from "../../src/cli/program.ts";
import { pageCommand } from "./command.ts";

if (import.meta.main) Deno.exit(await exitCodeOf([pageCommand], ["page", ...Deno.args]));
