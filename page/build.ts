/**
 * Makes the page in dist/page/: static files that any host can serve.
 *
 *     deno task build-page
 */
import { gzipSync } from "node:zlib";
import { bundle, endBundling } from "../pack/bundle.ts";
import { thirdPartyLicenses } from "../pack/licenses.ts";
import { packagesOf, readPackageFile } from "../pack/npm_cache.ts";
import type { Command } from "../src/cli/args.ts";
import { exitCodeOf } from "../src/cli/program.ts";
import { printResult } from "../src/cli/output.ts";
import { createSha256 } from "../src/sha256.ts";
import { sourceFiles, sourceName } from "./sources.ts";
import { bundledTexts } from "./texts.ts";

/** The root of the project. */
const root = new URL("../", import.meta.url);
/** Where the page is written. */
const FOLDER = "dist/page";
/** What the page in that folder was made from. */
const STAMP = "dist/page.stamp";
/** Files and folders that the page is made from. */
const inputs = ["page", "src", "pack", "examples/alice.txt", "deno.json"];

/** Scripts of workers, which share the library. */
const workers = {
  training_worker: "page/worker/training_worker.ts",
  query_worker: "page/worker/query_worker.ts",
};

/** Style sheets, in their order; that of the chart library comes before them. */
const styles = [
  "page/style.css",
  "page/charts/charts.css",
  "page/inside/inside.css",
  "page/files/files.css",
];

/** Makes all files of the page, by their paths. */
export async function buildPage(): Promise<Map<string, string>> {
  const temporary = await Deno.makeTempDir();
  try {
    const bundleInto = (folder: string, entries: Readonly<Record<string, string>>) =>
      bundle({ root, entries, isMinified: true, temporary: `${temporary}/${folder}` });
    const [page, scripts, service, exported, queries, style, licenses] = await Promise.all([
      // Without the workers: it needs little of the library, and none of the kernels.
      bundleInto("page", { main: "page/main.tsx" }),
      bundleInto("workers", workers),
      bundleInto("service_worker", { service_worker: "page/service_worker.ts" }),
      // Alone, so that each is one file.
      bundleInto("exported", { exported: "page/files/exported.tsx" }),
      bundleInto("queries", { query_worker: workers.query_worker }),
      readStyles(),
      thirdPartyLicenses(["./src/", "./page/"]),
    ]);
    const files = new Map([
      ["index.html", await Deno.readTextFile("page/index.html")],
      ["style.css", style],
      ...await readSources(),
      ...page,
      ...scripts,
      ...await readTexts(),
    ]);
    const template = exportTemplate({
      html: await Deno.readTextFile("page/files/exported.html"),
      style,
      script: exported.get("exported.js")!,
      worker: queries.get("query_worker.js")!,
    });
    // As long as the page, which loads it when it has nothing else to load.
    const later = new Map([["exported.html", template]]);
    const script = serviceWorker(service.get("service_worker.js")!, { files, later });
    files.set("service_worker.js", script);
    later.forEach((contents, path) => files.set(path, contents));
    files.set("LICENSE.txt", await Deno.readTextFile("LICENSE"));
    files.set("THIRD_PARTY_LICENSES.txt", licenses);
    return files;
  } finally {
    await Deno.remove(temporary, { recursive: true });
    await endBundling();
  }
}

/** The page of an exported training without its data: one file with scripts and styles in it. */
function exportTemplate({ html, style, script, worker }: {
  readonly html: string;
  readonly style: string;
  readonly script: string;
  readonly worker: string;
}): string {
  // In a script, these would end or hide the rest of it. In its strings the escapes are the same.
  const escape = (code: string) =>
    code.replaceAll(/<(?=\/script)/gi, "\\x3c").replaceAll("<!--", "\\x3c!--");
  const parts: Record<string, string> = {
    STYLE: style.replaceAll("</style", "<\\/style"),
    SCRIPT: escape(script),
    // A script has the names of its top level in common with the worker's scope.
    WORKER: `(() => {${escape(worker)}})();`,
  };
  return html.replaceAll(/%(STYLE|SCRIPT|WORKER)%/g, (_, name: string) => parts[name]!);
}

async function readStyles(): Promise<string> {
  const uplot = (await packagesOf(["./page/"])).find(([name]) => name === "uplot")!;
  const library = await readPackageFile(uplot, ["dist/uPlot.min.css"]);
  if (library === null) throw new Error("Cannot find the styles of uplot");
  return [library, ...await Promise.all(styles.map((path) => Deno.readTextFile(path)))].join("\n");
}

async function readSources(): Promise<[string, string][]> {
  return await Promise.all(
    sourceFiles.map(async (path): Promise<[string, string]> => [
      sourceName(path),
      await Deno.readTextFile(path),
    ]),
  );
}

async function readTexts(): Promise<[string, string][]> {
  const pathOf = (file: string) => file === "alice.txt" ? `examples/${file}` : `page/texts/${file}`;
  return await Promise.all(
    bundledTexts.map(async ({ file }): Promise<[string, string]> => [
      file,
      await Deno.readTextFile(pathOf(file)),
    ]),
  );
}

/** The service worker with the files that it keeps, and a name for just these contents. */
function serviceWorker(source: string, { files, later }: {
  readonly files: ReadonlyMap<string, string>;
  readonly later: ReadonlyMap<string, string>;
}): string {
  const hash = createSha256();
  for (const [path, contents] of [...files, ...later]) hash.updateText(`${path}\n${contents}\n`);
  const names = ["./", ...files.keys()];
  return `const FILES = ${JSON.stringify(names)};\n` +
    `const LATER = ${JSON.stringify([...later.keys()])};\n` +
    `const VERSION = ${JSON.stringify(hash.digest().slice(0, 16))};\n${source}`;
}

/** What shows whether the inputs have changed: their paths, sizes and times. */
async function stampOf(paths: readonly string[]): Promise<string> {
  const stamps = await Promise.all(
    paths.toSorted().map(async (path): Promise<string> => {
      const { isDirectory, size, mtime } = await Deno.stat(path);
      if (!isDirectory) return `${path} ${size} ${mtime?.getTime()}\n`;
      const inside = await Array.fromAsync(Deno.readDir(path));
      return await stampOf(inside.map(({ name }) => `${path}/${name}`));
    }),
  );
  return stamps.join("");
}

async function readIfExists(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return null;
  }
}

/** Writes the page, in place of an earlier one. */
async function writePage(files: ReadonlyMap<string, string>): Promise<void> {
  await Deno.remove(FOLDER, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(FOLDER, { recursive: true });
  for (const [path, contents] of files) await Deno.writeTextFile(`${FOLDER}/${path}`, contents);
}

function printSizes(files: ReadonlyMap<string, string>): void {
  const kilobytes = (count: number) => `${(count / 1000).toFixed(1)} kB`.padStart(10);
  for (const [path, contents] of [...files].toSorted()) {
    const bytes = new TextEncoder().encode(contents);
    const compressed = gzipSync(bytes, { level: 9 });
    printResult(
      `${path.padEnd(26)}${kilobytes(bytes.length)}${kilobytes(compressed.length)} compressed`,
    );
  }
  printResult(`\n${FOLDER}: ${files.size} files`);
}

const command: Command = {
  name: "build-page",
  summary: "Make the page in dist/page/, as static files for any host",
  operands: [],
  options: [{
    name: "if-changed",
    description: "Do nothing if its sources are those of the last time",
  }],
  notes: [],
  async run(line) {
    Deno.chdir(root);
    const stamp = await stampOf(inputs);
    if (line.flag("if-changed") && await readIfExists(STAMP) === stamp) return 0;
    const files = await buildPage();
    await writePage(files);
    await Deno.writeTextFile(STAMP, stamp);
    if (!line.flag("if-changed")) printSizes(files);
    return 0;
  },
};

if (import.meta.main) Deno.exit(await exitCodeOf([command], [command.name, ...Deno.args]));
