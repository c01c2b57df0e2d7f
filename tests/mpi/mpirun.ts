/** Ranks of `train-mpi`, started by the launchers of Open MPI and MPICH where they are installed. */
import { readCheckpoint } from "../../src/files/mod.ts";

/** The variable that `deno task test-mpi` sets. */
const VARIABLE = "UNROLL_TEST_MPI";
const config = new URL("../../deno.json", import.meta.url).pathname;
/** Longer than any of these commands needs on a busy machine. */
const TIMEOUT_MS = 180_000;

/** A launcher that is installed, with its library. */
export interface Launcher {
  readonly name: "Open MPI" | "MPICH";
  /** The command with the options that tests need: more ranks than cores, started by root. */
  readonly command: readonly string[];
  /** The path of the library. */
  readonly library: string;
}

/** What the launchers are called, what they call themselves, and where Debian has the libraries. */
const known = [
  {
    name: "Open MPI",
    commands: ["mpirun.openmpi", "mpirun"],
    version: "Open MPI",
    options: ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none"],
    libraries: ["libmpi.so.40"],
  },
  {
    name: "MPICH",
    commands: ["mpirun.mpich", "mpirun", "mpiexec.hydra"],
    version: "HYDRA",
    options: [],
    libraries: ["libmpich.so.12", "libmpi.so.12"],
  },
] as const;
const folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"];

const isAsked = Deno.permissions.querySync({ name: "env", variable: VARIABLE }).state ===
    "granted" && Deno.env.get(VARIABLE) !== undefined;

function find({ name, commands, version, options, libraries }: typeof known[number]) {
  const library = folders.flatMap((folder) => libraries.map((file) => `${folder}/${file}`))
    .find((path) => {
      try {
        return Deno.statSync(path).isFile;
      } catch {
        return false;
      }
    });
  const command = commands.find((command) => {
    try {
      const { stdout } = new Deno.Command(command, { args: ["--version"] }).outputSync();
      return new TextDecoder().decode(stdout).includes(version);
    } catch {
      return false;
    }
  });
  if (library === undefined || command === undefined) return undefined;
  return { name, library, command: [command, ...options] };
}

/** The launchers that are installed; none unless `deno task test-mpi` asks for these tests. */
export const launchers: readonly Launcher[] = isAsked
  ? known.map(find).filter((launcher) => launcher !== undefined)
  : [];

/** A test in a temporary folder for each launcher; ignored, with the reason, without it. */
export function testMpi(
  name: string,
  fn: (launcher: Launcher, folder: string) => Promise<void>,
): void {
  for (const { name: library } of known) {
    const launcher = launchers.find((launcher) => launcher.name === library);
    Deno.test({
      name: `${name}, with ${library} (needs ${
        isAsked ? `${library}, which is not installed` : "deno task test-mpi"
      })`.replace(launcher === undefined ? "" : / \(needs .*\)$/, ""),
      ignore: launcher === undefined,
      async fn() {
        const folder = await Deno.makeTempDir({ prefix: "unroll mpi " });
        try {
          await fn(launcher!, folder);
        } finally {
          await Deno.remove(folder, { recursive: true });
        }
      },
    });
  }
}

/** A finished job. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A job that runs. */
export interface Job {
  readonly process: Deno.ChildProcess;
  /** Its end; one that takes too long is killed and is an error. */
  readonly outcome: Promise<Outcome>;
}

/** Options of {@linkcode start}. */
export interface StartOptions {
  /** The working folder. */
  readonly folder: string;
  /** Default: 2. */
  readonly ranks?: number;
  /** The task. Default: `train-mpi`. */
  readonly task?: string;
  /** A file for the standard output, which is then not part of the outcome. Default: a pipe. */
  readonly output?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a task on several ranks. */
export function start(
  launcher: Pick<Launcher, "command">,
  args: readonly string[],
  options: StartOptions,
): Job {
  const { ranks = 2, task = "train-mpi" } = options;
  return startCommand(
    [...launcher.command, "-n", String(ranks), ...taskOf(task), ...args],
    options,
  );
}

/** A task as a command. */
export function taskOf(task: string): string[] {
  return [Deno.execPath(), "task", "--quiet", "--config", config, task];
}

/** Starts any command. */
export function startCommand(
  words: readonly string[],
  { folder, output, env = {} }: StartOptions,
): Job {
  const redirection = output === undefined ? [] : ["sh", "-c", 'exec "$@" > "$0"', output];
  const [command, ...args] = [...redirection, ...words];
  const process = new Deno.Command(command!, {
    args,
    cwd: folder,
    env: { INIT_CWD: folder, NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const end = async () => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      process.kill("SIGKILL");
    }, TIMEOUT_MS);
    const [status, out, err] = await Promise.all([
      process.status,
      new Response(process.stdout).text(),
      new Response(process.stderr).text(),
    ]);
    clearTimeout(timer);
    if (isLate) throw new Error(`${command} has not ended in time:\n${out}\n${err}`);
    return { code: status.code, out, err };
  };
  return { process, outcome: end() };
}

/** Runs a task on several ranks. */
export async function run(
  launcher: Launcher,
  args: readonly string[],
  options: StartOptions,
): Promise<Outcome> {
  return await start(launcher, args, options).outcome;
}

/** Runs a task that must succeed, without a launcher. */
export async function runAlone(args: readonly string[], options: StartOptions): Promise<Outcome> {
  const outcome = await startCommand([...taskOf("train"), ...args], options).outcome;
  if (outcome.code !== 0) throw new Error(outcome.err);
  return outcome;
}

/** The state of a run's latest checkpoint, but for its duration. */
export async function stateOf(folder: string): Promise<Record<string, unknown>> {
  const { progress, ...others } = await readCheckpoint(`${folder}/checkpoint.safetensors`);
  return { ...others, progress: { ...progress, elapsedSeconds: 0 } };
}

/** A process of a job. */
export interface Process {
  readonly id: number;
  readonly parent: number;
  readonly command: string;
}

/** The processes that descend from one, that one not included. */
export async function descendantsOf(id: number): Promise<Process[]> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-eo", "pid=,ppid=,args="],
    env: { COLUMNS: "10000" },
  }).output();
  const all = new TextDecoder().decode(stdout).trim().split("\n").map((line): Process => {
    const [, process, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return { id: Number(process), parent: Number(parent), command: command ?? "" };
  });
  const ids = new Set([id]);
  for (let before = 0; before < ids.size;) {
    before = ids.size;
    for (const process of all) if (ids.has(process.parent)) ids.add(process.id);
  }
  return all.filter((process) => ids.has(process.id) && process.id !== id);
}

/** The processes that train, one of each rank. */
export async function ranksOf(job: Job): Promise<Process[]> {
  const all = await descendantsOf(job.process.pid);
  return all.filter(({ command }) => /^\S*deno run .*\/mpi\/main\.ts/.test(command));
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + TIMEOUT_MS;
  while (!await condition()) {
    if (performance.now() > end) throw new Error("What was waited for has not happened");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Whether a file exists. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** A text of some thousand characters. */
export const text = Array.from(
  { length: 600 },
  (_, i) => `In line ${i} the rain of year ${(i * i) % 97} falls on hill ${(7 * i) % 31}.\n`,
).join("");
