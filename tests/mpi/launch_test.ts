/** What is decided before ranks train: who started them, whether they belong together, their cores. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import type { Exchange } from "../../src/exchange.ts";
import { findLibrary, valueOf } from "../../src/mpi/find_library.ts";
import {
  describePlainSrun,
  describeWrongLauncher,
  launcherFlavor,
  readLaunch,
} from "../../src/mpi/launcher.ts";
import { describeDifference, gatherValues, type RankInfo } from "../../src/mpi/ranks.ts";
import { coresOf, describePinning, sharesCores } from "../../src/mpi/threads.ts";

const environmentOf = (variables: Record<string, string>) => (name: string) => variables[name];

Deno.test("readLaunch() recognizes the launchers, and prefers mpirun to the job that it is in", () => {
  const slurm = { SLURM_PROCID: "1", SLURM_STEP_NUM_TASKS: "3" };
  const read = (variables: Record<string, string>) => readLaunch(environmentOf(variables));
  assertEquals(read({}), undefined);
  // A batch script has no step.
  assertEquals(read({ SLURM_PROCID: "0" }), undefined);
  assertEquals(read(slurm), { launcher: "srun", rank: 1, size: 3 });
  assertEquals(read({ ...slurm, OMPI_COMM_WORLD_RANK: "2", OMPI_COMM_WORLD_SIZE: "4" })?.size, 4);
  assertEquals(read({ PMI_RANK: "0", PMI_SIZE: "2" })?.launcher, "mpirun of MPICH");
  assertEquals(read({ PMIX_RANK: "5" }), { launcher: "the launcher", rank: 5, size: null });
});

Deno.test("launcherFlavor() names the kind of library that a launcher belongs to", () => {
  assertEquals(launcherFlavor(environmentOf({ OMPI_COMM_WORLD_RANK: "0" })), "Open MPI");
  assertEquals(launcherFlavor(environmentOf({ PMI_RANK: "0" })), "MPICH");
  assertEquals(launcherFlavor(environmentOf({ SLURM_PROCID: "0", PMIX_RANK: "0" })), "Open MPI");
  assertEquals(launcherFlavor(environmentOf({})), undefined);
});

Deno.test("describeWrongLauncher() says what to do if the library sees other ranks", () => {
  const launch = { launcher: "srun", rank: 0, size: 4 };
  const library = "MPICH 4.0.2 (/lib/libmpich.so.12)";
  assertEquals(describeWrongLauncher(launch, { size: 4, library }), undefined);
  assertEquals(describeWrongLauncher({ ...launch, size: null }, { size: 1, library }), undefined);
  assertMatch(
    describeWrongLauncher(launch, { size: 1, library })!,
    /srun started 4, but MPICH 4\.0\.2 .* sees 1; .*--mpi=pmix/,
  );
});

Deno.test("describePlainSrun() finds srun without --mpi", () => {
  const plain = { SLURM_PROCID: "0", SLURM_STEP_NUM_TASKS: "2" };
  assertMatch(describePlainSrun(environmentOf(plain))!, /srun --mpi=pmix/);
  assertEquals(describePlainSrun(environmentOf({ ...plain, PMIX_RANK: "0" })), undefined);
  assertEquals(describePlainSrun(environmentOf({ ...plain, PMI_RANK: "0" })), undefined);
  assertEquals(
    describePlainSrun(environmentOf({ ...plain, SLURM_STEP_NUM_TASKS: "1" })),
    undefined,
  );
});

Deno.test("valueOf() finds the last value of an option", () => {
  const args = ["a.txt", "--mpi-library", "x", "--mpi-library=y=z", "--threads", "2"];
  assertEquals(valueOf(args, "mpi-library"), "y=z");
  assertEquals(valueOf(args, "threads"), "2");
  assertEquals(valueOf(args, "out"), undefined);
});

Deno.test({
  name: "findLibrary() rejects a file that does not exist (needs --allow-read)",
  ignore: Deno.permissions.querySync({ name: "read" }).state !== "granted",
  fn() {
    assertThrows(() => findLibrary("/missing/libmpi.so", environmentOf({})), InputError, "missing");
  },
});

const rank: RankInfo = {
  host: "a",
  version: "1.0.0",
  kernels: "k",
  precision: "f32",
  args: ["x.txt"],
  cores: [0, 1, 2, 3],
  parallelism: 4,
  machineCores: 4,
};

Deno.test("describeDifference() names the first rank that differs, and what to do", () => {
  assertEquals(describeDifference([rank, { ...rank, host: "b", cores: [7] }]), undefined);
  const differing: readonly (readonly [Partial<RankInfo>, RegExp])[] = [
    [{ version: "0.9.0" }, /rank 1 on b runs unroll 0\.9\.0, .*rank 0 on a runs 1\.0\.0/],
    [{ kernels: "other" }, /rank 1 on b has other kernels/],
    [{ args: ["x.txt", "--lr", "1"] }, /"--lr" instead of nothing/],
    [{ precision: "f32-strict" }, /add --precision f32-strict/],
  ];
  for (const [difference, message] of differing) {
    assertMatch(describeDifference([rank, { ...rank, host: "b", ...difference }])!, message);
  }
  const strict = { ...rank, args: ["x.txt", "--precision", "f64"] };
  assertEquals(describeDifference([strict, { ...strict, precision: "f32-strict" }]), undefined);
});

Deno.test("coresOf() divides the cores that ranks of a machine share", () => {
  const other = { ...rank, host: "b" };
  assertEquals([0, 1, 2].map((i) => coresOf([rank, rank, other], i)), [2, 2, 4]);
  const pinned = [0, 1].map((core) => ({ ...rank, cores: [core], parallelism: 1 }));
  assertEquals(coresOf(pinned, 0), 1);
  const halves = [[0, 1], [2, 3]].map((cores) => ({ ...rank, cores, parallelism: 2 }));
  assertEquals(coresOf(halves, 1), 2);
  // Systems that do not say which cores a process may run on.
  assertEquals(coresOf([rank, rank].map((each) => ({ ...each, cores: [] })), 0), 2);
});

Deno.test("sharesCores() finds machines with more threads than cores", () => {
  const other = { ...rank, host: "b" };
  assert(!sharesCores([rank, rank, other], [2, 2, 4]));
  assert(sharesCores([rank, rank, other], [2, 3, 4]));
  assert(sharesCores([{ ...rank, cores: [0], parallelism: 1 }], [2]));
});

Deno.test("describePinning() warns of pinned threads and of cores that nothing uses", () => {
  const pinned = { ...rank, cores: [0], parallelism: 1 };
  assertEquals(describePinning([rank, rank], [2, 2], true), undefined);
  assertMatch(describePinning([pinned], [2], false)!, /rank 0 on a to 1 core, .*--bind-to none/);
  assertMatch(describePinning([pinned], [1], true)!, /1 of its 4 cores/);
  assertEquals(describePinning([pinned], [1], false), undefined);
});

Deno.test("gatherValues() collects values of different lengths", () => {
  // What the other rank sends.
  const other = new TextEncoder().encode(JSON.stringify({ text: "äöü", size: 3 }));
  let calls = 0;
  const exchange: Pick<Exchange, "rank" | "size" | "allGather"> = {
    rank: 0,
    size: 2,
    allGather(values, slices) {
      if (calls++ === 0) values[1] = other.length;
      else new Uint8Array(values.buffer).set(other, 4 * slices[1]!.start);
    },
  };
  assertEquals(gatherValues<unknown>(exchange as Exchange, [1]), [[1], { text: "äöü", size: 3 }]);
});
