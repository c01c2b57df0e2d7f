import { runCommand, runDeno } from "./run_deno.ts";

/** Types of packages, which no entry shows. */
const AMBIENT_TYPES = "src/types/";

/** Options of {@linkcode declarations}. */
export interface DeclarationsOptions {
  /** The name of the package. */
  readonly name: string;
  /** Source files, by their names as entries of the package: `.`, `./engine`, … */
  readonly exports: Readonly<Record<string, string>>;
  /** A new folder for intermediate files. */
  readonly temporary: string;
}

/**
 * Makes the type declarations of the package.
 *
 * @returns The contents of each file, by its path, which is that of its source.
 */
export async function declarations(
  { name, exports, temporary }: DeclarationsOptions,
): Promise<Map<string, string>> {
  await Deno.mkdir(temporary);
  const archive = `${temporary}/package.tgz`;
  await runDeno(["pack", "--quiet", "--allow-dirty", "--no-source-maps", "--output", archive]);
  await runCommand("tar", ["-xzf", archive, "-C", temporary]);
  const entryOf = await readEntries(exports);
  const files = new Map<string, string>();
  for (const path of filesIn(`${temporary}/package`)) {
    if (!path.endsWith(".d.ts") || path.startsWith(AMBIENT_TYPES)) continue;
    const text = await Deno.readTextFile(`${temporary}/package/${path}`);
    files.set(path, withLibraries(withPackageImports(text, { path, name, entryOf })));
  }
  return files;
}

function filesIn(folder: string, below = ""): string[] {
  return [...Deno.readDirSync(`${folder}/${below}`)].flatMap((entry) => {
    const path = below + entry.name;
    return entry.isDirectory ? filesIn(folder, `${path}/`) : [path];
  });
}

/** Asks for the types of `Disposable`, which a project for ES2022 does not have by default. */
function withLibraries(text: string): string {
  const usesDisposable = /\bDisposable\b|Symbol\.dispose\b/.test(text);
  return usesDisposable ? `/// <reference lib="esnext.disposable" />\n${text}` : text;
}

/**
 * In examples, imports of an entry's source, or of a file that an entry exports, become those of the
 * package.
 */
function withPackageImports(
  text: string,
  { path, name, entryOf }: {
    readonly path: string;
    readonly name: string;
    /** The entry that a source file is, or is exported by. */
    readonly entryOf: ReadonlyMap<string, string>;
  },
): string {
  return text.replaceAll(
    /^( *\* (?:import .*|\}) from )"(\.{1,2}\/[^"]*\.ts)";$/gm,
    (line, start, from) => {
      const entry = entryOf.get(`.${new URL(from, `file:///${path}`).pathname}`);
      return entry === undefined ? line : `${start}"${name}${entry.slice(1)}";`;
    },
  );
}

/** The entries by their sources, and by the files that these export from, the first one each. */
async function readEntries(
  exports: DeclarationsOptions["exports"],
): Promise<ReadonlyMap<string, string>> {
  const entryOf = new Map(Object.entries(exports).map(([entry, source]) => [source, entry]));
  for (const [entry, source] of Object.entries(exports)) {
    const text = await Deno.readTextFile(source);
    for (const [, from] of text.matchAll(/^(?:export .*|\}) from "(\.[^"]*)";$/gm)) {
      const path = `.${new URL(from!, `file:///${source}`).pathname}`;
      if (!entryOf.has(path)) entryOf.set(path, entry);
    }
  }
  return entryOf;
}
