/** Reasons for errors of the operating system, in plain English. */

import { InputError } from "../errors.ts";

/** What a program does with a file. */
export type FileAction = "read" | "write";

/**
 * What is wrong, and what would be right, by the error code of the operating system. The code is
 * the only thing to go by: Deno has no class for every error.
 */
const reasons: Readonly<Record<string, readonly [wrong: string, right: string]>> = {
  EACCES: ["the system denies access", "the user who runs this must be allowed to ACTION it"],
  EPERM: ["the system denies access", "the user who runs this must be allowed to ACTION it"],
  EBUSY: ["it is in use by the system", "it must be a file that can be replaced"],
  EDQUOT: ["the disk quota is used up", "there must be room for the old file and the new one"],
  EEXIST: ["something is there already", "nothing may be there"],
  EFBIG: ["it is too large for the file system", "it must be smaller"],
  EISDIR: ["it is a folder", "it must be a file"],
  ELOOP: ["its links lead in a circle", "it must lead to a file"],
  ENAMETOOLONG: ["its name is too long for the file system", "it must be shorter"],
  ENOENT: ["there is no such file", "it must exist"],
  // The path is refused before it reaches the system.
  NUL: ["its name has a NUL character", "no file can have such a name"],
  EMPTY: ["its path is empty", "it must have a path"],
  ENOSPC: ["the disk is full", "there must be room for the old file and the new one"],
  ENOTDIR: ["a part of its path is not a folder", "it must exist"],
  ENOTEMPTY: ["it is a folder", "it must be a file"],
  ENXIO: ["it is a socket, or a pipe or device that no program serves", "it must be a file"],
  EROFS: ["the file system is read-only", "it must be writable"],
  EXDEV: ["its temporary file is on another file system", "both must be in the same folder"],
};

const flags: Readonly<Record<FileAction, string>> = {
  read: "--allow-read",
  write: "--allow-read and --allow-write",
};

/** Whether a file or folder is missing, by the error that using it threw. */
function isMissing(code: string): boolean {
  return code === "ENOENT" || code === "ENOTDIR";
}

/** Whether Deno refused an operation for a permission that was not given. */
function isNotCapable(error: unknown): error is Error {
  return error instanceof Error && error.name === "NotCapable";
}

function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error) return String(error.code);
  // An error that Deno throws by itself has a name, but no code.
  return error instanceof Error && error.name === "PermissionDenied" ? "EACCES" : "";
}

/**
 * Returns the reason why an operation on a file or folder failed.
 *
 * @param error What was thrown.
 * @returns The reason, for example `the disk is full`; the error's own message if it has no such
 * reason.
 *
 * @example
 * ```ts
 * import { osErrorReason } from "./os_errors.ts";
 *
 * const error = Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
 * console.log(osErrorReason(error)); // the disk is full
 * ```
 */
export function osErrorReason(error: unknown): string {
  if (isNotCapable(error)) {
    return `Deno has no permission; run with ${flags.write}`;
  }
  if (!(error instanceof Error)) return String(error);
  return reasons[codeOf(error)]?.[0] ?? error.message;
}

/** What was done to a file; see {@linkcode toInputError}. */
export interface FileAttempt {
  /** The file's path. */
  readonly path: string;
  /** What was done to it. */
  readonly action: FileAction;
  /** What would be right when the file is missing, for example `its folder must exist`. */
  readonly missing: string;
}

/**
 * Translates an error of the operating system that user input caused: a path that is wrong, a
 * missing permission, a full disk.
 *
 * @param error What was thrown.
 * @param attempt What was done, and to which file.
 * @returns An {@linkcode InputError} with what is wrong and what would be right; the error itself
 * if it is of another kind.
 *
 * @example
 * ```ts
 * import { toInputError } from "./os_errors.ts";
 *
 * const error = Object.assign(new Error("Not a directory"), { code: "ENOTDIR" });
 * const attempt = { path: "a/b", action: "write", missing: "its folder must exist" } as const;
 * console.log(String(toInputError(error, attempt)));
 * // InputError: there is no such file; its folder must exist
 * ```
 */
export function toInputError(error: unknown, { path, action, missing }: FileAttempt): unknown {
  if (isNotCapable(error)) {
    // Deno guards most files below /dev and /proc, whatever else is allowed.
    const wrong = error.message.includes("--allow-all")
      ? `Deno does not ${action} such a file; it must be a regular one`
      : `Deno has no permission to ${action} it; run with ${flags[action]}`;
    return new InputError(wrong, { cause: error });
  }
  // For an empty path Deno may throw an error without a code.
  const code = path === "" ? "EMPTY" : path.includes("\0") ? "NUL" : codeOf(error);
  const reason = reasons[code];
  if (reason === undefined) return error;
  const [wrong, right] = reason;
  const advice = isMissing(code) ? missing : right.replace("ACTION", action);
  return new InputError(`${wrong}; ${advice}`, { cause: error });
}
