/** Memory of training, which must not depend on the length of the text. */
import { assertEquals, assertLess } from "@std/assert";

const isDenied = (["read", "write", "run"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);

/** The peak memory of training on a text, in MiB. */
async function peakMemory(path: string, length: number): Promise<number> {
  const program = new URL("resident.ts", import.meta.url).pathname;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  // Reading /proc/self/status needs all permissions.
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-qA", "--no-check", "--config", config, program, path],
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const { chars, mebibytes } = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals(chars, length);
  return mebibytes;
}

Deno.test({
  name: "Trainer takes as little memory for a text of 200 MB as of 1 MB " +
    "(needs Linux, --allow-read, --allow-write and --allow-run)",
  ignore: isDenied || Deno.build.os !== "linux",
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      // Characters of 1 to 4 bytes: 600,000 in 1,050,000.
      const piece = "abcdé €\u{1f600}".repeat(75_000);
      const path = `${folder}/text.txt`;
      await Deno.writeTextFile(path, piece);
      const small = await peakMemory(path, 600_000);
      using file = await Deno.open(path, { append: true });
      const bytes = new TextEncoder().encode(piece);
      for (let copies = 1; copies < 190; copies++) {
        for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await file.write(rest));
      }
      const large = await peakMemory(path, 190 * 600_000);
      // As bytes the text would take 190 MiB, as ids 109.
      assertLess(large - small, 50);
      assertLess(large, 300);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
