/** Signals: a run saves a checkpoint and ends in time, with the exit code that shells expect. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { finish, namesIn, sleep, start, testProgram, untilPrinted } from "./program.ts";
import { metricsOf, readLatest } from "./runs.ts";

const text = "It was a dark and stormy night; the rain fell in torrents. ".repeat(20);
const exitCodes = [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const;
/** Time from the signal to the end of the process. */
const MAX_MS = 2000;

/** Sends a signal, and waits for the end of the process. */
async function interrupt(
  child: Deno.ChildProcess,
  reader: ReadableStreamDefaultReader<string>,
  signal: Deno.Signal,
) {
  const begin = performance.now();
  child.kill(signal);
  const end = await finish(child, reader);
  const took = performance.now() - begin;
  assert(took < MAX_MS, `${signal} took ${took} ms`);
  return end;
}

testProgram(
  "train saves a checkpoint at each signal, and ends with its code within two seconds",
  async (f) => {
    await Deno.writeTextFile(`${f}/text.txt`, text);
    for (const [signal, code] of exitCodes) {
      const threads = String(exitCodes.findIndex(([name]) => name === signal) + 1);
      const args = ["train", "text.txt", "--out", signal, "--hidden", "8", "--minutes", "5"];
      const child = start(f, [...args, "--threads", threads]);
      const { reader } = await untilPrinted(child, /\n +1 /);
      await sleep(100);
      const end = await interrupt(child, reader, signal);
      assertEquals([end.code, end.signal, end.err], [code, null, ""]);
      const { step } = (await readLatest(`${f}/${signal}`)).progress;
      assert(step > 1);
      assertMatch(
        end.out,
        new RegExp(`Interrupted after ${step.toLocaleString("en")} steps; saved`),
      );
      assert(!namesIn(`${f}/${signal}`).includes(".unroll-lock"));
    }
  },
);

testProgram("train does not finish a long validation after a signal", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text.repeat(2000));
  const args = ["--hidden", "300", "--val-fraction", "0.9", "--steps", "1"];
  for (const [signal, code] of exitCodes) {
    const child = start(f, ["train", "text.txt", "--out", signal, ...args]);
    const { reader } = await untilPrinted(child, /Run folder: /);
    // Time for the one step; the two million characters of the validation part take seconds.
    await sleep(300);
    const end = await interrupt(child, reader, signal);
    assertEquals([end.code, end.err], [code, ""]);
    const { step, ended: wasEnd } = (await readLatest(`${f}/${signal}`)).progress;
    assertEquals([step, wasEnd], [1, false]);
    assertEquals(metricsOf(`${f}/${signal}`).map(({ val_loss }) => val_loss), [null]);
  }
});

testProgram("train finishes a long step after a signal, and saves it", async (f) => {
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
  const { reader } = await untilPrinted(child, /\n +1 /);
  const { code, out, err } = await interrupt(child, reader, "SIGTERM");
  assertEquals([code, err], [143, ""]);
  assertMatch(out, /Interrupted after \d+ steps; saved in run\n/);
  assert((await readLatest(`${f}/run`)).progress.step >= 1);
});

testProgram(
  "train takes a signal that comes twice at once for one, as deno task forwards Ctrl-C",
  async (f) => {
    await Deno.writeTextFile(`${f}/text.txt`, text);
    for (const [signal, code] of exitCodes) {
      const args = ["train", "text.txt", "--out", signal, "--hidden", "8", "--minutes", "5"];
      const child = start(f, args);
      const { reader } = await untilPrinted(child, /\n +1 /);
      child.kill(signal);
      const end = await interrupt(child, reader, signal);
      assertEquals([end.code, end.signal, end.err], [code, null, ""]);
      assertMatch(end.out, /Interrupted after [\d,]+ steps; saved in /);
    }
  },
);

testProgram(
  "SignalHandler lets a second signal end the process in the middle of a step",
  async (f) => {
    const module = new URL("../../src/cli/signals.ts", import.meta.url).href;
    await Deno.writeTextFile(
      `${f}/program.ts`,
      `import { SignalHandler } from "${module}";
    using signals = new SignalHandler(() => console.log("interrupted"));
    console.log("ready");
    while (!signals.signal.aborted) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const end = performance.now() + 20_000; performance.now() < end;);`,
    );
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-check", `${f}/program.ts`],
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const { reader } = await untilPrinted(child, /ready/);
      child.kill("SIGINT");
      for (let out = ""; !out.includes("interrupted");) out += (await reader.read()).value;
      await sleep(300);
      child.kill(signal);
      // A closed terminal may send SIGHUP more than once.
      if (signal === "SIGHUP") {
        await sleep(300);
        child.kill("SIGKILL");
      }
      const { err, signal: ending } = await finish(child, reader);
      assertEquals([ending, err], [signal === "SIGHUP" ? "SIGKILL" : signal, ""]);
    }
  },
);
