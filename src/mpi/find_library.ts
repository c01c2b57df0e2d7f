/** Where MPI libraries are, and which of several is that of the launcher. */
import { InputError } from "../errors.ts";
import { quotePath } from "../json.ts";
import { type Environment, launcherFlavor } from "./launcher.ts";

/**
 * The file names of libraries: with the standard ABI, then Open MPI 2 to 5, MPICH and its
 * relatives, Debian's MPICH, and the links of development packages and of macOS.
 */
const names: readonly string[] = [
  "libmpi_abi.so.0",
  "libmpi.so.40",
  "libmpi.so.20",
  "libmpi.so.12",
  "libmpich.so.12",
  "libmpi.so",
  "libmpich.so",
  "libmpi.dylib",
];

/** The folders of systems and packages; `*` stands for any part of a name. */
const folders: readonly string[] = [
  "/usr/lib/*-linux-gnu",
  "/usr/lib64",
  "/usr/lib64/openmpi/lib",
  "/usr/lib64/mpich/lib",
  "/usr/lib64/mpi/gcc/openmpi*/lib64",
  "/usr/lib64/mpi/gcc/mpich/lib64",
  "/usr/lib",
  "/usr/local/lib",
  "/opt/homebrew/lib",
];

/** Variables of the environment that {@linkcode findLibrary} reads. */
export const libraryVariables: readonly string[] = ["LD_LIBRARY_PATH", "MPI_HOME", "I_MPI_ROOT"];

/** Bytes of a file that are searched at a time. */
const CHUNK_BYTES = 2 ** 22;
/** A symbol of every version of Open MPI, and of no other library. */
const OPEN_MPI_SYMBOL = new TextEncoder().encode("ompi_mpi_comm_world");

/** The value of an option among arguments that may be wrong in other respects. */
export function valueOf(args: readonly string[], option: string): string | undefined {
  const at = args.findLastIndex((arg) => arg === `--${option}` || arg.startsWith(`--${option}=`));
  if (at < 0) return undefined;
  const [, value] = /=(.*)$/s.exec(args[at]!) ?? [];
  return value ?? args[at + 1];
}

/**
 * The absolute path of the MPI library: the one that is named, or one in the usual places. Of
 * several, that of the launcher.
 *
 * @param named The path that a user names; a relative one is from the working folder.
 * @throws {InputError} if there is none.
 */
export function findLibrary(named: string | undefined, environment: Environment): string {
  if (named !== undefined) {
    const path = realPath(named);
    if (path !== undefined) return path;
    throw new InputError(`Cannot find the MPI library ${quotePath(named)}: there is no such file`, {
      option: "mpiLibrary",
    });
  }
  const found = findLibraries(environment);
  if (found.length === 0) {
    throw new InputError(
      "Cannot find an MPI library in the usual places: install Open MPI or MPICH (on Debian and " +
        'Ubuntu: apt install openmpi-bin), or name the file of the library with "mpiLibrary"',
      { option: "mpiLibrary" },
    );
  }
  const wanted = launcherFlavor(environment);
  if (found.length === 1 || wanted === undefined) return found[0]!;
  return found.find((path) => isOpenMpi(path) === (wanted === "Open MPI")) ?? found[0]!;
}

/** The files of all libraries in the usual places, links followed, the preferred ones first. */
function findLibraries(environment: Environment): string[] {
  const home = environment("MPI_HOME");
  const intel = environment("I_MPI_ROOT");
  const searched = [
    ...environment("LD_LIBRARY_PATH")?.split(":").filter((folder) => folder.startsWith("/")) ?? [],
    ...home === undefined ? [] : [`${home}/lib`, `${home}/lib64`],
    ...intel === undefined ? [] : [`${intel}/lib/release`, `${intel}/lib`],
    ...folders.flatMap(expand),
  ];
  const paths = searched.flatMap((folder) => names.map((name) => realPath(`${folder}/${name}`)));
  return [...new Set(paths.filter((path) => path !== undefined))];
}

/** The folders that a pattern stands for. */
function expand(pattern: string): string[] {
  const [, parent, name, rest] = /^(.*)\/([^/]*\*[^/]*)(.*)$/.exec(pattern) ?? [];
  if (parent === undefined) return [pattern];
  const [begin, end] = name!.split("*") as [string, string];
  try {
    return Array.from(Deno.readDirSync(parent), (entry) => entry.name)
      .filter((entry) => entry.startsWith(begin) && entry.endsWith(end))
      .toSorted()
      .map((entry) => `${parent}/${entry}${rest}`);
  } catch {
    return [];
  }
}

/** A path without links; `undefined` if there is no such file. */
function realPath(path: string): string | undefined {
  try {
    const real = Deno.realPathSync(path);
    return Deno.statSync(real).isFile ? real : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a file has a symbol of Open MPI: it may not be loaded yet. */
function isOpenMpi(path: string): boolean {
  const symbol = new TextDecoder("latin1").decode(OPEN_MPI_SYMBOL);
  const decoder = new TextDecoder("latin1");
  using file = Deno.openSync(path);
  const chunk = new Uint8Array(CHUNK_BYTES);
  let before = "";
  while (true) {
    const length = file.readSync(chunk);
    if (length === null) return false;
    const text = before + decoder.decode(chunk.subarray(0, length));
    if (text.includes(symbol)) return true;
    before = text.slice(-symbol.length);
  }
}
