import { runDeno } from "./run_deno.ts";

/** The licenses of the packages that are bundled, which ask for their text to be kept. */
export async function thirdPartyLicenses(): Promise<string> {
  const { npmCache } = JSON.parse(await runDeno(["info", "--json"])) as { npmCache: string };
  const texts: string[] = [];
  for (const [name, version] of await bundledPackages()) {
    const text = await readLicense(npmCache, `${name}/${version}`);
    texts.push(`${name} ${version}\n\n${text.trim()}\n`);
  }
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

/** Names and versions of the packages that src/ imports. */
async function bundledPackages(): Promise<[string, string][]> {
  const { scopes } = JSON.parse(await Deno.readTextFile("deno.json"));
  const found = new Map<string, string>();
  for (const specifier of Object.values(scopes["./src/"] as Record<string, string>)) {
    const [, name, version] = /^npm:(@?[^@]+)@([^/]+)/.exec(specifier) ?? [];
    if (name !== undefined) found.set(name, version!);
  }
  return [...found].toSorted();
}

/**
 * Reads the license of a package in the cache, which has a folder for each registry. A package
 * without a license file names its license.
 */
async function readLicense(npmCache: string, path: string): Promise<string> {
  for await (const registry of Deno.readDir(npmCache)) {
    const folder = `${npmCache}/${registry.name}/${path}`;
    for (const name of ["LICENSE", "LICENSE.md", "LICENSE.txt"]) {
      const text = await readIfExists(`${folder}/${name}`);
      if (text !== null) return text;
    }
    const manifest = await readIfExists(`${folder}/package.json`);
    if (manifest === null) continue;
    const { license, homepage } = JSON.parse(manifest);
    if (license !== undefined) return `License: ${license}${homepage ? `, ${homepage}` : ""}`;
  }
  throw new Error(`Cannot find the license of ${path} in ${npmCache}`);
}

async function readIfExists(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
