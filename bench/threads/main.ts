/** The entry of `deno task bench-threads`. */
import { exitCodeOf } from "../../src/cli/program.ts";
import { threadsCommand } from "./command.ts";

if (import.meta.main) {
  Deno.exit(await exitCodeOf([threadsCommand], ["bench-threads", ...Deno.args]));
}
