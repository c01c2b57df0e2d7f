/**
 * Prints the path of the MPI library for `start.sh`, which grants `--allow-ffi` for it alone;
 * nothing if there is none, so that the command itself explains it.
 */
import { printResult } from "../cli/output.ts";
import { findLibrary, valueOf } from "./find_library.ts";

try {
  printResult(findLibrary(valueOf(Deno.args, "mpi-library"), (name) => Deno.env.get(name)));
} catch {
  printResult("");
}
