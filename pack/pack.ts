/**
 * Makes the npm package in dist/npm/: ES modules for Node.js, Bun, Deno and bundlers, with types.
 *
 *     deno task pack
 */
import { gzipSync } from "node:zlib";
import { bundle, endBundling } from "./bundle.ts";
import { declarations } from "./declarations.ts";
import { checkArguments } from "../project_task.ts";
import { thirdPartyLicenses } from "./licenses.ts";
import { packageJson } from "./package_json.ts";

/** The root of the project. */
const root = new URL("../", import.meta.url);
const FOLDER = "dist/npm";

/** The bundled file of each entry of the package. */
const fileNames: Readonly<Record<string, string>> = {
  ".": "mod",
  "./engine": "engine",
  "./export": "export",
  "./files": "files",
  "./run": "run",
  "./sample": "sample",
  "./cli": "cli",
};
/** What the entries do that are programs. */
const programs = {
  cli: `
    if (globalThis.Deno === undefined) {
      console.error("error: Cannot run a command: the command line needs Deno; run " +
        "npx --yes deno@2.9.6 run --allow-read --allow-write npm:@unroll/unroll/cli");
      globalThis.process.exit(1);
    }
    Deno.exit(await entry.exitCodeOf(entry.commands, Deno.args));`,
};
/** Kernels of the entry that only samples. */
const smallKernels = {
  "src/engine/kernels/modules.ts": "src/engine/kernels/modules_sampling.ts",
};

/** Makes the package. */
async function pack(): Promise<void> {
  Deno.chdir(root);
  const { name, version, license, exports } = JSON.parse(await Deno.readTextFile("deno.json"));
  const temporary = await Deno.makeTempDir();
  try {
    const sourcesOf = (isIncluded: (entry: string) => boolean) =>
      Object.fromEntries(
        Object.entries(fileNames).filter(([entry]) => isIncluded(entry))
          .map(([entry, file]) => [file, exports[entry]]),
      );
    const files = new Map([
      ...withInstalledName(
        await bundle({
          root,
          entries: sourcesOf((entry) => entry !== "./sample"),
          programs,
          temporary: `${temporary}/all`,
        }),
      ),
      ...await bundle({
        root,
        entries: sourcesOf((entry) => entry === "./sample"),
        replaced: smallKernels,
        temporary: `${temporary}/sample`,
      }),
      ...await declarations({ name, exports, temporary: `${temporary}/types` }),
      ["package.json", packageJson({ name, version, license, exports, fileNames })],
      ["README.md", await Deno.readTextFile("pack/README.md")],
      ["LICENSE", await Deno.readTextFile("LICENSE")],
      ["THIRD_PARTY_LICENSES", await thirdPartyLicenses(["./src/"])],
    ]);
    await replaceFolder(FOLDER, files);
    printSizes(files);
  } finally {
    await Deno.remove(temporary, { recursive: true });
    await endBundling();
  }
}

/**
 * In help and messages of the command line, `deno task` becomes the name under which the guide
 * installs it; the notebooks are no part of it.
 */
function withInstalledName(files: ReadonlyMap<string, string>): Map<string, string> {
  const renamed = files.get("cli.js")!.replaceAll(/\bdeno task(?! notebooks)/g, "unroll");
  return new Map([...files, ["cli.js", renamed]]);
}

/** Writes the files of the package, in place of those of an earlier one. */
async function replaceFolder(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  for (const [path, contents] of files) {
    await Deno.mkdir(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${folder}/${path}`, contents);
  }
}

function printSizes(files: ReadonlyMap<string, string>): void {
  for (const [path, contents] of [...files].toSorted()) {
    if (path.endsWith(".d.ts")) continue;
    const bytes = new TextEncoder().encode(contents);
    const kilobytes = (count: number) => `${(count / 1000).toFixed(1)} kB`.padStart(10);
    console.log(
      `${path.padEnd(24)}${kilobytes(bytes.length)}${kilobytes(gzipSync(bytes).length)} compressed`,
    );
  }
  console.log(`\n${FOLDER}: ${files.size} files`);
}

if (import.meta.main) {
  await checkArguments("pack", "Make the npm package in dist/npm/");
  await pack();
}
