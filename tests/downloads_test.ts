/**
 * What a first use downloads. Commands run with a lock file of their own and `--frozen`, so they
 * fetch exactly the packages that it lists; the lock file of the tests lists the compiler too.
 */
import { assert, assertEquals } from "@std/assert";

const root = new URL("../", import.meta.url);
const readable = Deno.permissions.querySync({ name: "read" }).state === "granted";

function testFiles(name: string, fn: () => void): void {
  Deno.test({ name: `${name} (needs --allow-read)`, ignore: !readable, fn });
}

/** A lock file: the integrity and the dependencies of each package. */
interface Lock {
  readonly npm: Readonly<Record<string, unknown>>;
}

function readJson(path: string): unknown {
  return JSON.parse(Deno.readTextFileSync(new URL(path, root)));
}

testFiles(
  "src/deno.lock lists what the program imports, and no compiler, test library or types",
  () => {
    const { npm } = readJson("src/deno.lock") as Lock;
    assertEquals(Object.keys(npm).map((name) => name.replace(/@[^@]+$/, "")), [
      "@noble/hashes",
      "deno-std",
      "fzstd",
      "valibot",
    ]);
    // The same versions, with the same hashes, as the tests use.
    const all = (readJson("deno.lock") as Lock).npm;
    for (const [name, entry] of Object.entries(npm)) assertEquals(entry, all[name], name);
  },
);

testFiles("tasks download nothing beyond their lock file, and do not change it", () => {
  const config = readJson("deno.json") as Record<string, unknown>;
  // `deno task` itself downloads what "imports" and the default lock file list.
  assertEquals([config.lock, config.imports], [false, undefined]);
  const tasks = config.tasks as Record<string, string>;
  const lockOf = (command: string, subcommand: string) =>
    command.includes(" page/build.ts")
      ? "page/deno.lock"
      : / plot$|\bbench\/(?:comparisons|report)\//.test(command.trim())
      ? "src/cli/plot/deno.lock"
      : subcommand !== "run" ||
          /\b(?:build|pack|page_pictures)\.ts\b|\bbench\/(?:long_tasks|page|phases|structure)\//
            .test(command)
      ? "deno.lock"
      : "src/deno.lock";
  for (const [name, line] of Object.entries(tasks)) {
    if (name === "lock") continue;
    for (const [command, subcommand] of line.matchAll(/\bdeno (run|test|check|doc) [^&]*/g)) {
      const lock = lockOf(command, subcommand!);
      const flag = new RegExp(`^deno \\w+ .*--frozen --lock=(?:"\\$ROOT/${lock}"|${lock}) `);
      assert(flag.test(command), `${name}: ${command}`);
    }
  }
});

testFiles("page/deno.lock lists no compiler and no test library", () => {
  const { npm } = readJson("page/deno.lock") as { npm: Record<string, unknown> };
  const names = Object.keys(npm);
  assert(names.some((name) => name.startsWith("preact@")));
  assertEquals(
    names.filter((name) => /^(assemblyscript|binaryen|fast-check|playwright)/.test(name)),
    [],
  );
});
