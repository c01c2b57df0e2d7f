/** What the tasks download on a new machine, in a terminal. Needs the npm registry. */
import { assert, assertEquals, assertLess } from "@std/assert";
import { testTerminal } from "./cli/program.ts";

const root = new URL("../", import.meta.url).pathname;

/** A task in a pseudo-terminal, with a cache of its own; what it showed, and its exit code. */
async function runTask(
  cache: string,
  args: readonly string[],
): Promise<{ screen: string; code: number }> {
  const words = [Deno.execPath(), "task", "--cwd", root, "--config", `${root}deno.json`, ...args];
  const { code, stdout } = await new Deno.Command("script", {
    args: [
      "-qec",
      `stty cols 80 rows 40; ${words.map((word) => `'${word}'`).join(" ")}`,
      "/dev/null",
    ],
    cwd: root,
    env: { DENO_DIR: cache },
    stdin: "null",
    stderr: "null",
  }).output();
  return { code, screen: new TextDecoder().decode(stdout) };
}

/** Paths of all files below a folder. */
function filesOf(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder)).flatMap(({ name, isDirectory }) =>
    isDirectory ? filesOf(`${folder}/${name}`) : [`${folder}/${name}`]
  );
}

/** Packages in a cache as `name@version`, sorted. */
function packagesIn(cache: string): string[] {
  const files = filesOf(`${cache}/npm`).map((path) => path.slice(cache.length));
  const names = files.flatMap((path) => {
    const [, name, version] = /^\/npm\/[^/]+\/((?:@[^/]+\/)?[^/]+)\/(\d[^/]*)\//.exec(path) ?? [];
    return name ? [`${name}@${version}`] : [];
  });
  return [...new Set(names)].toSorted();
}

testTerminal(
  "each command downloads the packages of its lock file, before its first line",
  async (f) => {
    const { npm } = JSON.parse(Deno.readTextFileSync(`${root}src/deno.lock`));
    const text = `${root}examples/alice.txt`;
    const run = `${f}/run`;
    const commands = [
      ["train", text, "--steps", "20", "--sample-every", "5", "--out", run],
      ["sample", run],
      ["eval", run, text],
      ["score", run, text, "--html", `${f}/score.html`],
      ["gradcheck"],
      ["notebooks", "hello"],
    ];
    for (const args of commands) {
      const cache = `${f}/${args[0]}`;
      const { screen, code } = await runTask(cache, args);
      assertEquals(code, 0, screen);
      assertEquals(packagesIn(cache), Object.keys(npm).toSorted(), args[0]);
      const bytes = filesOf(cache).reduce((sum, path) => sum + Deno.statSync(path).size, 0);
      assertLess(bytes, 11e6, args[0]);
      if (args[0] !== "train") continue;
      // A download while the table is drawn would write over it.
      const last = Math.max(screen.lastIndexOf("Download"), screen.lastIndexOf("Initialize"));
      assert(last >= 0 && last < screen.indexOf("Text:"), screen);
    }
  },
);
