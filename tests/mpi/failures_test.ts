/** Jobs that are stopped, and jobs of which a rank fails: all ranks end, and the files are whole. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readCheckpoint } from "../../src/files/mod.ts";
import {
  descendantsOf,
  exists,
  type Job,
  type Launcher,
  ranksOf,
  runAlone,
  start,
  type StartOptions,
  stateOf,
  testMpi,
  text,
  until,
} from "./mpirun.ts";

const endless = ["rain.txt", "--hidden", "16", "--steps", "1000000", "--checkpoint-every", "10"]
  .concat("--sample-every", "0", "--cooldown", "0", "--dropout", "0", "--lr-schedule", "constant")
  .concat("--warmup", "0", "--weight-average", "0", "--out", "run");

/** Starts a long training, and waits for its first checkpoint. */
async function startEndless(
  launcher: Launcher,
  folder: string,
  options: Omit<StartOptions, "folder"> = {},
): Promise<Job> {
  await Deno.writeTextFile(`${folder}/rain.txt`, text);
  const job = start(launcher, endless, { folder, ranks: 3, ...options });
  await until(() => exists(`${folder}/run/checkpoint.safetensors`));
  return job;
}

/** The processes of a job end soon after its launcher. */
async function assertAllEnd(job: Job, processes: readonly { readonly id: number }[]) {
  await job.outcome;
  const ids = processes.map(({ id }) => id);
  await until(async () => {
    const { stdout } = await new Deno.Command("ps", { args: ["-o", "stat=", "-p", ids.join()] })
      .output();
    return !/^[^Z\s]/m.test(new TextDecoder().decode(stdout));
  });
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  testMpi(`${signal} to the launcher saves the last step`, async (launcher, folder) => {
    // By default Open MPI gives a second, too little on a machine that is busy with other work.
    const command = launcher.name === "Open MPI"
      ? [...launcher.command, "--mca", "odls_base_sigkill_timeout", "5"]
      : launcher.command;
    const job = await startEndless({ ...launcher, command }, folder, { ranks: 2 });
    job.process.kill(signal);
    const { code, out } = await job.outcome;
    assert(code !== 0);
    const [, saved] = /Interrupted after ([\d,]+) steps/.exec(out) ?? [];
    const { progress } = await readCheckpoint(`${folder}/run/checkpoint.safetensors`);
    assertEquals(progress.step, Number(saved?.replaceAll(",", "")), out);
  });
}

testMpi("a signal to one rank stops all at the same step", async (launcher, folder) => {
  const job = await startEndless(launcher, folder);
  const ranks = await ranksOf(job);
  assertEquals(ranks.length, 3);
  Deno.kill(ranks.at(-1)!.id, "SIGTERM");
  assertEquals((await job.outcome).code, 143);
  const stopped = await stateOf(`${folder}/run`);
  const steps = String((stopped.progress as { step: number }).step);
  const alone = endless.map((word) => word === "1000000" ? steps : word === "run" ? "alone" : word);
  await runAlone(alone, { folder });
  const expected = await readCheckpoint(`${folder}/alone/checkpoint.safetensors`);
  assertEquals(stopped.parameters, expected.parameters);
  assertEquals(stopped.optimizerState, expected.optimizerState);
});

/** Processes of a rank, from the one that the launcher starts to the one that trains. */
const processes = ["a deno task", "the parent of a rank", "a rank"];
for (const [generation, name] of processes.entries()) {
  for (const output of ["a pipe", "a file"]) {
    testMpi(`${name} that is killed ends a job with ${output}`, async (launcher, folder) => {
      const options = output === "a file" ? { output: "out.txt" } : {};
      const job = await startEndless(launcher, folder, options);
      const all = await descendantsOf(job.process.pid);
      // The last rank that MPICH starts has a connection to it above 9.
      let victim = all.findLast(({ command }) => /^\S*deno task/.test(command))!;
      for (let i = 0; i < generation; i++) {
        victim = all.find(({ parent }) => parent === victim.id)!;
      }
      Deno.kill(victim.id, "SIGKILL");
      const { code, err } = await job.outcome;
      assert(code !== 0);
      if (name === "a rank") assertMatch(err, /^error: rank [012] on \S+ was killed by SIGKILL$/m);
      await assertAllEnd(job, all);
      await readCheckpoint(`${folder}/run/checkpoint.safetensors`);
    });
  }
}

testMpi("a rank that fails alone ends the job and is named", async (launcher, folder) => {
  const job = await startEndless(launcher, folder);
  const all = await descendantsOf(job.process.pid);
  // The folder of the run is lost to rank 0.
  await Deno.rename(`${folder}/run`, `${folder}/lost`);
  const { code, err } = await job.outcome;
  assert(code !== 0);
  assertEquals(err.split("\n").filter((line) => line.startsWith("error: ")).length, 1, err);
  assertMatch(err, /^error: .*run/m);
  await assertAllEnd(job, all);
  await readCheckpoint(`${folder}/lost/checkpoint.safetensors`);
});

testMpi("a rank that is stopped for a while delays the job", async (launcher, folder) => {
  const job = await startEndless(launcher, folder);
  const [rank] = await ranksOf(job);
  Deno.kill(rank!.id, "SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 1500));
  Deno.kill(rank!.id, "SIGCONT");
  const { step } = (await readCheckpoint(`${folder}/run/checkpoint.safetensors`)).progress;
  await until(async () => {
    const { progress } = await readCheckpoint(`${folder}/run/checkpoint.safetensors`);
    return progress.step > step;
  });
  Deno.kill(rank!.id, "SIGTERM");
  assertEquals((await job.outcome).code, 143);
});
