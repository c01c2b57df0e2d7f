import { type NpmPackage, packagesOf, readPackageFile } from "./npm_cache.ts";

/**
 * The licenses of the packages that are bundled, which ask for their text to be kept.
 *
 * @param scopes The scopes of deno.json whose packages are bundled, for example `["./src/"]`.
 */
export async function thirdPartyLicenses(scopes: readonly string[]): Promise<string> {
  const texts: string[] = [];
  for (const [name, version] of await packagesOf(scopes)) {
    const text = await readLicense([name, version]);
    texts.push(`${name} ${version}\n\n${text.trim()}\n`);
  }
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

/** Reads the license of a package. One without a license file names its license. */
async function readLicense(npmPackage: NpmPackage): Promise<string> {
  const text = await readPackageFile(npmPackage, ["LICENSE", "LICENSE.md", "LICENSE.txt"]);
  if (text !== null) return text;
  const manifest = await readPackageFile(npmPackage, ["package.json"]);
  if (manifest !== null) {
    const { license, homepage } = JSON.parse(manifest);
    if (license !== undefined) return `License: ${license}${homepage ? `, ${homepage}` : ""}`;
  }
  throw new Error(`Cannot find the license of ${npmPackage.join("@")}`);
}
