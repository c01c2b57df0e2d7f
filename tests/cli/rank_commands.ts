/** `train-mpi` on several ranks inside of a test. */
import { exitCodeOfRank } from "../../src/cli/train_mpi.ts";
import type { Exchange } from "../../src/exchange.ts";
import { startOtherRanks } from "../ranks/ranks.ts";
import { captureOutput, type Outcome } from "./program.ts";

/** The command line of each rank; the last one is that of all further ones. */
type ArgsByRank = readonly (readonly string[])[];

/** Runs a rank; used on the threads of ranks 1, 2, … */
export async function runRank(exchange: Exchange, args: ArgsByRank): Promise<number> {
  const own = args[exchange.rank] ?? args.at(-1)!;
  return await exitCodeOfRank(exchange, own, { threads: 1 });
}

/** Runs the command on several ranks; what rank 0 prints, and the exit codes of the others. */
export async function runOnRanks(
  size: number,
  ...args: string[]
): Promise<Outcome & { readonly codes: readonly unknown[] }> {
  const task = { module: import.meta.url, name: "runRank", args: [args] };
  await using others = await startOtherRanks(size, task);
  const outcome = await captureOutput(() => runRank(others.exchange, [args]));
  return { ...outcome, codes: await others.results };
}
