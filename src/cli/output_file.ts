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

/** How files begin that an output of their kind may replace. */
const beginnings = {
  picture: /^\s*(<\?xml[^>]*>\s*)?<svg\s/,
  page: /^\s*<(!doctype html|html)[\s>]/i,
} as const;

/** What an output is, and what it must not replace. */
export interface OutputKind {
  /** What is written. */
  readonly what: keyof typeof beginnings;
  /** The paths of the inputs. */
  readonly inputs: readonly string[];
}

/** Bytes that show what kind a file is of. */
const HEAD_BYTES = 1024;

/**
 * Checks that an output may be written: it is no input, by any path or link, no file of a run, and
 * no file of another kind, which may be a text that was named by mistake.
 *
 * @throws {InputError} if it is one of these.
 */
export function checkOutput(path: string, { what, inputs }: OutputKind): void {
  if (path === STANDARD_OUTPUT) return;
  withContext(`Cannot write the ${what} ${quotePath(path)}`, () => {
    const wrong = kindOfInput(path, inputs) ?? otherKind(path, what);
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

/** What an output would replace that is no output of this kind. */
function otherKind(path: string, what: OutputKind["what"]): string | undefined {
  try {
    if (!statIfExists(path)?.isFile) return undefined;
    using file = Deno.openSync(path);
    const head = new Uint8Array(HEAD_BYTES);
    const count = file.readSync(head) ?? 0;
    const text = new TextDecoder().decode(head.subarray(0, count));
    return count === 0 || beginnings[what].test(text)
      ? undefined
      : `there is a file that is no ${what}`;
  } catch (error) {
    throw toInputError(error, { path, action: "read", missing: "its folder must exist" });
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
