import { assert, assertEquals } from "@std/assert";
import {
  finish,
  namesIn,
  run,
  sleep,
  start,
  succeed,
  testProgram,
  untilPrinted,
} from "./program.ts";
import { readLatest } from "./runs.ts";

const text = "It was a dark and stormy night; the rain fell in torrents. ".repeat(20);

testProgram(
  "train ends at once at a second signal, and its last checkpoint is complete",
  async (f) => {
    await Deno.writeTextFile(`${f}/text.txt`, text);
    // Large, so that saving takes a while.
    const size = ["--hidden", "2000", "--seq-length", "2", "--batch-size", "1"];
    const intervals = ["--log-every", "1000000", "--sample-every", "0", "--val-fraction", "0"];
    await succeed(f, "train", "text.txt", "--out", "run", ...size, ...intervals, "--steps", "1");
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const child = start(f, ["train", "--resume", "run", "--minutes", "5"]);
      const { reader } = await untilPrinted(child, /Resumed: /);
      await sleep(100);
      child.kill("SIGINT");
      await sleep(250);
      let hasEnded = false;
      const status = child.status.finally(() => hasEnded = true);
      const end = finish(child, reader);
      while (!hasEnded) {
        try {
          child.kill(signal);
        } catch {
          break; // It has ended.
        }
        await sleep(5);
      }
      assertEquals((await status).signal, signal);
      assertEquals((await end).err, "");
      assert((await readLatest(`${f}/run`)).progress.step >= 1);
    }
    // What the killed process left half written is removed by the next.
    const { code } = await run(f, ["train", "--resume", "run", "--steps", "1"]);
    assertEquals(code, 0);
    assertEquals(namesIn(`${f}/run`).filter((name) => /tmp|lock/.test(name)), []);
  },
);
