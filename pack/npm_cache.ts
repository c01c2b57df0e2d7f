import { runDeno } from "./run_deno.ts";

/** A package and its version. */
export type NpmPackage = readonly [name: string, version: string];

let cacheFolder: Promise<string> | undefined;

/**
 * Reads a file of a package in the cache, which has a folder for each registry.
 *
 * @param paths Paths in the package, of which the first that exists is read.
 * @returns `null` if none exists.
 */
export async function readPackageFile(
  [name, version]: NpmPackage,
  paths: readonly string[],
): Promise<string | null> {
  cacheFolder ??= runDeno(["info", "--json"]).then((text) => JSON.parse(text).npmCache);
  const cache = await cacheFolder;
  for await (const registry of Deno.readDir(cache)) {
    for (const path of paths) {
      const text = await readIfExists(`${cache}/${registry.name}/${name}/${version}/${path}`);
      if (text !== null) return text;
    }
  }
  return null;
}

async function readIfExists(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** The parts of a lock file that are used. */
interface Lock {
  /** Versions by specifiers, for example `2.11.4_preact@11.2.0` by `npm:@preact/signals@2.11.4`. */
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, { readonly dependencies?: readonly string[] }>>;
}

/**
 * The packages that files in some scopes of deno.json import, and those that these depend on.
 *
 * @param scopes For example `["./src/"]`.
 */
export async function packagesOf(scopes: readonly string[]): Promise<NpmPackage[]> {
  const project = JSON.parse(await Deno.readTextFile("deno.json"));
  const { specifiers, npm }: Lock = JSON.parse(await Deno.readTextFile("deno.lock"));
  const specifier = /^npm:((?:@[^/]+\/)?[^@/]+)@([^/]+)/;
  const keys = scopes.flatMap((scope) => Object.values<string>(project.scopes[scope]))
    .flatMap((target) => {
      const [whole, name] = specifier.exec(target) ?? [];
      return whole === undefined ? [] : [`${name}@${specifiers[whole]}`];
    });
  const found = new Set<string>();
  const visit = (key: string) => {
    if (found.has(key)) return;
    found.add(key);
    for (const dependency of npm[key]?.dependencies ?? []) {
      visit(
        Object.keys(npm).find((other) => other === dependency) ??
          Object.keys(npm).find((other) => other.startsWith(`${dependency}@`))!,
      );
    }
  };
  for (const key of keys) visit(key);
  const packages = [...found].map((key): NpmPackage => {
    const [, name, version] = /^((?:@[^/]+\/)?[^@/]+)@([^_]+)/.exec(key)!;
    return [name!, version!];
  });
  return packages.toSorted();
}
