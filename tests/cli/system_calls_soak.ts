/**
 * Kills the program at single system calls, and makes single ones fail, while it saves, resumes and
 * replaces a run. After each, the run is whole, and nothing of others is changed.
 */
import { assert, assertEquals } from "@std/assert";
import { readMetrics } from "../../src/run/metrics.ts";
import { RunFolder } from "../../src/run/run_folder.ts";
import { denoArgs, namesIn, steady, succeed, testProgram, tiny } from "./program.ts";
import { contentsOf, readLatest } from "./runs.ts";

const text = "Out, out, brief candle! Life's but a walking shadow, a poor player. ".repeat(20);
const model = [...tiny, ...steady, "--threads", "1"];
const intervals = ["--log-every", "1", "--checkpoint-every", "1", "--sample-every", "0"];
/** The calls that change files or folders; files are written at a position. */
const changing = ["pwrite64", "rename", "fsync", "unlink", "ftruncate", "mkdir", "rmdir", "flock"];
/** More than a thread of such a run makes of any call. */
const MAX_CALLS = 60;

/** Whether calls can be traced: containers may forbid it. */
const hasStrace = (() => {
  try {
    return new Deno.Command("strace", { args: ["-qq", "-o", "/dev/null", "true"] }).outputSync()
      .success;
  } catch {
    return false;
  }
})();

/** Runs a command, and injects what `strace` describes into one system call. */
async function inject(folder: string, what: string, args: readonly string[]) {
  const trace = what.slice(0, what.indexOf(":"));
  const { code, signal, stderr } = await new Deno.Command("strace", {
    args: [
      ...["-f", "-qq", "-o", "/dev/null", "-e", `trace=${trace}`],
      ...["-e", `inject=${what}`, Deno.execPath(), ...denoArgs(args)],
    ],
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  return { wasKilled: signal === "SIGKILL" || code === 137, code, stderr };
}

/** Things of others in the folder of a run. */
function addOthers(run: string): void {
  for (const name of ["lock", "notes.txt", "config.json.tmp", ".unroll-0.tmp"]) {
    Deno.writeTextFileSync(`${run}/${name}`, "mine");
  }
  Deno.mkdirSync(`${run}/replacement`);
  Deno.writeTextFileSync(`${run}/replacement/thesis`, "mine");
  Deno.symlinkSync("../text.txt", `${run}/.unroll-0123456789abcdef.tmp`);
}

const others = [
  ...[".unroll-0.tmp", ".unroll-0123456789abcdef.tmp", "config.json.tmp", "lock", "notes.txt"],
  "replacement",
];
const own =
  /^(config\.json|metrics\.jsonl|(checkpoint|best|best-at-\d+|best-before-end)\.safetensors)$/;

/** Opens the run as the next process does, and checks that it is whole; the step of its checkpoint. */
async function checkRun(folder: string): Promise<number> {
  const run = `${folder}/run`;
  const opened = await RunFolder.open(run);
  opened.folder[Symbol.dispose]();
  assertEquals(namesIn(run).filter((name) => !own.test(name)), others);
  for (const name of ["lock", "notes.txt", "replacement/thesis"]) {
    assertEquals(Deno.readTextFileSync(`${run}/${name}`), "mine");
  }
  assertEquals(Deno.readTextFileSync(`${folder}/text.txt`), text);
  assert(opened.checkpoint !== null);
  const steps = (await readMetrics(run)).map(({ step }) => step);
  assert(steps.every((step, i) => i === 0 || step > steps[i - 1]!), String(steps));
  return opened.checkpoint.progress.step;
}

async function createRun(folder: string): Promise<void> {
  await Deno.writeTextFile(`${folder}/text.txt`, text);
  const train = ["train", "text.txt", ...model, ...intervals, "--out", "run"];
  await succeed(folder, ...train, "--steps", "2");
  addOthers(`${folder}/run`);
}

function testCalls(name: string, fn: (folder: string) => Promise<void>): void {
  if (hasStrace) testProgram(name, fn);
  else Deno.test({ name: `${name} (needs strace)`, ignore: true, fn() {} });
}

testCalls("train that is killed at each single system call loses nothing", async (f) => {
  await createRun(f);
  const killsOf = new Map(changing.map((call) => [call, 0]));
  const count = (call: string) => killsOf.set(call, killsOf.get(call)! + 1);
  let last = 2;
  // The same bits, however often it is killed and resumed; a limit that changes is recorded.
  for (const call of changing) {
    for (let n = 1, wasKilled = true; wasKilled && n < MAX_CALLS; n++) {
      const change = ["--steps", String(last + 24), "--patience", String(1000 + n % 2)];
      const args = ["train", "--resume", "run", ...change];
      ({ wasKilled } = await inject(f, `${call}:signal=SIGKILL:when=${n}`, args));
      if (wasKilled) count(call);
      const step = await checkRun(f);
      assert(step >= last && step <= last + 24, `${call} ${n}: step ${step} after ${last}`);
      last = step;
    }
  }
  const steps = ["--steps", String(last + 3)];
  await succeed(f, "train", "--resume", "run", ...steps);
  await succeed(f, "train", "text.txt", ...model, ...intervals, "--out", "whole", ...steps);
  assertEquals(await contentsOf(`${f}/run`), await contentsOf(`${f}/whole`));
  for (const call of changing) {
    for (let n = 1, wasKilled = true; wasKilled && n < MAX_CALLS; n++) {
      const before = (await readLatest(`${f}/run`)).config.seed;
      const args = ["train", "text.txt", ...model, ...intervals, "--out", "run", "--force"];
      const seed = ["--steps", "12", "--seed", String(n % 7 + 1)];
      ({ wasKilled } = await inject(f, `${call}:signal=SIGKILL:when=${n}`, [...args, ...seed]));
      if (wasKilled) count(call);
      const step = await checkRun(f);
      // The old run, or the new one.
      const { seed: now } = (await readLatest(`${f}/run`)).config;
      assert([before, n % 7 + 1].includes(now) && step >= 1, `${call} ${n}: seed ${now}`);
    }
  }
  for (const call of changing) {
    for (let n = 1, wasKilled = true; wasKilled && n < MAX_CALLS; n++) {
      // A new run in a folder that holds things of others.
      const run = `${f}/${call}-${n}`;
      Deno.mkdirSync(run);
      addOthers(run);
      const args = ["train", "text.txt", ...model, ...intervals, "--out", run, "--steps", "8"];
      ({ wasKilled } = await inject(f, `${call}:signal=SIGKILL:when=${n}`, args));
      if (wasKilled) count(call);
      if (namesIn(run).includes("config.json")) {
        using _folder = (await RunFolder.open(run)).folder;
      }
      // Without a configuration, the lock and a temporary file may wait for the next process.
      const names = namesIn(run).filter((name) => !own.test(name) && !/^\.unroll-lock$/.test(name));
      assert(names.length <= others.length + 1, String(names));
      assertEquals(names.filter((name) => others.includes(name)), others);
      Deno.removeSync(run, { recursive: true });
    }
  }
  console.log("kills", Object.fromEntries(killsOf));
  const kills = killsOf.values().reduce((sum, n) => sum + n, 0);
  assert(kills >= 200, String(kills));
  // A call that is never made would test nothing.
  for (const [call, n] of killsOf) assert(n > 0, `no kill at ${call}`);
});

testCalls("train whose system calls fail once loses nothing, and says so", async (f) => {
  await createRun(f);
  let failures = 0;
  let last = 2;
  for (const error of ["EIO", "ENOSPC"]) {
    for (const call of ["pwrite64", "rename", "fsync", "ftruncate", "unlink"]) {
      for (let n = 1; n <= 8; n++) {
        const args = ["train", "--resume", "run", "--steps", String(last + 2)];
        const { code, stderr } = await inject(f, `${call}:error=${error}:when=${n}`, args);
        const message = new TextDecoder().decode(stderr);
        assert(code <= 2, `${call} ${n}: ${code} ${message}`);
        assertEquals(message === "", code === 0, message);
        if (code !== 0) failures++;
        const step = await checkRun(f);
        assert(step >= last && step <= last + 2, `${call} ${n}: step ${step} after ${last}`);
        // What the error says of the checkpoint is true.
        const said = /the checkpoint of step (\d+) is kept/.exec(message)?.[1];
        if (said !== undefined) assertEquals(Number(said), step, message);
        last = step;
      }
    }
  }
  console.log(`${failures} failures`);
  assert(failures > 0);
});
