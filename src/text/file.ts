import { InputError } from "../errors.ts";
import { type ReadResult, readUtf8 } from "./utf8.ts";

/** The first words of an error about reading this file, always on one line. */
export function reading(path: string): string {
  return `Cannot read the text ${JSON.stringify(path)}`;
}

/**
 * Reads a UTF-8 file to its end in pieces; see {@linkcode readUtf8}.
 *
 * @throws {InputError} when the path is no regular file's, the file may not be read, or its bytes
 * are not UTF-8.
 */
export async function readTextFile(
  path: string,
  visit: (piece: string) => void,
): Promise<ReadResult> {
  using file = await open(path);
  return await readUtf8(file, reading(path), visit);
}

async function open(path: string): Promise<Deno.FsFile> {
  try {
    // Asked before it is opened: opening a named pipe would wait for a writer.
    const { isFile, isDirectory } = await Deno.stat(path);
    if (!isFile) {
      const found = isDirectory ? "a directory" : "a device, pipe or socket";
      throw new InputError(
        `${reading(path)}: it is ${found}; it must be a regular file`,
      );
    }
    return await Deno.open(path);
  } catch (error) {
    throw explain(path, error);
  }
}

/**
 * What to throw when opening a file failed: an {@linkcode InputError} where the user can mend it,
 * else the error itself.
 */
export function explain(path: string, error: unknown): unknown {
  if (error instanceof Deno.errors.NotCapable) {
    return new InputError(
      `${reading(path)}: Deno has no permission to read it; run with --allow-read`,
    );
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new InputError(
      `${reading(path)}: the system denies access; it must be readable by the user who runs this`,
    );
  }
  // Not every such error has a class of its own; the code is there in each.
  const code = error instanceof Error && "code" in error ? error.code : "";
  if (
    path === "" || code === "ENOENT" || code === "ENOTDIR" ||
    code === "ENAMETOOLONG"
  ) {
    return new InputError(
      `${reading(path)}: there is no such file; it must be the path of a UTF-8 text`,
    );
  }
  return error;
}
