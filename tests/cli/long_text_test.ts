/** Texts that are too long to be held in memory. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readCheckpoint } from "../../src/checkpoint/file.ts";
import { start, testProgram } from "./program.ts";

testProgram(
  "a long text that changes while it is trained on ends the run in one line",
  async (f) => {
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
    const sizes = [
      "--hidden",
      "6",
      "--seq-length",
      "25",
      "--batch-size",
      "2",
      "--val-fraction",
      "0.2",
    ];
    const options = ["--minutes", "5", "--log-every", "100", "--sample-every", "0"];
    const child = start(f, ["train", "long.txt", "--out", "run", ...sizes, ...options]);
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let out = "";
    while (!/\n +1 /.test(out)) out += (await reader.read()).value ?? "";
    assertMatch(out, /^Text: long\.txt, 7\d,\d{3},\d{3} characters, /);
    assertMatch(
      out,
      / 1\d,\d{3},\d{3} to validate, which takes a while \(--val-fraction holds out less\)\n/,
    );
    Deno.truncateSync(path, 1_000_000);
    const [err, { code }] = await Promise.all([
      new Response(child.stderr).text(),
      child.status,
      (async () => {
        while (!(await reader.read()).done);
      })(),
    ]);
    assertEquals(code, 2);
    assertMatch(
      err,
      /^error: Cannot read the text "long\.txt": the file changed while it was read, from \d+ bytes to 1000000; it must stay as it is as long as it is used; the checkpoint of step \d+ is kept\n$/,
    );
    const { progress } = await readCheckpoint(`${f}/run`);
    assert(err.includes(` of step ${progress.step} is kept`), err);
  },
);
