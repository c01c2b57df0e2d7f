import type { NetworkSize } from "../network_size.ts";
import type { LaunchCommand } from "./program_process.ts";
import { INIT, RATE } from "./hyperparams.ts";

/** Where everything is that programs are started with. */
export interface Setup {
  /** The text's file. */
  readonly text: string;
  /** A file of the text's characters as numbers; see protocol.ts. */
  readonly ids: string;
  /** V */
  readonly vocabulary: number;
  /** A folder for what has to be compiled. */
  readonly folder: string;
  /** Pythons to look for packages in, the first choice first. */
  readonly pythons: readonly string[];
  /** Threads that "all" means. */
  readonly cores: number;
}

/** A program that can be compared. */
export interface Program {
  readonly name: string;
  /** Of those with the same name, only the fastest is told; this tells which it was. */
  readonly variant?: string;
  /** unroll itself. */
  readonly ours?: boolean;
  /**
   * Finds out, once, how it is started at any size.
   * @throws {Error} saying what is missing, when it cannot be.
   */
  readonly prepare: (place: Setup) => Promise<(size: NetworkSize) => LaunchCommand>;
}

/** unroll, and all its rivals. */
export function programs(cores: number): readonly Program[] {
  const threadCounts = cores === 1 ? [1] : [1, cores];
  const named = (threads: number) => threads === 1 ? "1 thread" : `${threads} threads`;
  return [
    ...threadCounts.map((threads) => ({
      name: `unroll, ${named(threads)}`,
      ours: true,
      prepare: ({ text }: Setup) =>
        Promise.resolve(({ hidden, seqLength, batchSize }: NetworkSize): LaunchCommand => ({
          command: Deno.execPath(),
          args: [
            ...["run", "--allow-read", here("programs/unroll.ts"), text],
            ...[hidden, seqLength, batchSize, threads].map(String),
          ],
        })),
    })),
    ...threadCounts.map((threads) => ({
      name: `PyTorch, ${named(threads)}`,
      prepare: (place: Setup) => python(place, "torch", "torch_rnn.py", threads),
    })),
    // How many threads NumPy takes is left to it, or not.
    ...[{ variant: "threads as it likes", env: {} }, { variant: "1 thread", env: oneThread }].map(
      ({ variant, env }) => ({
        name: "NumPy, float64",
        variant,
        prepare: async (place: Setup) => {
          const start = await python(place, "numpy", "numpy_rnn.py", 1);
          return (size: NetworkSize) => ({ ...start(size), env });
        },
      }),
    ),
    { name: "C, plain loops", prepare: (place) => compiled(place, "plain", []) },
    { name: "C, register tiles", prepare: (place) => compiled(place, "tiled", ["-DTILED"]) },
    ...["cpu", "wasm"].map((backend) => ({
      name: `TensorFlow.js, ${backend}`,
      prepare: (place: Setup) =>
        Promise.resolve((size: NetworkSize) => ({
          command: Deno.execPath(),
          args: [
            ...["run", "--frozen", "--allow-read", "--config", here("programs/tfjs/deno.json")],
            ...[here("programs/tfjs/tfjs_rnn.ts"), backend, ...common(place, size, 1)],
          ],
        })),
    })),
  ];
}

/** What the libraries under NumPy read. */
const oneThread = { OPENBLAS_NUM_THREADS: "1", OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };

function here(file: string): string {
  return `${import.meta.dirname}/${file}`;
}

/** The arguments of protocol.ts. */
function common({ ids, vocabulary }: Setup, size: NetworkSize, threads: number): readonly string[] {
  const { hidden, seqLength, batchSize } = size;
  return [ids, ...[vocabulary, hidden, seqLength, batchSize, threads, RATE, INIT].map(String)];
}

async function python(place: Setup, module: string, file: string, threads: number) {
  for (const command of place.pythons) {
    const args = ["-c", `import ${module}`];
    if (!await succeeds(command, args)) continue;
    return (size: NetworkSize): LaunchCommand => ({
      command,
      args: [here(`programs/${file}`), ...common(place, size, threads)],
    });
  }
  const tried = place.pythons.map((name) => JSON.stringify(name)).join(" nor ");
  throw new Error(`neither ${tried} has ${module}; --python names another`);
}

async function compiled(place: Setup, name: string, options: readonly string[]) {
  const command = `${place.folder}/${name}`;
  const args = [
    ...["-O3", "-march=native", "-ffast-math", ...options],
    ...[here("programs/rnn.c"), "-o", command, "-lm"],
  ];
  if (!await succeeds("cc", args)) throw new Error(`"cc" is not there, or failed`);
  return (size: NetworkSize): LaunchCommand => ({ command, args: common(place, size, 1) });
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
