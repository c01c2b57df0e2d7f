/** What started this process, by the variables that launchers set for each rank. */
import type { Flavor } from "./library.ts";

/** Reads a variable of the environment. */
export type Environment = (name: string) => string | undefined;

/** What a launcher has started. */
export interface Launch {
  /** The command, for messages. */
  readonly launcher: string;
  /** The number of this process among those that it started. */
  readonly rank: number;
  /** How many it started; `null` if it does not say. */
  readonly size: number | null;
}

/**
 * The launchers by the variables that they set, the surest first: `mpirun` in a job of Slurm sets
 * those of Slurm, too. A batch script of Slurm has variables of the job, but not of a step.
 */
const launchers = [
  {
    launcher: "mpirun of Open MPI",
    rank: "OMPI_COMM_WORLD_RANK",
    size: "OMPI_COMM_WORLD_SIZE",
    flavor: "Open MPI",
  },
  { launcher: "mpirun of MPICH", rank: "PMI_RANK", size: "PMI_SIZE", flavor: "MPICH" },
  { launcher: "srun", rank: "SLURM_PROCID", size: "SLURM_STEP_NUM_TASKS", flavor: undefined },
  { launcher: "the launcher", rank: "PMIX_RANK", size: undefined, flavor: "Open MPI" },
] as const;

/** Variables of the environment that the functions of this file read. */
export const launcherVariables: readonly string[] = launchers.flatMap(({ rank, size }) =>
  size === undefined ? [rank] : [rank, size]
);

/** What started this process; `undefined` if no launcher did. */
export function readLaunch(environment: Environment): Launch | undefined {
  for (const { launcher, rank, size } of launchers) {
    const ranks = size === undefined ? null : environment(size);
    const number = environment(rank);
    if (number === undefined || ranks === undefined) continue;
    return { launcher, rank: Number(number), size: ranks === null ? null : Number(ranks) };
  }
  return undefined;
}

/**
 * The kind of library that a launcher belongs to; `undefined` if it starts any. `srun` sets the
 * variables of the interface that it was asked for.
 */
export function launcherFlavor(environment: Environment): Flavor | undefined {
  const found = launchers.find(({ rank, flavor }) =>
    flavor !== undefined && environment(rank) !== undefined
  );
  return found?.flavor;
}

/**
 * What to do if `srun` did not start this process as a rank of MPI; `undefined` otherwise. Libraries take such a
 * rank for the only one, or end it with a message of many lines.
 */
export function describePlainSrun(environment: Environment): string | undefined {
  const launch = readLaunch(environment);
  if (launch?.launcher !== "srun" || launch.size === 1) return undefined;
  if (launcherFlavor(environment) !== undefined) return undefined;
  return `Cannot train on ${launch.size} ranks: srun started ${launch.size} without MPI, so that they ` +
    "do not see each other; write srun --mpi=pmix (for MPICH --mpi=pmi2)";
}

/** Whether `mpirun` started this process, which pins ranks by default. */
export function isMpirun(environment: Environment): boolean {
  return environment("OMPI_COMM_WORLD_RANK") !== undefined;
}

/**
 * Why the ranks do not see each other, and what to do; `undefined` if they do.
 *
 * A library that was started by the launcher of another one takes its rank for the only one.
 *
 * @param seen The ranks that the library sees, and its name.
 */
export function describeWrongLauncher(
  { launcher, size: started }: Launch,
  { size, library }: { readonly size: number; readonly library: string },
): string | undefined {
  if (started === null || started === size) return undefined;
  const advice = launcher === "srun"
    ? "write srun --mpi=pmix (for MPICH --mpi=pmi2), or name another library with --mpi-library"
    : "use the mpirun of that library, or name the library of this mpirun with --mpi-library";
  return `Cannot train on ${started} ranks: ${launcher} started ${started}, but ` +
    `${library} sees ${size}; ${advice}`;
}

/** What to do where no launcher started this process. */
export const NO_LAUNCHER =
  "Cannot train on several ranks: no launcher started this process; write mpirun -n 4 deno task " +
  "train-mpi <text>, or in a job of Slurm srun --mpi=pmix deno task train-mpi <text>, or train on " +
  "this machine alone with deno task train <text>";
