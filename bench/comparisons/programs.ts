/** The table of programs that are compared, and how each is started. */
import { formatCount } from "../../src/cli/format.ts";
import { quotePath } from "../../src/json.ts";
import type { WorkloadSize } from "../workload.ts";
import { INIT, LR } from "./hyperparams.ts";
import type { LaunchCommand } from "./program_process.ts";

/** The files and interpreters that programs are started with. */
export interface LaunchContext {
  /** Path of the text. */
  readonly text: string;
  /** Path of the text as character ids; see protocol.ts. */
  readonly ids: string;
  /** V. */
  readonly vocabulary: number;
  /** A temporary folder for compiled programs. */
  readonly folder: string;
  /** Commands of Python interpreters, the preferred one first. */
  readonly pythons: readonly string[];
}

/** A program to compare. */
export interface Program {
  readonly name: string;
  /** Distinguishes programs that share a name; only the fastest of them is reported. */
  readonly variant?: string;
  /** Whether the others are compared with this one. */
  readonly isUnroll?: boolean;
  /**
   * Prepares the program, once for all sizes: finds its interpreter or compiles it.
   *
   * @returns The command that trains a network of some size.
   * @throws {Error} if something is not installed; the message names it.
   */
  readonly prepare: (context: LaunchContext) => Promise<(size: WorkloadSize) => LaunchCommand>;
}

/**
 * All programs, unroll first.
 *
 * @param cores Threads of the multi-threaded programs.
 */
export function listPrograms(cores: number): readonly Program[] {
  const threadCounts = cores === 1 ? [1] : [1, cores];
  return [
    ...threadCounts.map((threads) => ({
      name: `unroll, ${formatCount(threads, "thread")}`,
      isUnroll: true,
      prepare: ({ text }: LaunchContext) =>
        Promise.resolve(({ hidden, seqLength, batchSize }: WorkloadSize): LaunchCommand => ({
          command: Deno.execPath(),
          args: [
            ...["run", "--frozen", "--lock", pathOf("../../../src/deno.lock")],
            ...["--allow-read", pathOf("unroll_rnn.ts"), text],
            ...[hidden, seqLength, batchSize, threads].map(String),
          ],
        })),
    })),
    ...threadCounts.map((threads) => ({
      name: `PyTorch, ${formatCount(threads, "thread")}`,
      prepare: (context: LaunchContext) =>
        preparePython(context, { module: "torch", file: "torch_rnn.py", threads }),
    })),
    ...[
      { variant: "default threads", env: {} },
      { variant: "1 thread", env: oneThreadOfBlas },
    ].map(({ variant, env }) => ({
      name: "NumPy, float64",
      variant,
      prepare: async (context: LaunchContext) => {
        const python = { module: "numpy", file: "numpy_rnn.py", threads: 1 };
        const start = await preparePython(context, python);
        return (size: WorkloadSize) => ({ ...start(size), env });
      },
    })),
    {
      name: "C, plain loops",
      prepare: (context) => compile(context, { name: "plain", options: [] }),
    },
    {
      name: "C, register tiles",
      prepare: (context) => compile(context, { name: "tiled", options: ["-DTILED"] }),
    },
    ...["cpu", "wasm"].map((backend) => ({
      name: `TensorFlow.js, ${backend}`,
      prepare: (context: LaunchContext) =>
        Promise.resolve((size: WorkloadSize) => ({
          command: Deno.execPath(),
          args: [
            ...["run", "--frozen", "--allow-read", "--config", pathOf("tfjs/deno.json")],
            ...[
              pathOf("tfjs/tfjs_rnn.ts"),
              backend,
              ...protocolArgs(context, { size, threads: 1 }),
            ],
          ],
        })),
    })),
  ];
}

/** The variables that set the threads of the BLAS libraries under NumPy. */
const oneThreadOfBlas = {
  OPENBLAS_NUM_THREADS: "1",
  OMP_NUM_THREADS: "1",
  MKL_NUM_THREADS: "1",
};

function pathOf(file: string): string {
  return `${import.meta.dirname}/programs/${file}`;
}

/** The arguments that protocol.ts describes. */
function protocolArgs(
  { ids, vocabulary }: LaunchContext,
  { size, threads }: { readonly size: WorkloadSize; readonly threads: number },
): readonly string[] {
  const { hidden, seqLength, batchSize } = size;
  return [ids, ...[vocabulary, hidden, seqLength, batchSize, threads, LR, INIT].map(String)];
}

/** A program in Python, and the module that it imports. */
interface PythonProgram {
  readonly module: string;
  readonly file: string;
  readonly threads: number;
}

/** Finds the first interpreter that can import the module. */
async function preparePython(
  context: LaunchContext,
  { module, file, threads }: PythonProgram,
): Promise<(size: WorkloadSize) => LaunchCommand> {
  for (const command of context.pythons) {
    if (!await succeeds(command, ["-c", `import ${module}`])) continue;
    return (size) => ({
      command,
      args: [pathOf(file), ...protocolArgs(context, { size, threads })],
    });
  }
  const tried = context.pythons.map((name) => quotePath(name)).join(" or ");
  throw new Error(`${module} is not installed for ${tried}; --python names another interpreter`);
}

/** Compiles rnn.c. */
async function compile(
  context: LaunchContext,
  { name, options }: { readonly name: string; readonly options: readonly string[] },
): Promise<(size: WorkloadSize) => LaunchCommand> {
  const command = `${context.folder}/${name}`;
  const args = [
    ...["-O3", "-march=native", "-ffast-math", ...options],
    ...[pathOf("rnn.c"), "-o", command, "-lm"],
  ];
  if (!await succeeds("cc", args)) throw new Error(`"cc" is not installed, or failed to compile`);
  return (size) => ({ command, args: protocolArgs(context, { size, threads: 1 }) });
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  try {
    const child = new Deno.Command(command, { args: [...args], stdout: "null", stderr: "null" });
    return (await child.output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
