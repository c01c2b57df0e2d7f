/** What the tasks download on a new machine, in a terminal. Needs the npm registry. */
import { assert, assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { downloads } from "../docs/facts.ts";
import { testProgram, testTerminal } from "./cli/program.ts";

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

/** The registry that packages come from: the cache has a folder of its name. */
async function registryHost(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout));
  const [host] = [...Deno.readDirSync(npmCache)].filter(({ isDirectory }) => isDirectory);
  return host!.name;
}

/** The megabytes of packages of the npm registry, compressed as they are downloaded. */
async function megabytesOf(packages: readonly string[]): Promise<number> {
  const host = await registryHost();
  const urls = packages.map((id) => {
    const [, name, version] = /^(.+)@([^@_]+)/.exec(id)!;
    return `https://${host}/${name}/-/${name!.split("/").at(-1)}-${version}.tgz`;
  });
  const code = `let sum = 0;
    for (const url of Deno.args) {
      const { headers } = await fetch(url, { method: "HEAD" });
      sum += Number(headers.get("content-length"));
    }
    console.log(sum);`;
  // `deno eval` has all permissions; the tests have none for the network.
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", code, ...urls],
    stderr: "inherit",
  }).output();
  return Number(new TextDecoder().decode(stdout)) / 1e6;
}

testProgram("the README states how much is downloaded", async () => {
  interface Entry {
    readonly os?: readonly string[];
    readonly cpu?: readonly string[];
  }
  // Compiled packages of other platforms are not downloaded.
  const isOurs = ({ os = ["linux"], cpu = ["x64"] }: Entry) =>
    os.includes("linux") && cpu.includes("x64");
  const packagesOf = (path: string) =>
    Object.entries<Entry>(JSON.parse(Deno.readTextFileSync(`${root}${path}`)).npm)
      .filter(([, entry]) => isOurs(entry)).map(([id]) => id);
  const runtime = packagesOf("src/deno.lock");
  // The browser's driver is downloaded where the page is tested.
  const rest = packagesOf("deno.lock").filter((id) =>
    !runtime.includes(id) && !/^(playwright-core|axe-core)@/.test(id)
  );
  assertEquals(Number((await megabytesOf(runtime)).toFixed(1)), downloads.runtime);
  assertAlmostEquals(await megabytesOf(rest), downloads.tests, 1);
  const deno = await megabytesOf(["@deno/linux-x64-glibc@2.9.6"]);
  assertAlmostEquals(deno, downloads.deno, 1);
});
