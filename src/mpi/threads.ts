/** How many threads a rank has, so that the ranks of a machine share its cores. */
import type { Functions } from "./library.ts";
import type { RankInfo } from "./ranks.ts";

/** Bytes of a set of cores: 8,192 of them, as many as Linux can have. */
const SET_BYTES = 1024;
/** sysconf()'s _SC_NPROCESSORS_ONLN of Linux. */
const ONLINE_PROCESSORS = 84;

/** The cores that this process may run on, and those of its machine; none if the system does not say. */
export function readCores(
  { sched_getaffinity, sysconf }: Functions,
): Pick<RankInfo, "cores" | "machineCores"> {
  const set = new Uint8Array(SET_BYTES);
  // Process 0 is the calling one.
  if (!sched_getaffinity || sched_getaffinity(0, BigInt(SET_BYTES), set) !== 0) {
    return { cores: [], machineCores: 0 };
  }
  const cores = Array.from({ length: 8 * SET_BYTES }, (_, core) => core)
    .filter((core) => (set[core >> 3]! >> (core & 7) & 1) === 1);
  return { cores, machineCores: Number(sysconf(ONLINE_PROCESSORS)) };
}

/**
 * The cores for the threads of a rank: those that it may run on, divided among all ranks that may
 * run there.
 */
export function coresOf(ranks: readonly RankInfo[], rank: number): number {
  const { host, cores, parallelism } = ranks[rank]!;
  const own = new Set(cores);
  const sharing = ranks.filter((other) =>
    other.host === host && (own.size === 0 || other.cores.some((core) => own.has(core)))
  );
  return Math.max(1, Math.floor(parallelism / sharing.length));
}

/**
 * Whether there are more threads than cores somewhere, so that a rank that waits must let others
 * run.
 *
 * @param threads The threads of each rank.
 */
export function sharesCores(ranks: readonly RankInfo[], threads: readonly number[]): boolean {
  return ranks.some(({ host, parallelism }) => {
    const local = ranks.flatMap((rank, i) => rank.host === host ? [i] : []);
    const cores = new Set(local.flatMap((i) => ranks[i]!.cores));
    const wanted = local.reduce((sum, i) => sum + threads[i]!, 0);
    return wanted > (cores.size || parallelism) ||
      local.some((i) => threads[i]! > ranks[i]!.parallelism);
  });
}

/**
 * A warning if the launcher pinned ranks to fewer cores than they have threads, or than there are
 * while nothing else uses the others; `undefined` if it did not.
 *
 * @param threads The threads of each rank.
 * @param isMpirun Whether `mpirun` pinned them: other launchers give what was asked for.
 */
export function describePinning(
  ranks: readonly RankInfo[],
  threads: readonly number[],
  isMpirun: boolean,
): string | undefined {
  const advice = "add --bind-to none to mpirun, or --cpus-per-task to srun";
  const pinned = ranks.findIndex(({ cores }, i) => cores.length > 0 && cores.length < threads[i]!);
  if (pinned >= 0) {
    const { cores: { length }, host } = ranks[pinned]!;
    return `Warning: the launcher pinned rank ${pinned} on ${host} to ${length} ` +
      `${length === 1 ? "core" : "cores"}, which its ${threads[pinned]} threads share; ${advice}`;
  }
  if (!isMpirun) return undefined;
  for (const { host, machineCores } of ranks) {
    const local = ranks.filter((rank) => rank.host === host);
    const used = new Set(local.flatMap(({ cores }) => cores)).size;
    if (used < machineCores) {
      return `Warning: the launcher pinned the ranks on ${host} to ${used} of its ${machineCores} ` +
        "cores; add --bind-to none to mpirun to use them all";
    }
  }
  return undefined;
}
