/** The entry of `deno task compare-page`. */
import { exitCodeOf } from "../../src/cli/program.ts";
import { comparePageCommand } from "./command.ts";

if (import.meta.main) {
  Deno.exit(await exitCodeOf([comparePageCommand], ["compare-page", ...Deno.args]));
}
