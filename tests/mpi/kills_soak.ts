/** Ranks that are killed at any moment: the job ends, and the run is resumed with the same bits. */
import { assert, assertEquals } from "@std/assert";
import {
  exists,
  type Job,
  ranksOf,
  run,
  runAlone,
  start,
  stateOf,
  testMpi,
  text,
  until,
} from "./mpirun.ts";

const KILLS = 50;
const RANKS = 3;

testMpi(`${KILLS} kills of a random rank lose no checkpoint`, async (launcher, folder) => {
  await Deno.writeTextFile(`${folder}/rain.txt`, text);
  const begin = ["rain.txt", "--hidden", "16", "--sample-every", "0", "--checkpoint-every", "7"]
    .concat("--out", "run");
  const fixed = ["--cooldown", "0", "--dropout", "0", "--lr-schedule", "constant"]
    .concat("--weight-average", "0", "--warmup", "0")
    // The default depends on the number of steps, and validations take place with these metrics.
    .concat("--log-every", "50");
  for (let kill = 0; kill < KILLS; kill++) {
    const args = exists(`${folder}/run/config.json`)
      ? ["--resume", "run"]
      : [...begin, ...fixed, "--steps", "1000000"];
    const job = start(launcher, args, { folder, ranks: RANKS });
    await killRandomRank(job, kill % 2 === 0 ? `${folder}/run/checkpoint.safetensors` : undefined);
    const { code, err } = await job.outcome;
    assert(code !== 0, err);
  }
  const { progress } = await stateOf(`${folder}/run`) as { progress: { step: number } };
  const steps = ["--steps", String(progress.step + 5)];
  assertEquals((await run(launcher, ["--resume", "run", ...steps], { folder })).code, 0);
  await runAlone([...begin.slice(0, -1), "alone", ...fixed, ...steps], { folder });
  assertEquals(await stateOf(`${folder}/run`), await stateOf(`${folder}/alone`));
});

/**
 * Kills a rank at any time: while it starts, joins the job, trains or saves.
 *
 * @param checkpoint Waits until this file is written, so that each second job gets on.
 */
async function killRandomRank(job: Job, checkpoint?: string): Promise<void> {
  const written = () => checkpoint && exists(checkpoint) ? Deno.statSync(checkpoint).mtime! : 0;
  const before = Number(written());
  await until(async () => (await ranksOf(job)).length === RANKS);
  if (checkpoint !== undefined) await until(() => Number(written()) !== before);
  // Half a second has many steps and checkpoints; starting and joining take longer.
  const longest = checkpoint === undefined ? 2000 : 500;
  await new Promise((resolve) => setTimeout(resolve, longest * Math.random()));
  const ranks = await ranksOf(job);
  try {
    Deno.kill(ranks[Math.floor(RANKS * Math.random())]!.id, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
