/** The files that paths, folders and patterns stand for. */

import { globToRegExp } from "@std/path/glob-to-regexp";
import { InputError, withContext } from "../errors.ts";
import { quotePath } from "../json.ts";
import { BEST_CHECKPOINT, LATEST_CHECKPOINT } from "./checkpoint_file.ts";
import { statIfExists } from "./file_identity.ts";
import { type FileInfo, readFolder, realPath, stat } from "./fs.ts";
import { toInputError } from "./os_errors.ts";

/** Stands for standard input where the path of a text is expected. */
export const STANDARD_INPUT_PATH = "-";

/** A text to read. */
export interface TextPath {
  /** The path of a file, or `-` for standard input. */
  readonly path: string;
  /**
   * Whether it was found in a folder or by a pattern, not named itself: what is found may be no
   * text.
   */
  readonly isFound: boolean;
  /** The path that was given for it: itself, a folder or a pattern. */
  readonly given: string;
}

/**
 * Lists the files that are meant by paths: a file is itself, a folder all files in it and in its
 * folders, and a pattern such as `notes/*.md` all files that match, with `**` in any depth. What is
 * found is in the order of paths, and each file is listed once.
 *
 * Names that begin with a dot are passed over unless they are written out, and so are run folders:
 * their metrics would be read as a text.
 *
 * @throws {InputError} if a folder or pattern has no file, a folder cannot be read, or links of a
 * folder lead in a circle.
 *
 * @example
 * ```ts
 * import { listTexts } from "./text_paths.ts";
 *
 * console.log(listTexts(["examples/alice.txt", "-"]).length); // 2
 * ```
 */
export function listTexts(paths: readonly string[]): TextPath[] {
  const texts = new Map<string, TextPath>();
  for (const path of paths) {
    for (const text of expand(path)) {
      const identity = identityOf(text.path);
      if (!texts.has(identity)) texts.set(identity, text);
    }
  }
  return [...texts.values()];
}

/** What a path leads to, by which a file is recognized that was listed before. */
function identityOf(path: string): string {
  if (path === STANDARD_INPUT_PATH) return path;
  try {
    return realPath(path);
  } catch {
    return path;
  }
}

function expand(path: string): TextPath[] {
  const itself = { path, isFound: false, given: path };
  if (path === STANDARD_INPUT_PATH) return [itself];
  const info = infoOf(path);
  if (info?.isDirectory) {
    return listFolder(path, {
      what: "the folder",
      depth: Infinity,
      accepts: () => true,
      none: "it has no file that may be a text; name files, or another folder",
    });
  }
  const pattern = info === null ? patternOf(path) : null;
  if (pattern === null) return [itself];
  return listFolder(pattern.folder, {
    ...{ what: "the texts", given: path, depth: pattern.depth },
    accepts: (file) => pattern.matches.test(file),
    none: "no file matches this pattern",
  });
}

/** Information about a path; `null` where there is none, which reading it explains. */
function infoOf(path: string): FileInfo | null {
  try {
    return statIfExists(path);
  } catch {
    return null;
  }
}

/** A pattern: the folder in which it may match, how deep in it, and what it matches. */
interface Pattern {
  readonly folder: string;
  readonly depth: number;
  readonly matches: RegExp;
}

/** The pattern that a path is; `null` for other paths. */
function patternOf(path: string): Pattern | null {
  if (!/[*?[{]/.test(path)) return null;
  const parts = path.split("/");
  const literal = parts.slice(0, parts.findIndex((part) => /[*?[{]/.test(part)));
  const folder = literal.join("/");
  return {
    folder: literal.length === 0 ? "" : folder === "" ? "/" : folder,
    depth: parts.includes("**") ? Infinity : parts.length - literal.length,
    matches: globToRegExp(path, { extended: true, globstar: true }),
  };
}

/** What {@linkcode listFolder} lists. */
interface Listing {
  /** What is read, for an error. */
  readonly what: string;
  /** What was asked for. Default: the folder. */
  readonly given?: string;
  /** Folders to go down at most, with the first. */
  readonly depth: number;
  readonly accepts: (path: string) => boolean;
  /** The error if there is no file. */
  readonly none: string;
}

function listFolder(
  folder: string,
  { what, given = folder, depth, accepts, none }: Listing,
): TextPath[] {
  return withContext(`Cannot read ${what} ${quotePath(given)}`, () => {
    const files = [...walk(folder, depth)].filter(accepts).toSorted(compare);
    if (files.length === 0) throw new InputError(none);
    return files.map((path) => ({ path, isFound: true, given }));
  });
}

/** Compares by code units, which no locale changes. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** All regular files in a folder, links followed. */
function* walk(
  folder: string,
  depth: number,
  above: readonly string[] = [],
): Generator<string> {
  const [here, names] = readOrExplain(folder);
  if (above.includes(here)) {
    throw new InputError(
      `its links lead in a circle, at ${
        quotePath(folder)
      }; remove that link, or name files instead`,
    );
  }
  if (isRunFolder(names)) return;
  for (const name of names) {
    if (name.startsWith(".")) continue;
    const path = folder === "" ? name : `${folder.replace(/\/$/, "")}/${name}`;
    // A link to nothing, or to itself, is no file.
    const info = infoOf(path);
    if (info?.isFile) yield path;
    else if (info?.isDirectory && depth > 1) yield* walk(path, depth - 1, [...above, here]);
  }
}

function readOrExplain(folder: string): [path: string, names: string[]] {
  const path = folder === "" ? "." : folder;
  try {
    stat(path);
    return [realPath(path), readFolder(path)];
  } catch (error) {
    throw toInputError(error, { path, action: "read", missing: "its folder must exist" });
  }
}

/** Whether these are the names in the folder of a run. */
function isRunFolder(names: readonly string[]): boolean {
  return names.some((name) =>
    name === LATEST_CHECKPOINT || name === BEST_CHECKPOINT || name.startsWith(".unroll-")
  );
}
