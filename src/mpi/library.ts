/**
 * The MPI library of the system: which functions are called, and the constants of its kind.
 *
 * The interface of MPI in C is the same everywhere, but up to version 4 of the standard the values
 * of its constants are not. Open MPI has addresses of objects for them, MPICH and its relatives
 * (Intel MPI, Cray MPICH, MVAPICH) have integers, and libraries with the standard ABI of MPI 5 have
 * other integers.
 */
import { InputError } from "../errors.ts";
import { quotePath } from "../json.ts";

/**
 * A handle: a communicator, a datatype or an error handler. MPICH's are `int`, the
 * others' are pointers; both fill one register of the calling conventions that Deno supports.
 */
export type Handle = bigint;

/** The constants of a library. */
export interface Constants {
  readonly world: Handle;
  readonly int32: Handle;
  readonly byte: Handle;
  /** Errors are returned, instead of ending the job with a message of the library. */
  readonly errorsReturn: Handle;
  /** The address that stands for "the send buffer is the receive buffer". */
  readonly inPlace: bigint;
  /** The level of `MPI_Init_thread` at which several threads may call, one at a time. */
  readonly threadSerialized: number;
}

/** The kinds of libraries. */
export type Flavor = "Open MPI" | "MPICH" | "MPI ABI";

const broadcast = ["buffer", "i32", "usize", "i32", "usize"] as const;
// Begins with the address MPI_IN_PLACE.
const allGather = [
  ...["usize", "i32", "usize", "buffer", "buffer", "buffer", "usize", "usize"] as const,
] as const;
const message = ["buffer", "i32", "usize", "i32", "i32", "usize", "buffer"] as const;

/** The functions that are called. Each returns an error code, 0 for success. */
const symbols = {
  // Waits for all ranks, on a thread of its own, so that this one can give up.
  MPI_Init_thread: {
    parameters: ["usize", "usize", "i32", "buffer"],
    result: "i32",
    nonblocking: true,
  },
  MPI_Finalize: { parameters: [], result: "i32" },
  MPI_Abort: { parameters: ["usize", "i32"], result: "i32" },
  MPI_Comm_rank: { parameters: ["usize", "buffer"], result: "i32" },
  MPI_Comm_size: { parameters: ["usize", "buffer"], result: "i32" },
  MPI_Comm_set_errhandler: { parameters: ["usize", "usize"], result: "i32" },
  MPI_Error_string: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  MPI_Get_library_version: { parameters: ["buffer", "buffer"], result: "i32" },
  MPI_Get_processor_name: { parameters: ["buffer", "buffer"], result: "i32" },
  MPI_Test: { parameters: ["buffer", "buffer", "buffer"], result: "i32" },
  MPI_Wait: { parameters: ["buffer", "buffer"], result: "i32" },
  MPI_Barrier: { parameters: ["usize"], result: "i32" },
  MPI_Ibarrier: { parameters: ["usize", "buffer"], result: "i32" },
  MPI_Bcast: { parameters: broadcast, result: "i32" },
  MPI_Ibcast: { parameters: [...broadcast, "buffer"], result: "i32" },
  MPI_Allgatherv: { parameters: allGather, result: "i32" },
  MPI_Iallgatherv: { parameters: [...allGather, "buffer"], result: "i32" },
  MPI_Isend: { parameters: message, result: "i32" },
  MPI_Irecv: { parameters: message, result: "i32" },
  // Only in libraries of version 5 of the standard.
  MPI_Abi_get_version: { parameters: ["buffer", "buffer"], result: "i32", optional: true },
  // Functions of the C library are found through the MPI library, which is linked to it.
  // Addresses are numbers, as `Deno.UnsafePointer` needs permission for all libraries.
  dlopen: { parameters: ["buffer", "i32"], result: "usize" },
  dlsym: { parameters: ["usize", "buffer"], result: "usize" },
  sched_yield: { parameters: [], result: "i32" },
  sysconf: { parameters: ["i32"], result: "isize" },
  // Only on Linux.
  sched_getaffinity: { parameters: ["i32", "usize", "buffer"], result: "i32", optional: true },
  prctl: { parameters: ["i32", "usize", "usize", "usize", "usize"], result: "i32", optional: true },
} as const;

/** The functions of an opened library. */
export type Functions = Deno.DynamicLibrary<typeof symbols>["symbols"];

/** An opened library. */
export interface Library {
  readonly path: string;
  readonly flavor: Flavor;
  readonly constants: Constants;
  readonly functions: Functions;
}

/** MPICH's mpi.h, the same since version 3 for all libraries of its ABI initiative. */
const mpich: Constants = {
  world: 0x44000000n,
  int32: 0x4c000439n,
  byte: 0x4c00010dn,
  errorsReturn: 0x54000001n,
  inPlace: 2n ** 64n - 1n,
  threadSerialized: 2,
};

/** The standard's ABI, chapter 20 of MPI 5.0. */
const standard: Constants = {
  world: 0x101n,
  int32: 0x250n,
  byte: 0x247n,
  errorsReturn: 0x143n,
  inPlace: 1n,
  threadSerialized: 2048,
};

/** dlopen()'s RTLD_NOW and RTLD_GLOBAL. */
const RTLD_NOW = 2;
const RTLD_GLOBAL = Deno.build.os === "darwin" ? 8 : 0x100;

/** A string of C. */
function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/**
 * Opens a library, and finds out what kind it is by its symbols.
 *
 * @param path An absolute path: Deno grants `--allow-ffi` by the path of a file.
 * @throws {InputError} if it cannot be opened, or is no MPI library.
 */
export function openLibrary(path: string): Library {
  const failure = `Cannot use ${quotePath(path)} as the MPI library`;
  let functions: Functions;
  try {
    functions = Deno.dlopen(path, symbols).symbols;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`${failure}: ${reason.replaceAll("\n", " ")}`, {
      cause: error,
      option: "mpiLibrary",
    });
  }
  // Open MPI loads modules that look for its symbols among the global ones.
  const handle = functions.dlopen(cString(path), RTLD_NOW | RTLD_GLOBAL);
  const addressOf = (symbol: string) => functions.dlsym(handle, cString(symbol));
  if (hasStandardAbi(functions)) {
    return { path, flavor: "MPI ABI", constants: standard, functions };
  }
  if (addressOf("ompi_mpi_comm_world") === 0n) {
    return { path, flavor: "MPICH", constants: mpich, functions };
  }
  const constants: Constants = {
    world: addressOf("ompi_mpi_comm_world"),
    int32: addressOf("ompi_mpi_int32_t"),
    byte: addressOf("ompi_mpi_byte"),
    errorsReturn: addressOf("ompi_mpi_errors_return"),
    inPlace: 1n,
    threadSerialized: 2,
  };
  return { path, flavor: "Open MPI", constants, functions };
}

/** Whether the constants are those of the standard; a library without them reports version -1. */
function hasStandardAbi({ MPI_Abi_get_version }: Functions): boolean {
  if (!MPI_Abi_get_version) return false;
  const major = new Int32Array(1);
  const minor = new Int32Array(1);
  return MPI_Abi_get_version(major, minor) === 0 && major[0]! >= 1;
}
