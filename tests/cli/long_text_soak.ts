/** Texts that are too long for memory, and that no file holds as they are read. */
import { assert, assertEquals } from "@std/assert";
import { namesIn, run, runInside, start, testProgram } from "./program.ts";

const MIB = 2 ** 20;
/** Of four bytes a character, as reading is cheap and predicting is not. */
const line = `${"🌧🌊".repeat(50)}\n`;
const bytes = new TextEncoder().encode(line).length;

testProgram("eval reads a compressed text of more than 64 MiB", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, line.repeat(20));
  const size = ["--hidden", "1", "--seq-length", "8", "--batch-size", "2"];
  const args = ["train", `${f}/rain.txt`, "--out", `${f}/run`, ...size, "--steps", "5"];
  assertEquals((await runInside(args)).code, 0);

  const lines = Math.ceil(65 * MIB / bytes);
  const piece = new TextEncoder().encode(line.repeat(1000));
  const text = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => {
      for (let i = 0; i < lines; i += 1000) controller.enqueue(piece);
      controller.close();
    },
  });
  const compressed = text.pipeThrough(new CompressionStream("gzip"));
  await Deno.writeFile(`${f}/long.gz`, compressed);
  assert(Deno.statSync(`${f}/long.gz`).size < MIB);

  const chars = Math.ceil(lines / 1000) * 1000 * [...line].length;
  // Standard error may have estimates of the time.
  const { code, out, err } = await run(f, ["eval", "run", "long.gz", "--json"]);
  assertEquals(code, 0, err);
  const result = JSON.parse(out);
  assertEquals(result.chars, chars - 1);
  assert(result.gzip_nats_per_char < 0.1);
  assertEquals(namesIn(f), ["long.gz", "rain.txt", "run"]);

  // Without a permission to write, it says what to do.
  const refused = await start(f, ["eval", "run", "long.gz"], ["--allow-read"]).output();
  assertEquals(refused.code, 2);
  assert(
    new TextDecoder().decode(refused.stderr).includes("save it as an uncompressed file in UTF-8"),
  );
});
