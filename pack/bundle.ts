import { stop, transform } from "esbuild";
import { runDeno } from "./run_deno.ts";

/** The syntax of Node.js 22 and of browsers since 2022, which lack `using`. */
const TARGET = "es2022";
/**
 * A class that has a method of this name is disposed of by `using` where that is compiled to older
 * syntax.
 */
const POLYFILL = 'Symbol.dispose ??= Symbol.for("Symbol.dispose");\n' +
  'Symbol.asyncDispose ??= Symbol.for("Symbol.asyncDispose");\n';

/** Options of {@linkcode bundle}. */
export interface BundleOptions {
  /** The root of the project, with a final slash. */
  readonly root: URL;
  /** Source files, by the names of the bundled ones. */
  readonly entries: Readonly<Record<string, string>>;
  /** What an entry that is also a program does when it is run, by its name; it may use its exports. */
  readonly programs?: Readonly<Record<string, string>>;
  /** Source files to replace by others. */
  readonly replaced?: Readonly<Record<string, string>>;
  /** A new folder for intermediate files. */
  readonly temporary: string;
  /** Whether to shorten the code. Default: false. */
  readonly isMinified?: boolean;
}

/** The first run of the bundler. */
let firstRun: Promise<unknown> | null = null;

/**
 * Runs the bundler of Deno. The first run is alone: it installs a program of the bundler in Deno's
 * cache, and several that install it at the same time fail, or wait for ever.
 */
async function runBundler(args: readonly string[]): Promise<void> {
  const run = () => runDeno(["bundle", ...args]);
  if (firstRun === null) await (firstRun = run());
  else await firstRun.then(run);
}

/**
 * Bundles entries and what they import, with one file for what several of them share.
 *
 * @returns The contents of each file, by its name.
 */
export async function bundle(
  { root, entries, programs = {}, replaced = {}, temporary, isMinified = false }: BundleOptions,
): Promise<Map<string, string>> {
  const config = `${temporary}/deno.json`;
  await Deno.mkdir(temporary);
  await Deno.writeTextFile(config, JSON.stringify(await bundleConfig(root, replaced)));
  const sources: string[] = [];
  for (const [name, source] of Object.entries(entries)) {
    // The bundler names a file by its source; one that only exports gives it the wanted name.
    const path = `${temporary}/${name}.ts`;
    const from = JSON.stringify(new URL(source, root).href);
    // In the source, `import.meta.main` stands for a file that is none any more.
    const program = name in programs
      ? `import * as entry from ${from};\nif (import.meta.main) {\n${programs[name]}\n}\n`
      : "";
    await Deno.writeTextFile(path, `export * from ${from};\n${program}`);
    sources.push(path);
  }
  const options = ["--quiet", "--config", config, "--platform", "browser", "--code-splitting"];
  const external = ["--external", "node:*"];
  await runBundler([...options, ...external, "--outdir", `${temporary}/out`, ...sources]);
  const files = new Map<string, string>();
  for await (const { name } of Deno.readDir(`${temporary}/out`)) {
    const source = await Deno.readTextFile(`${temporary}/out/${name}`);
    const { code } = await transform(source, {
      ...{ format: "esm", target: TARGET, minify: isMinified },
      legalComments: isMinified ? "none" : "inline",
    });
    files.set(name, POLYFILL + code);
  }
  return files;
}

/** Ends the bundler's process, which would keep this one alive. */
export async function endBundling(): Promise<void> {
  await stop();
}

/** The project's import map with absolute addresses, so that it can stand in another folder. */
async function bundleConfig(root: URL, replaced: Readonly<Record<string, string>>) {
  const project = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const { scopes, compilerOptions: { jsx, jsxImportSource } } = project;
  const absolute = (path: string) => new URL(path, root).href;
  const absoluteScopes = Object.entries(scopes as Record<string, unknown>)
    .map(([scope, imports]) => [absolute(scope), imports]);
  const imports = Object.entries(replaced).map(([from, to]) => [absolute(from), absolute(to)]);
  return {
    lock: false,
    compilerOptions: { jsx, jsxImportSource },
    scopes: Object.fromEntries(absoluteScopes),
    imports: Object.fromEntries(imports),
  };
}
