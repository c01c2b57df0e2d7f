/** The folder that relative paths of a command line start from. */

import { isAbsolute } from "node:path";
import { quotePath } from "../json.ts";

/**
 * What to add to an error about a relative path that leads to nothing: the folder that was searched,
 * which need not be the one that the user means.
 *
 * @returns A clause that begins with a semicolon; the empty string for other errors.
 */
export function searchedFolder(error: Error): string {
  if (!isAboutMissing(error)) return "";
  const [quoted] = /"(\\.|[^"\\])*"/.exec(error.message) ?? [];
  if (quoted === undefined || quoted === '""' || isAbsolute(quoted.slice(1, -1))) return "";
  try {
    return `; the current folder is ${quotePath(Deno.cwd())}`;
  } catch {
    // Deno may have no permission to name it.
    return "";
  }
}

/** Whether an error was caused by a file or folder that does not exist. */
function isAboutMissing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return "code" in error && error.code === "ENOENT" || isAboutMissing(error.cause);
}
