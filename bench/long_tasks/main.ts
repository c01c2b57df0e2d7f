/** The entry of `deno task bench-long-tasks`. */
import { exitCodeOf } from "../../src/cli/program.ts";
import { longTasksCommand } from "./command.ts";

if (import.meta.main) {
  Deno.exit(await exitCodeOf([longTasksCommand], ["bench-long-tasks", ...Deno.args]));
}
