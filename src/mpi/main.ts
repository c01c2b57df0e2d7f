/**
 * One rank of `deno task train-mpi`, started by `start.sh` with two arguments before those of the
 * command: the path of the MPI library, empty if none was found, and the name of the machine.
 *
 * It joins the job, checks that all ranks belong together, and trains. All ranks end together: one
 * that fails alone ends the job, with an exit code that is not 0.
 */
import { isRequested } from "../cli/args.ts";
import { disableTerminal, printMessage } from "../cli/output.ts";
import { exitCodeOf, messageOf } from "../cli/program.ts";
import { exitCodeOfRank, mpiCommand } from "../cli/train_mpi.ts";
import { InputError } from "../errors.ts";
import { escapeInvisible } from "../printable.ts";
import { findLibrary, valueOf } from "./find_library.ts";
import {
  describePlainSrun,
  describeWrongLauncher,
  isMpirun,
  type Launch,
  NO_LAUNCHER,
  readLaunch,
} from "./launcher.ts";
import { type Functions, openLibrary } from "./library.ts";
import { Mpi, versionOf } from "./mpi.ts";
import { describeDifference, describeRank, gatherValues, type RankInfo } from "./ranks.ts";
import { coresOf, describePinning, readCores, sharesCores } from "./threads.ts";

/**
 * How long ranks other than 0 wait before they end with an error that rank 0 may have, too. Launchers
 * end all ranks with the first, which must be the one that reports the error, even if it starts last.
 */
const REPORT_MS = 10_000;
/** prctl()'s PR_SET_PDEATHSIG: the signal that a process gets when its parent ends. */
const PARENT_DEATH_SIGNAL = 1;
const SIGKILL = 9n;

const [path = "", host = "", ...args] = Deno.args;
const environment = (name: string) => Deno.env.get(name);
const { name } = mpiCommand;

/** Ends this process with an error that all ranks have; the command's way to report it. */
async function refuse(error: Error, rank: number): Promise<never> {
  if (rank !== 0) {
    await new Promise((resolve) => setTimeout(resolve, REPORT_MS));
    Deno.exit(error instanceof InputError ? 2 : 1);
  }
  const run = () => {
    throw error;
  };
  Deno.exit(await exitCodeOf([{ ...mpiCommand, run }], [name, ...args]));
}

/** Prints the error of a rank, in the terms of the command line; returns its exit code. */
function report(error: unknown, rank: number, host: string): number {
  const message = messageOf(error, mpiCommand.options).replaceAll("\n", " ");
  printMessage(`error: rank ${rank} on ${host}: ${escapeInvisible(message)}`);
  return error instanceof InputError ? 2 : 1;
}

/** Joins the job. An error may be that of this rank alone, and the others cannot know. */
async function join(
  { rank }: Launch,
): Promise<{ mpi: Mpi; functions: Functions; library: string }> {
  try {
    const found = path || findLibrary(valueOf(args, "mpi-library"), environment);
    const library = openLibrary(found);
    // A rank whose launcher was killed would wait for the others forever.
    library.functions.prctl?.(PARENT_DEATH_SIGNAL, SIGKILL, 0n, 0n, 0n);
    const mpi = await Mpi.join(library);
    return { mpi, functions: library.functions, library: `${versionOf(library)} (${found})` };
  } catch (error) {
    if (rank !== 0) await new Promise((resolve) => setTimeout(resolve, REPORT_MS));
    Deno.exit(report(error, rank, host));
  }
}

/** Divides the cores of each machine among its ranks; returns the number of this rank. */
function divideCores(mpi: Mpi, ranks: readonly RankInfo[]): number {
  const cores = coresOf(ranks, mpi.rank);
  const given = Number(valueOf(args, "threads"));
  // A wrong number is refused when the options are read.
  const threads = gatherValues(mpi, given > 0 ? given : cores);
  mpi.sharesCores = sharesCores(ranks, threads);
  const warning = describePinning(ranks, threads, isMpirun(environment));
  if (warning !== undefined && mpi.rank === 0) printMessage(warning);
  return cores;
}

async function main(): Promise<never> {
  // Set by start.sh if the launcher does not write to a terminal.
  if (environment("UNROLL_OUTPUT") === "plain") disableTerminal();
  if (isRequested("help", args) || isRequested("version", args)) {
    Deno.exit(await exitCodeOf([mpiCommand], [name, ...args]));
  }
  const launch = readLaunch(environment);
  if (launch === undefined) return refuse(new InputError(NO_LAUNCHER), 0);
  const plainSrun = describePlainSrun(environment);
  if (plainSrun !== undefined) return refuse(new InputError(plainSrun), launch.rank);
  const { mpi, functions, library } = await join(launch);
  const wrongLauncher = describeWrongLauncher(launch, { size: mpi.size, library });
  if (wrongLauncher !== undefined) {
    mpi.finalize();
    return refuse(new InputError(wrongLauncher), launch.rank);
  }
  const fail = (error: unknown): never => mpi.abort(report(error, mpi.rank, mpi.host));
  addEventListener("error", ({ error }) => fail(error));
  addEventListener("unhandledrejection", ({ reason }) => fail(reason));
  try {
    const ranks = gatherValues(mpi, describeRank(host, { args, ...readCores(functions) }));
    const difference = describeDifference(ranks);
    if (difference !== undefined) {
      mpi.finalize();
      return refuse(new InputError(difference), mpi.rank);
    }
    const threads = divideCores(mpi, ranks);
    const code = await exitCodeOfRank(mpi, args, { threads });
    mpi.finalize();
    Deno.exit(code);
  } catch (error) {
    return fail(error);
  }
}

await main();
