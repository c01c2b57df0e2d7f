/** Ranks that do not belong together are refused: one line that says what to do, and no exit code 0. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { exists, launchers, run, startCommand, taskOf, testMpi, text } from "./mpirun.ts";

/** The lines of the program among those of the launcher. */
function errorsIn(err: string): string[] {
  return err.split("\n").filter((line) => line.startsWith("error: "));
}

/** A job is refused with one line. */
function assertRefused(
  { code, err }: { readonly code: number; readonly err: string },
  line: RegExp,
): void {
  assert(code !== 0);
  const errors = errorsIn(err);
  assertEquals(errors.length, 1, err);
  assertMatch(errors[0]!, line);
}

testMpi("train-mpi without a launcher is refused", async (_, folder) => {
  const outcome = await startCommand([...taskOf("train-mpi"), "rain.txt"], { folder }).outcome;
  assertRefused(outcome, /no launcher.*mpirun -n 4/);
  assertEquals(outcome.code, 2);
});

testMpi("ranks that do not see each other are refused", async (launcher, folder) => {
  await Deno.writeTextFile(`${folder}/rain.txt`, text);
  const other = launchers.find(({ name }) => name !== launcher.name);
  if (other === undefined) return;
  const args = ["rain.txt", "--steps", "2", "--out", "run", "--mpi-library", other.library];
  const outcome = await run(launcher, args, { folder, ranks: 3 });
  assertRefused(outcome, /started 3, but .* sees 1; .*--mpi-library/);
  assert(!exists(`${folder}/run`));
});

testMpi("a file that is no MPI library is refused", async (launcher, folder) => {
  await Deno.writeTextFile(`${folder}/rain.txt`, text);
  for (const library of ["rain.txt", "missing.so"]) {
    const outcome = await run(launcher, ["rain.txt", "--mpi-library", library], { folder });
    assertRefused(outcome, /MPI library/);
  }
});

testMpi("ranks with other arguments are refused", async (launcher, folder) => {
  await Deno.writeTextFile(`${folder}/rain.txt`, text);
  const rank = (hidden: string) => [
    ...["-n", "1", ...taskOf("train-mpi"), "rain.txt", "--out", "run", "--steps", "2"],
    ...["--hidden", hidden],
  ];
  const command = [...launcher.command, ...rank("8"), ":", ...rank("9")];
  const outcome = await startCommand(command, { folder }).outcome;
  assertRefused(outcome, /rank 1 on \S+ has other arguments.*"9" instead of "8"/);
  assert(!exists(`${folder}/run`));
});

testMpi("a text that one rank lacks is reported once, with the rank", async (launcher, folder) => {
  for (const rank of ["first", "second"]) await Deno.mkdir(`${folder}/${rank}`);
  await Deno.writeTextFile(`${folder}/first/rain.txt`, text);
  const train = [...taskOf("train-mpi"), "rain.txt", "--steps", "2", "--out", `${folder}/run`];
  // The folder that `deno task` was started in.
  const rank = (name: string) => ["-n", "1", "env", `INIT_CWD=${folder}/${name}`, ...train];
  const command = [...launcher.command, ...rank("first"), ":", ...rank("second")];
  const outcome = await startCommand(command, { folder }).outcome;
  assertRefused(outcome, /"rain\.txt".*no such file.*on rank 1, /);
  assert(!exists(`${folder}/run`));
});

testMpi("ranks of another version are refused", async (launcher, folder) => {
  await Deno.writeTextFile(`${folder}/rain.txt`, text);
  await copyProject(`${folder}/other`);
  const rank = (config: string[]) => ["-n", "1", ...config, "rain.txt", "--out", "run"];
  const [deno, ...task] = taskOf("train-mpi");
  const otherTask = task.map((word) =>
    word.endsWith("/deno.json") ? `${folder}/other/deno.json` : word
  );
  const command = [
    ...launcher.command,
    ...rank([deno!, ...task]),
    ":",
    ...rank([deno!, ...otherTask]),
  ];
  const outcome = await startCommand(command, { folder }).outcome;
  assertRefused(outcome, /rank 1 on \S+ runs unroll 0\.0\.1.*same version/);
});

/** Copies what a rank needs of this project, with another version. */
async function copyProject(target: string): Promise<void> {
  const root = new URL("../../", import.meta.url).pathname;
  await Deno.mkdir(target);
  const copy = new Deno.Command("cp", { args: ["-r", `${root}src`, target] });
  assert((await copy.output()).success);
  const config = await Deno.readTextFile(`${root}deno.json`);
  await Deno.writeTextFile(
    `${target}/deno.json`,
    config.replace(/"version": ".*"/, '"version": "0.0.1"'),
  );
}

testMpi("wrong options and missing texts are reported once", async (launcher, folder) => {
  await Deno.writeTextFile(`${folder}/rain.txt`, text);
  const wrong = await run(launcher, ["rain.txt", "--hidden", "0"], { folder });
  assertRefused(wrong, /--hidden/);
  assertEquals(wrong.code, 2);
  assertRefused(await run(launcher, ["missing.txt"], { folder }), /missing\.txt/);
});
