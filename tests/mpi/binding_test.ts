/** The exchange of numbers by the libraries themselves. */
import { assertEquals } from "@std/assert";
import { startCommand, testMpi } from "./mpirun.ts";

const root = new URL("../../", import.meta.url).pathname;

testMpi("Mpi exchanges arrays of all types and lengths", async (launcher, folder) => {
  for (const ranks of [1, 2, 4]) {
    for (const mode of ["own", "shared"]) {
      const program = ["sh", `${root}src/mpi/start.sh`, Deno.execPath()]
        .concat(`${root}tests/mpi/exchange_program.ts`, mode);
      const command = [...launcher.command, "-n", String(ranks), ...program];
      const { code, err } = await startCommand(command, { folder }).outcome;
      assertEquals(code, 0, err);
    }
  }
});
