/** The entry of `deno task measure-structure`. */
import { exitCodeOf } from "../../src/cli/program.ts";
import { structureCommand } from "./command.ts";

if (import.meta.main) {
  Deno.exit(await exitCodeOf([structureCommand], ["measure-structure", ...Deno.args]));
}
