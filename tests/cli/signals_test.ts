/** What signals do to a run: it ends in time, with its state saved and the right exit code. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readCheckpoint } from "../../src/checkpoint/file.ts";
import { namesIn, rest, run, start, succeed, testProgram, untilSaid } from "./program.ts";
import { metricsOf } from "./runs.ts";

const text = "It was a dark and stormy night; the rain fell in torrents. ".repeat(20);
const exitCodes = [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const;
/** What is allowed from the signal to the end of the process. */
const MOST_MS = 2000;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Ends a run by a signal, and says what came of it. */
async function ended(
  child: Deno.ChildProcess,
  reader: ReadableStreamDefaultReader<string>,
  signal: Deno.Signal,
) {
  const begin = performance.now();
  child.kill(signal);
  const end = await rest(child, reader);
  const took = performance.now() - begin;
  assert(took < MOST_MS, `${signal} took ${took} ms`);
  return end;
}

testProgram("each signal saves, and ends the run with its code within two seconds", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text);
  for (const [signal, code] of exitCodes) {
    const threads = String(exitCodes.findIndex(([name]) => name === signal) + 1);
    const args = ["train", "text.txt", "--out", signal, "--hidden", "8", "--minutes", "5"];
    const child = start(f, [...args, "--threads", threads]);
    const { reader } = await untilSaid(child, /\n +1 /);
    await sleep(100);
    const end = await ended(child, reader, signal);
    assertEquals([end.code, end.signal, end.err], [code, null, ""]);
    const { step } = (await readCheckpoint(`${f}/${signal}`)).progress;
    assert(step > 1);
    assertMatch(end.out, new RegExp(`Interrupted after ${step.toLocaleString("en")} steps; saved`));
    assert(!namesIn(`${f}/${signal}`).includes("lock"));
  }
});

testProgram("a signal does not wait for the validation of a big text", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text.repeat(2000));
  const args = ["--hidden", "300", "--val-fraction", "0.9", "--steps", "1"];
  for (const [signal, code] of exitCodes) {
    const child = start(f, ["train", "text.txt", "--out", signal, ...args]);
    const { reader } = await untilSaid(child, /Folder: /);
    // Time for the one step; the two million characters of the validation part take seconds.
    await sleep(300);
    const end = await ended(child, reader, signal);
    assertEquals([end.code, end.err], [code, ""]);
    const { step, ended: wasEnd } = (await readCheckpoint(`${f}/${signal}`)).progress;
    assertEquals([step, wasEnd], [1, false]);
    assertEquals(metricsOf(`${f}/${signal}`).map(({ val_loss }) => val_loss), [null]);
  }
});

testProgram("a signal in a long step waits for the step, and saves it", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text.repeat(10));
  const size = [
    "--hidden",
    "500",
    "--seq-length",
    "50",
    "--batch-size",
    "16",
    "--sample-every",
    "0",
  ];
  const child = start(f, ["train", "text.txt", "--out", "run", ...size, "--minutes", "5"]);
  const { reader } = await untilSaid(child, /\n +1 /);
  const { code, out, err } = await ended(child, reader, "SIGTERM");
  assertEquals([code, err], [143, ""]);
  assertMatch(out, /Interrupted after \d+ steps; saved in run\n/);
  assert((await readCheckpoint(`${f}/run`)).progress.step >= 1);
});

testProgram("a signal that comes twice at once is one: deno task passes Ctrl-C on", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text);
  for (const [signal, code] of exitCodes) {
    const args = ["train", "text.txt", "--out", signal, "--hidden", "8", "--minutes", "5"];
    const child = start(f, args);
    const { reader } = await untilSaid(child, /\n +1 /);
    child.kill(signal);
    const end = await ended(child, reader, signal);
    assertEquals([end.code, end.signal, end.err], [code, null, ""]);
    assertMatch(end.out, /Interrupted after [\d,]+ steps; saved in /);
  }
});

testProgram("a second signal ends the process at once, and what was saved is whole", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text);
  // So large that it takes a while to save.
  const size = [
    "--hidden",
    "2000",
    "--seq-length",
    "2",
    "--batch-size",
    "1",
    "--sample-every",
    "0",
  ];
  const habits = ["--log-every", "1000000", "--val-fraction", "0"];
  await succeed(f, "train", "text.txt", "--out", "run", ...size, ...habits, "--steps", "1");
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const child = start(f, ["train", "--resume", "run", "--minutes", "5"]);
    const { reader } = await untilSaid(child, /Resumed: /);
    await sleep(100);
    child.kill("SIGINT");
    await sleep(250);
    let over = false;
    const status = child.status.finally(() => over = true);
    const end = rest(child, reader);
    while (!over) {
      try {
        child.kill(signal);
      } catch {
        break; // It is over.
      }
      await sleep(5);
    }
    assertEquals((await status).signal, signal);
    assertEquals((await end).err, "");
    assert((await readCheckpoint(`${f}/run`)).progress.step >= 1);
  }
  // What it was about to write is in nobody's way.
  await Deno.writeTextFile(`${f}/run/checkpoint.safetensors.01234567.tmp`, "half");
  const { code } = await run(f, ["train", "--resume", "run", "--steps", "1"]);
  assertEquals(code, 0);
  assertEquals(namesIn(`${f}/run`).filter((name) => /tmp|lock/.test(name)), []);
});
