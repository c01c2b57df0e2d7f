/** Files and folders that commands create: never over anything, and never in a run folder. */

import { InputError, withContext, withContextAsync } from "../errors.ts";
import { writeAtomically } from "../files/atomic_write.ts";
import { describeKind, lstatIfExists, resolveLinks } from "../files/file_identity.ts";
import { makeFolder, remove, rename } from "../files/fs.ts";
import { toInputError } from "../files/os_errors.ts";
import { quotePath } from "../json.ts";
import { isRunFolder } from "../run/ownership.ts";

const FOLDER_MISSING = "its folder must exist";

/**
 * Checks that something may be created at a path: nothing is there, and it is in no run folder.
 *
 * @param what What is created, for errors, for example `model`.
 * @param path The path.
 * @throws {InputError} if something is there, or it is in a run folder.
 */
export function checkNewOutput(what: string, path: string): void {
  withContext(`Cannot write the ${what} ${quotePath(path)}`, () => {
    try {
      checkNothingThere(path);
      const folder = runFolderAbove(resolveLinks(withoutSlash(path)));
      if (folder === undefined) return;
      throw new InputError(
        `it is in the run folder ${quotePath(folder)}; write to a path outside of it`,
      );
    } catch (error) {
      throw toInputError(error, { path, action: "write", missing: FOLDER_MISSING });
    }
  });
}

/** The path of a folder, which may be written with a slash at its end. */
function withoutSlash(path: string): string {
  return path.replace(/(?<=.)[/\\]+$/, "");
}

function checkNothingThere(path: string): void {
  if (path === "") throw new InputError("the path is empty");
  if (path === "-") {
    throw new InputError("it must be the path of a file or folder; ./- is one of that name");
  }
  const found = lstatIfExists(withoutSlash(path));
  if (found === null) return;
  throw new InputError(`${describeKind(found)} is there already; write to another path`);
}

/** The run folder that an absolute path is in, at any depth. */
function runFolderAbove(path: string): string | undefined {
  for (let end = path.search(/[/\\][^/\\]*$/); end > 0; end = path.search(/[/\\][^/\\]*$/)) {
    path = path.slice(0, end);
    if (isRunFolder(path)) return path;
  }
  return undefined;
}

/** Creates a file: complete, or not at all. It must have been checked. */
export async function writeNewFile(what: string, path: string, bytes: Uint8Array): Promise<void> {
  await withContextAsync(`Cannot write the ${what} ${quotePath(path)}`, async () => {
    try {
      await writeAtomically(path, bytes, { beforeRename: () => checkNothingThere(path) });
    } catch (error) {
      throw toInputError(error, { path, action: "write", missing: FOLDER_MISSING });
    }
  });
}

/** Creates a folder of files: complete, or not at all. It must have been checked. */
export async function writeNewFolder(
  what: string,
  path: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  await withContextAsync(`Cannot write the ${what} ${quotePath(path)}`, async () => {
    const target = withoutSlash(path);
    const temporary = `${target}.${crypto.randomUUID().slice(0, 8)}.tmp`;
    const written: string[] = [];
    try {
      makeFolder(temporary);
      written.push(temporary);
      for (const [name, bytes] of files) {
        await writeAtomically(`${temporary}/${name}`, bytes);
        written.push(`${temporary}/${name}`);
      }
      checkNothingThere(target);
      rename(temporary, target);
    } catch (error) {
      for (const created of written.toReversed()) removeIfPossible(created);
      throw toInputError(error, { path, action: "write", missing: FOLDER_MISSING });
    }
  });
}

function removeIfPossible(path: string): void {
  try {
    remove(path);
  } catch {
    // It is left behind.
  }
}
