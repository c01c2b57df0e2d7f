/** The table of programs that are compared, and how each is started. */
import { formatCount } from "../../src/cli/format.ts";
import { quotePath } from "../../src/json.ts";
import type { LaunchCommand } from "./program_process.ts";
import type { Task } from "./task.ts";

/** The files and interpreters that programs are started with. */
export interface LaunchContext {
  /** A temporary folder for compiled programs. */
  readonly folder: string;
  /** Commands of Python interpreters, the preferred one first. */
  readonly pythons: readonly string[];
}

/** What a program is started to train. */
export interface LaunchTask {
  readonly task: Task;
  /** The file that holds the task. */
  readonly path: string;
}

/** A program to compare. */
export interface Program {
  readonly name: string;
  /** The name for `--programs`. */
  readonly library: Library;
  /** Distinguishes programs that share a name; only the fastest of them is reported. */
  readonly variant?: string;
  /** Whether the others are compared with this one. */
  readonly isUnroll?: boolean;
  /**
   * Prepares the program, once for all networks: finds its interpreter or compiles it.
   *
   * @returns The command that trains a network.
   * @throws {Error} if something is not installed; the message names it, and how to install it.
   */
  readonly prepare: (context: LaunchContext) => Promise<(task: LaunchTask) => LaunchCommand>;
}

/** What unroll is compared with. */
export type Library = "unroll" | "pytorch" | "numpy" | "c" | "tfjs";

/** The names of all libraries that unroll is compared with. */
export const libraryNames: readonly Library[] = ["pytorch", "numpy", "c", "tfjs"];

/**
 * All programs, unroll first.
 *
 * @param cores Threads of the multi-threaded programs.
 */
export function listPrograms(cores: number): readonly Program[] {
  const threadCounts = cores === 1 ? [1] : [1, cores];
  return [
    ...threadCounts.map((threads) => unrollProgram(threads)),
    ...threadCounts.map((threads) => torchProgram(threads)),
    ...[
      { variant: "default threads", env: {} },
      { variant: "1 thread", env: oneThreadOfBlas },
    ].map(({ variant, env }): Program => ({
      name: "NumPy, float64",
      library: "numpy",
      variant,
      prepare: async (context) => {
        const python = { module: "numpy", debian: "python3-numpy", file: "numpy_network.py" };
        const start = await preparePython(context, { ...python, threads: 1 });
        return (task) => ({ ...start(task), env });
      },
    })),
    {
      name: "C, plain loops",
      library: "c",
      prepare: (context) => compile(context, { name: "plain", options: [] }),
    },
    {
      name: "C, register tiles",
      library: "c",
      prepare: (context) => compile(context, { name: "tiled", options: ["-DTILED"] }),
    },
    ...["cpu", "wasm"].map((backend): Program => ({
      name: `TensorFlow.js, ${backend}`,
      library: "tfjs",
      prepare: async () => {
        await prepareTensorflow();
        return ({ path }) => ({
          command: Deno.execPath(),
          args: [
            ...["run", "--frozen", "--allow-read", "--config", pathOf("tfjs/deno.json")],
            ...[pathOf("tfjs/tfjs_network.ts"), backend, path],
          ],
        });
      },
    })),
  ];
}

/**
 * unroll.
 *
 * @param threads A number, or `auto` for those that the trainer chooses.
 */
export function unrollProgram(threads: number | "auto"): Program {
  return {
    name: threads === "auto" ? "unroll" : `unroll, ${formatCount(threads, "thread")}`,
    library: "unroll",
    isUnroll: true,
    prepare: () =>
      Promise.resolve(({ path }) => ({
        command: Deno.execPath(),
        args: [
          ...["run", "--frozen", "--lock", pathOf("../../../src/deno.lock"), "--allow-read"],
          ...[pathOf("unroll_network.ts"), path, String(threads)],
        ],
      })),
  };
}

/** PyTorch with a number of threads. */
export function torchProgram(threads: number): Program {
  return {
    name: `PyTorch, ${formatCount(threads, "thread")}`,
    library: "pytorch",
    prepare: (context) => {
      const python = { module: "torch", debian: "python3-torch", file: "torch_network.py" };
      return preparePython(context, { ...python, threads });
    },
  };
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

/** A program in Python, and the module that it imports. */
interface PythonProgram {
  readonly module: string;
  /** The package of Debian that has the module. */
  readonly debian: string;
  readonly file: string;
  readonly threads: number;
}

/** Finds the first interpreter that can import the module. */
async function preparePython(
  context: LaunchContext,
  { module, debian, file, threads }: PythonProgram,
): Promise<(task: LaunchTask) => LaunchCommand> {
  for (const command of context.pythons) {
    if (!await succeeds(command, ["-c", `import ${module}`])) continue;
    return ({ path }) => ({ command, args: [pathOf(file), path, String(threads)] });
  }
  const tried = context.pythons.map((name) => quotePath(name)).join(" or ");
  throw new Error(
    `${tried} cannot import ${module}; install it with "pip install ${module}", or in Debian with ` +
      `"apt install ${debian}", or name another interpreter with --python`,
  );
}

/** Compiles network.c. */
async function compile(
  context: LaunchContext,
  { name, options }: { readonly name: string; readonly options: readonly string[] },
): Promise<(task: LaunchTask) => LaunchCommand> {
  const command = `${context.folder}/${name}`;
  const args = [
    ...["-O3", "-march=native", "-ffast-math", ...options],
    ...[pathOf("network.c"), "-o", command, "-lm"],
  ];
  if (!await succeeds("cc", args)) {
    throw new Error(
      '"cc" is not installed, or failed to compile; install a C compiler, in Debian with ' +
        '"apt install gcc libc6-dev"',
    );
  }
  return ({ task }) => ({ command, args: argumentsOfC(task) });
}

/** The arguments of the program in C. */
function argumentsOfC({ ids, weights, vocabulary, config }: Task): string[] {
  const { cell, layers, hidden, seqLength, batchSize, optimizer, lr, beta1, beta2 } = config;
  const { weightDecay, gradClip, gradClipMode, weightAverage } = config;
  return [
    ...[ids, weights, vocabulary, cell, layers, hidden, seqLength, batchSize],
    ...[optimizer, lr, beta1, beta2, weightDecay, gradClip, gradClipMode, weightAverage],
  ].map(String);
}

/** Downloads TensorFlow.js, unless it was downloaded before. */
async function prepareTensorflow(): Promise<void> {
  const { imports } = JSON.parse(await Deno.readTextFile(pathOf("tfjs/deno.json")));
  const args = ["cache", "--frozen", "--config", pathOf("tfjs/deno.json")];
  if (!await succeeds(Deno.execPath(), [...args, ...Object.values<string>(imports)])) {
    throw new Error(
      "TensorFlow.js could not be downloaded from npm; run the command again with a network connection",
    );
  }
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  try {
    const child = new Deno.Command(command, {
      ...{ args: [...args], stdin: "null", stdout: "null", stderr: "null" },
    });
    return (await child.output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
