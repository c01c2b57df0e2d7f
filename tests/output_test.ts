/** One file writes to standard output and standard error, so that one filter sees everything. */
import { assertEquals } from "@std/assert";

const root = new URL("../", import.meta.url);

/**
 * The files that print: the output of the program; examples of the library, which print as its
 * users would; and child processes, whose standard output is a pipe to their parent.
 */
const printers = [
  "bench/comparisons/programs/tfjs/tfjs_network.ts",
  "bench/comparisons/train_rounds.ts",
  "bench/runtimes/program.js",
  "examples/node/sample.js",
  "examples/node/server.js",
  "examples/sine_wave.ts",
  "examples/train_and_sample.ts",
  "src/cli/output.ts",
];

function sourcesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(new URL(folder, root))).flatMap(({ name, isDirectory }) =>
    isDirectory
      ? sourcesIn(`${folder}${name}/`)
      : /\.(ts|js)$/.test(name)
      ? [`${folder}${name}`]
      : []
  );
}

Deno.test({
  name: "src, bench and examples print through src/cli/output.ts alone",
  ignore: Deno.permissions.querySync({ name: "read" }).state !== "granted",
  fn() {
    const found = ["src/", "bench/", "examples/"].flatMap(sourcesIn).filter((path) => {
      // Examples in comments print.
      const code = Deno.readTextFileSync(new URL(path, root))
        .replace(/\/\*\*[^]*?\*\//g, "").replace(/^\s*\/\/.*/gm, "");
      return /\bconsole\s*[.[]|\bDeno\s*\.\s*(stdout|stderr)|\bDeno\s*\[|\bprocess\.std(out|err)|\bprompt\(|\balert\(/
        .test(code);
    });
    assertEquals(found.toSorted(), printers);
  },
});
