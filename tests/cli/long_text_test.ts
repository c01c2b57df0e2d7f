/** Texts that are too long to be held in memory. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { finish, start, testProgram, tiny, untilPrinted } from "./program.ts";
import { readLatest } from "./runs.ts";

testProgram("train ends when a long text changes, and keeps a checkpoint", async (f) => {
  const path = `${f}/long.txt`;
  const piece = new TextEncoder().encode(
    "It was the best of times – it was the worst.\n".repeat(25_000),
  );
  {
    using file = Deno.openSync(path, { write: true, create: true });
    for (let written = 0; written < 70 * 2 ** 20; written += piece.length) {
      for (let rest = piece; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
    }
  }
  const options = ["--minutes", "5", "--log-every", "100", "--val-fraction", "0.2"];
  const child = start(f, ["train", "long.txt", "--out", "run", ...tiny, ...options]);
  const { printed, reader } = await untilPrinted(child, /\n +1 /);
  assertMatch(printed, /^Text: +long\.txt, 7\d,\d{3},\d{3} characters, /);
  assertMatch(printed, / 1\d,\d{3},\d{3} for validation \(slow .*--val-fraction.*\)\n/);
  Deno.truncateSync(path, 1_000_000);
  const { code, err } = await finish(child, reader);
  assertEquals(code, 2);
  assertMatch(
    err,
    /^(?:Reading the text takes about \d+\.\d s\n)?error: Cannot read the text "long\.txt": .* from \d+ bytes to 1000000; [^\n]*\n$/,
  );
  const { progress } = await readLatest(`${f}/run`);
  assert(err.endsWith(`; the checkpoint of step ${progress.step} is kept\n`), err);
});
