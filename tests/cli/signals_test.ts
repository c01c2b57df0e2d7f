/** Signals: a run saves a checkpoint and ends in time, with the exit code that shells expect. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { finish, namesIn, sleep, start, succeed, testProgram, untilPrinted } from "./program.ts";
import { metricsOf, readLatest } from "./runs.ts";

const text = "It was a dark and stormy night; the rain fell in torrents. ".repeat(20);
const exitCodes = [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const;
/**
 * A limit of the time from the signal to the end of the process, which is 0.1 to 0.7 s: far above,
 * since other programs may keep the machine busy. That work was given up shows in what was saved.
 */
const MAX_MS = 15_000;

/** Sends a signal, and waits for the end of the process. */
async function interrupt(
  child: Deno.ChildProcess,
  reader: ReadableStreamDefaultReader<string> | undefined,
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
  "train saves a checkpoint at each signal, and ends with its code",
  async (f) => {
    await Deno.writeTextFile(`${f}/text.txt`, text);
    for (const [signal, code] of exitCodes) {
      const threads = String(exitCodes.findIndex(([name]) => name === signal) + 1);
      const args = ["train", "text.txt", "--out", signal, "--hidden", "8", "--minutes", "5"];
      const child = start(f, [...args, "--threads", threads, "--log-every", "10"]);
      // However busy the machine is, more than one step was taken.
      const { reader } = await untilPrinted(child, /\n +10 /);
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
  const args = ["--hidden", "300", "--val-fraction", "0.9", "--steps", "2"];
  for (const [signal, code] of exitCodes) {
    const child = start(f, ["train", "text.txt", "--out", signal, ...args]);
    const { reader } = await untilPrinted(child, /\n +1 +0\.\d+ /);
    // Time for the second step; the two million characters of the validation part take seconds.
    await sleep(1000);
    const end = await interrupt(child, reader, signal);
    assertEquals([end.code, end.err], [code, ""]);
    const { step, ended: wasEnd } = (await readLatest(`${f}/${signal}`)).progress;
    assertEquals([step, wasEnd], [2, false]);
    const losses = metricsOf(`${f}/${signal}`).map(({ val_loss }) => val_loss);
    assert(losses.every((loss) => loss === null), `${losses}`);
  }
});

/** A model whose steps take seconds. */
const longSteps = [
  "--cell",
  "rnn",
  "--hidden",
  "1000",
  "--seq-length",
  "250",
  "--batch-size",
  "64",
];
/** Weights that take many seconds to draw. */
const longInitialization = ["--cell", "gru", "--hidden", "2000", "--init", "orthogonal"];

testProgram("train gives up a long step at a signal, and takes it when resumed", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text.repeat(50));
  const out = ["--out", "run", "--val-fraction", "0", "--steps", "1"];
  const child = start(f, ["train", "text.txt", ...longSteps, ...out]);
  const { reader } = await untilPrinted(child, / step /);
  await sleep(300);
  const end = await interrupt(child, reader, "SIGTERM");
  assertEquals([end.code, end.err], [143, ""]);
  const { step, position } = (await readLatest(`${f}/run`)).progress;
  assertEquals([step, position], [0, 0]);
  await succeed(f, "train", "--resume", "run");
  assertEquals((await readLatest(`${f}/run`)).progress.step, 1);
});

testProgram("train gives up the initialization of weights at a signal", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text);
  const child = start(f, ["train", "text.txt", ...longInitialization, "--out", "run"]);
  // Nothing is printed before; a busy machine takes seconds to start the program.
  await sleep(4000);
  const end = await interrupt(child, undefined, "SIGINT");
  assertEquals([end.code, end.err], [130, ""]);
  assertMatch(end.out, /Interrupted before the first step; nothing was saved/);
  assertEquals(namesIn(f), ["text.txt"]);
});

testProgram("a second signal ends train within a long step", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text.repeat(50));
  const child = start(f, ["train", "text.txt", ...longSteps, "--out", "run"]);
  const { reader } = await untilPrinted(child, / step /);
  await sleep(300);
  child.kill("SIGINT");
  await sleep(220);
  const begin = performance.now();
  const end = await interrupt(child, reader, "SIGTERM");
  // Either it has saved by then, or the second signal ends it.
  assert(end.signal === "SIGTERM" || end.code === 130, JSON.stringify(end));
  assert(performance.now() - begin < MAX_MS);
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
      assertMatch(end.out, /Interrupted after [\d,]+ steps?; saved in /);
    }
  },
);

testProgram(
  "SignalHandler sees a signal, and lets a second one end the process, while the thread computes",
  async (f) => {
    const module = new URL("../../src/cli/signals.ts", import.meta.url).href;
    await Deno.writeTextFile(
      `${f}/program.ts`,
      `import { SignalHandler } from "${module}";
    using signals = new SignalHandler(() => {});
    const word = new Int32Array(new SharedArrayBuffer(4));
    signals.setAtSignal(word);
    console.log("ready");
    while (Atomics.load(word, 0) === 0);
    console.log("interrupted", signals.exitCode);
    for (const end = performance.now() + 20_000; performance.now() < end;);`,
    );
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-check", "--no-prompt", `${f}/program.ts`],
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const { reader } = await untilPrinted(child, /ready/);
      child.kill("SIGINT");
      let out = "";
      while (!out.includes("interrupted")) out += (await reader.read()).value;
      assertMatch(out, /interrupted 130/);
      await sleep(400);
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

testProgram("a signal that comes before a program waits for it ends the program", async (f) => {
  const source = new URL("../../src/cli/signals.ts", import.meta.url).href;
  await Deno.writeTextFile(
    `${f}/wait.ts`,
    `import { SignalHandler } from ${JSON.stringify(source)};
    using signals = new SignalHandler(() => {});
    signals.setAtSignal(new Int32Array(new SharedArrayBuffer(4)));
    Deno.kill(Deno.pid, "SIGTERM");
    while (!signals.signal.aborted) await new Promise((resolve) => setTimeout(resolve, 10));
    Deno.exit(await signals.received);`,
  );
  const args = ["run", "--quiet", "--no-lock", "--allow-read", "--allow-run", "wait.ts"];
  const { code } = await new Deno.Command(Deno.execPath(), { args, cwd: f }).output();
  assertEquals(code, 143);
});
