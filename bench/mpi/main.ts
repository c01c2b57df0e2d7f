/**
 * The entry of `deno task bench-mpi`: under a launcher of MPI it measures steps on all ranks, without
 * one it prints what the cost model predicts.
 */
import { exitCodeOf } from "../../src/cli/program.ts";
import { readLaunch } from "../../src/mpi/launcher.ts";
import { modelCommand } from "./command.ts";

const [library = "", , ...args] = Deno.args;
const launch = readLaunch((name) => Deno.env.get(name));
if (launch === undefined || args.length > 0) {
  Deno.exit(await exitCodeOf([modelCommand], [modelCommand.name, ...args]));
}
const { measure } = await import("./measure.ts");
Deno.exit(await measure(library));
