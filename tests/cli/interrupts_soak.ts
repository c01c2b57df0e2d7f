/** Ctrl-C in a terminal, at every stage of `train`. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readCheckpoint } from "../../src/files/checkpoint_file.ts";
import { assertFits, namesIn, run, sleep, startInTerminal, testTerminal, tiny } from "./program.ts";

const text = "It was a dark and stormy night; the rain fell in torrents. ".repeat(20);
const CTRL_C = Uint8Array.of(3);

/** Presses Ctrl-C some milliseconds after a text was shown, and once more after others. */
async function pressAt(child: Deno.ChildProcess, shown: RegExp, ...delays: readonly number[]) {
  const writer = child.stdin.getWriter();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let screen = "";
  const readUntil = async (isEnough: () => boolean) => {
    while (!isEnough()) {
      const { value, done } = await reader.read();
      if (done) return;
      screen += value;
    }
  };
  await readUntil(() => shown.test(screen));
  assertMatch(screen, shown);
  const rest = readUntil(() => false);
  for (const delay of delays) {
    await sleep(delay);
    await writer.write(CTRL_C).catch(() => {});
  }
  const begin = performance.now();
  const { code } = await child.status;
  const took = performance.now() - begin;
  await rest;
  await writer.close().catch(() => {});
  return { screen, code, took };
}

const large = ["--hidden", "600", "--seq-length", "2", "--batch-size", "1"];

/** Stages with the options that make them take most of the time. */
const stages: readonly (readonly [string, RegExp, readonly string[]])[] = [
  ["steps", / step /, ["--hidden", "300", "--minutes", "5"]],
  ["a long step", / step /, ["--hidden", "500", "--batch-size", "16", "--minutes", "5"]],
  ["samples", /Sample at step/, [...large, "--sample-every", "1", "--minutes", "5"]],
  ["saving", / step /, [...large, "--checkpoint-every", "1", "--minutes", "5"]],
  ["validation", /Run folder/, ["--hidden", "300", "--val-fraction", "0.9", "--steps", "1"]],
  ["the summary", /Sample at step/, ["--hidden", "400", "--steps", "2"]],
];

for (const [stage, shown, options] of stages) {
  testTerminal(`train ends cleanly at Ctrl-C during ${stage}`, async (f) => {
    // The last stages take long with a long text; the others shall be resumed in no time.
    const isLast = /validation|summary/.test(stage);
    await Deno.writeTextFile(`${f}/text.txt`, text.repeat(isLast ? 200 : 2));
    const args = ["train", "text.txt", "--out", "run", ...options];
    const child = startInTerminal(f, args);
    const { screen, code, took } = await pressAt(child, shown, 300);
    assertEquals(code, 130, screen);
    assert(took < 3000, `${took} ms`);
    assertFits(screen.replaceAll("^C", ""), 80);
    assert(!screen.includes("\x1b[?"), "a setting of the terminal is changed");
    const { progress } = await readCheckpoint(`${f}/run`, { which: "latest" });
    const ending = progress.ended ? "Done" : "Interrupted";
    const steps = progress.step.toLocaleString("en");
    assertMatch(screen, new RegExp(`${ending} after ${steps} steps?; saved in run\r\n`), screen);
    assertEquals(/To resume/.test(screen), !progress.ended);
    assertEquals(namesIn(`${f}/run`).filter((name) => /lock|tmp/.test(name)), []);
    if (isLast) return;
    const next = String(progress.step + 1);
    const resumed = await run(f, ["train", "--resume", "run", "--steps", next]);
    assertEquals([resumed.code, resumed.err], [0, ""]);
  });
}

testTerminal(
  "train ends at once at Ctrl-C while it reads its text, and leaves nothing",
  async (f) => {
    await new Deno.Command("mkfifo", { args: [`${f}/pipe`] }).output();
    const child = startInTerminal(f, ["train", "pipe", "--out", "run", ...tiny]);
    using _writer = await Deno.open(`${f}/pipe`, { read: true, write: true });
    await sleep(700);
    const { code, took } = await pressAt(child, /(?:)/, 0);
    assertEquals(code, 130);
    assert(took < 1000, `${took} ms`);
    assertEquals(namesIn(f), ["pipe"]);
  },
);

testTerminal("train ends at Ctrl-C while it draws its weights, and leaves nothing", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text);
  const size = ["--hidden", "1024", "--layers", "2", "--init", "orthogonal"];
  const child = startInTerminal(f, ["train", "text.txt", "--out", "run", ...size]);
  await sleep(1500);
  const { code, screen, took } = await pressAt(child, /(?:)/, 0);
  assertEquals(code, 130, screen);
  assert(took < 2000, `${took} ms`);
  assertMatch(screen, /Interrupted before the first step; nothing was saved/);
  assertEquals(namesIn(f), ["text.txt"]);
});

testTerminal("train ends at once at a second Ctrl-C, and its run can be resumed", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text);
  const options = ["--hidden", "1000", "--init", "normal:0.01", "--seq-length", "200"];
  const child = startInTerminal(f, ["train", "text.txt", "--out", "run", ...options]);
  const { code, screen } = await pressAt(child, / step /, 100, 300, 300);
  assertEquals(code, 130, screen);
  const resumed = await run(f, ["train", "--resume", "run", "--steps", "1"]);
  assertEquals([resumed.code, resumed.err], [0, ""]);
});
