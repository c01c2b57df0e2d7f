/** Files that commands write by request: never over an input, and complete or not at all. */

import { writeAtomically } from "../files/atomic_write.ts";
import { InputError, withContext, withContextAsync } from "../errors.ts";
import { isSameFile, resolveLinks, statIfExists } from "../files/file_identity.ts";
import { quotePath } from "../json.ts";
import { toInputError } from "../files/os_errors.ts";
import { isRunFile } from "../run/ownership.ts";
import { TextOutput } from "./output.ts";

/** Stands for standard output where the path of an output is expected. */
export const STANDARD_OUTPUT = "-";

/**
 * Checks that an output may be written: it is no input, by any path or link, and no file of a run.
 *
 * @param what What is written, for errors, for example `page`.
 * @param path The output.
 * @param inputs The paths of the inputs.
 * @throws {InputError} if it is one of these.
 */
export function checkOutput(what: string, path: string, inputs: readonly string[]): void {
  if (path === STANDARD_OUTPUT) return;
  withContext(`Cannot write the ${what} ${quotePath(path)}`, () => {
    const wrong = kindOfInput(path, inputs);
    if (wrong === undefined) return;
    throw new InputError(`${wrong}, which would be replaced; write to another file`);
  });
}

/** What an output would replace, if anything. */
function kindOfInput(path: string, inputs: readonly string[]): string | undefined {
  if (inputs.some((input) => isSameFile(path, input))) return "it is an input of the command";
  try {
    return isRunFile(path) ? "it is a file of a run" : undefined;
  } catch (error) {
    throw toInputError(error, { path, action: "write", missing: "its folder must exist" });
  }
}

/**
 * Writes an output. A regular file is replaced atomically, so that a full disk leaves the old one;
 * a link stays, and its target is replaced; a device or pipe is written to.
 *
 * @param what What is written, for errors, for example `page`.
 * @returns The number of bytes.
 * @throws {InputError} if it cannot be written.
 */
export async function writeOutput(what: string, path: string, text: string): Promise<number> {
  const bytes = new TextEncoder().encode(text);
  if (path === STANDARD_OUTPUT) {
    await using output = new TextOutput();
    await output.write(text);
    return bytes.length;
  }
  await withContextAsync(`Cannot write the ${what} ${quotePath(path)}`, async () => {
    try {
      await writeFile(path, bytes);
    } catch (error) {
      throw toInputError(error, { path, action: "write", missing: "its folder must exist" });
    }
  });
  return bytes.length;
}

async function writeFile(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const info = statIfExists(path);
  if (info?.isDirectory) throw new InputError("it is a folder; it must be a file");
  if (info === null || info.isFile) {
    // The new file has the permissions of the old one.
    const mode = info?.mode == null ? {} : { mode: info.mode & 0o777 };
    return await writeAtomically(resolveLinks(path), bytes, mode);
  }
  using file = await Deno.open(path, { write: true });
  await writeAll(file, bytes);
}

async function writeAll(
  writer: { write(bytes: Uint8Array): Promise<number> },
  bytes: Uint8Array,
): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) rest = rest.subarray(await writer.write(rest));
}
