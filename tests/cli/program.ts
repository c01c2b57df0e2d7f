/** Runs the program as its users do, in a process and a folder of its own, or inside of the test. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Command } from "../../src/cli/args.ts";
import { columnsOf } from "../../src/cli/format.ts";
import { commands } from "../../src/cli/main.ts";
import { exitCodeOf } from "../../src/cli/program.ts";

const root = new URL("../../", import.meta.url).pathname;

/** A finished process. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const permissions = ["read", "write", "run"] as const;
const isPermitted = permissions.every((name) =>
  Deno.permissions.querySync({ name }).state === "granted"
);

/** Whether programs can run in a pseudo-terminal: `script` of util-linux makes one. */
const hasTerminal = isPermitted && hasScript();

function hasScript(): boolean {
  try {
    const { success, stdout } = new Deno.Command("script", { args: ["--version"] }).outputSync();
    return success && new TextDecoder().decode(stdout).includes("util-linux");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function testInFolder(
  name: string,
  needs: string,
  isPossible: boolean,
  fn: (folder: string) => Promise<void>,
): void {
  Deno.test({
    name: `${name} (needs ${needs})`,
    ignore: !isPossible,
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        await fn(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

/** A test in a temporary folder; ignored where processes and files are not permitted. */
export function testProgram(name: string, fn: (folder: string) => Promise<void>): void {
  testInFolder(name, "--allow-read, --allow-write and --allow-run", isPermitted, fn);
}

/** A test in a temporary folder that runs programs in a pseudo-terminal. */
export function testTerminal(name: string, fn: (folder: string) => Promise<void>): void {
  const needs = isPermitted ? "util-linux's script" : "--allow-read, --allow-write and --allow-run";
  testInFolder(name, needs, hasTerminal, fn);
}

/** The arguments of `deno` for a command, with the permissions of its task or with others. */
export function denoArgs(args: readonly string[], permissions?: readonly string[]): string[] {
  const tasks: Record<string, string> = JSON.parse(Deno.readTextFileSync(`${root}deno.json`)).tasks;
  // Unknown commands go to the entry that most commands have.
  const [name = ""] = args;
  const task = tasks[name] ?? `deno run src/cli/main.ts ${name}`;
  // Most tasks change to the folder of their user first; here the caller's folder is that one.
  const words = task.replace(/^.*&& /, "").replace(/"\$ROOT\/([^"]*)"/g, "$1").split(" ");
  const flags = permissions ?? words.filter((word) => word.startsWith("--allow-"));
  const lock = words.find((word) => word.startsWith("--lock="))?.slice("--lock=".length) ??
    "src/deno.lock";
  const entry = words.findIndex((word) => word.endsWith("main.ts"));
  return [
    ...["run", "--quiet", "--no-check", "--no-prompt", "--config", `${root}deno.json`],
    ...["--frozen", `--lock=${root}${lock}`, ...flags],
    `${root}${words[entry]}`,
    ...words.slice(entry + 1),
    ...args.slice(1),
  ];
}

/** Starts a command, with the permissions of its task or with others. */
export function start(
  folder: string,
  args: readonly string[],
  permissions?: readonly string[],
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: denoArgs(args, permissions),
    cwd: folder,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** How {@linkcode startInTerminal} starts a command. */
interface TerminalOptions {
  /** Environment variables, added to those of the test. */
  readonly env?: Readonly<Record<string, string>>;
  /** The width of the terminal. Default: 80. */
  readonly columns?: number;
  /** Whether to run the words of the command's task as they are, which checks the lock file too. */
  readonly isTask?: boolean;
}

/** Starts a command in a pseudo-terminal. */
export function startInTerminal(
  folder: string,
  args: readonly string[],
  { env = {}, columns = 80, isTask = false }: TerminalOptions = {},
): Deno.ChildProcess {
  const quoted = (words: readonly string[]) =>
    words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  // As its users run it: Deno may ask for a permission.
  const words = denoArgs(args).filter((word) => word !== "--no-prompt");
  const command = isTask
    ? `${taskOf(args[0]!)} ${quoted(args.slice(1))}`
    : `exec ${quoted([Deno.execPath(), ...words])}`;
  return new Deno.Command("script", {
    args: ["-qec", `stty cols ${columns} rows 40; ${command}`, "/dev/null"],
    cwd: isTask ? root : folder,
    env: { ...env, INIT_CWD: folder },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
}

/**
 * The command of a task, with the Deno that runs the tests. Its last program takes the place of the
 * shell: some shells end by themselves when Ctrl-C reaches them too.
 */
function taskOf(name: string): string {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${root}deno.json`));
  return tasks[name]
    .replaceAll(/(?<=^|&& )deno run/g, `'${Deno.execPath()}' run`)
    .replace(/^(.*&& )?(?='[^']*' run)/, "$&exec ");
}

/**
 * Asserts that what a terminal showed has no line that is longer than its width, no question, and no
 * control characters but those for emphasis and for clearing a line, which Deno does too.
 */
export function assertFits(screen: string, columns: number): void {
  const what = `${columns} columns: ${JSON.stringify(screen)}`;
  assert(!/Allow\?|requests/.test(screen), what);
  // deno-lint-ignore no-control-regex
  const plain = screen.replace(/\x1b\[(?:\d+(?:;\d+)*)?[mKGJ]/g, "");
  // deno-lint-ignore no-control-regex
  assert(!/[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]/.test(plain), what);
  for (const line of plain.split(/[\r\n]+/)) {
    assert(columnsOf(line) <= columns, `${JSON.stringify(line)} in ${what}`);
  }
}

/** Far above what a command of the tests takes. */
const TERMINAL_MS = 60_000;

/** What the terminal showed until the process ended, and its exit code. */
export async function finishInTerminal(
  child: Deno.ChildProcess,
): Promise<{ screen: string; code: number }> {
  // A program that asks for a permission would wait for ever.
  const timer = setTimeout(() => child.kill(), TERMINAL_MS);
  const [{ code }, screen] = await Promise.all([child.status, new Response(child.stdout).text()]);
  clearTimeout(timer);
  await child.stdin.close();
  return { screen, code };
}

/** Runs a command to its end. */
export async function run(
  folder: string,
  args: readonly string[],
  permissions?: readonly string[],
): Promise<Outcome> {
  const { code, stdout, stderr } = await start(folder, args, permissions).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: decode(stdout), err: decode(stderr) };
}

/** Runs a command that must succeed without a line on standard error; its standard output. */
export async function succeed(folder: string, ...args: readonly string[]): Promise<string> {
  const { code, out, err } = await run(folder, args);
  assertEquals({ code, err }, { code: 0, err: "" }, args.join(" "));
  return out;
}

/** Runs a command inside of the test. */
export async function runInside(
  args: readonly string[],
  all: readonly Command[] = commands,
): Promise<Outcome> {
  return await captureOutput(() => exitCodeOf(all, args));
}

/** What a function prints as for a pipe, and the exit code that it returns. */
export async function captureOutput(run: () => Promise<number>): Promise<Outcome> {
  const { log, error } = console;
  const streams = [Deno.stdout, Deno.stderr];
  const isTerminal = streams.map((stream) => stream.isTerminal);
  let out = "";
  let err = "";
  try {
    // Lines are laid out as for a pipe, also where the tests run in a terminal.
    for (const stream of streams) stream.isTerminal = () => false;
    console.log = (line: string) => void (out += `${line}\n`);
    console.error = (line: string) => void (err += `${line}\n`);
    return { code: await run(), out, err };
  } finally {
    console.log = log;
    console.error = error;
    streams.forEach((stream, i) => stream.isTerminal = isTerminal[i]!);
  }
}

/**
 * Asserts that a command is rejected inside of the test: exit code 2, one line on standard error
 * that matches, and no file. Paths in the arguments are those of files in the folder.
 */
export async function assertRejected(
  folder: string,
  args: readonly string[],
  line: RegExp,
): Promise<void> {
  const before = namesIn(folder);
  const absolute = args.map((arg) => before.includes(arg) ? `${folder}/${arg}` : arg);
  const outcome = await runInside(absolute);
  assertOneLine({ ...outcome, err: outcome.err.replaceAll(`${folder}/`, "") }, 2, line, args);
  assertEquals(namesIn(folder), before, args.join(" "));
}

/** Asserts that a command failed with this code and one line on standard error. */
export function assertOneLine(
  { code, out, err }: Outcome,
  expected: number,
  line: RegExp,
  args: readonly string[] = [],
): void {
  const what = `${args.join(" ")}: ${err}`;
  assertEquals([code, out], [expected, ""], what);
  assertMatch(err, /^error: [^\n]+\n$/, what);
  assertMatch(err.slice("error: ".length, -1), line, what);
  assert(!/ at (file:|async )/.test(err), what);
}

/** The names in a folder, sorted; none when there is no such folder. */
export function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Waits until a process has printed something; what it printed, and the reader of what follows. */
export async function untilPrinted(
  child: Deno.ChildProcess,
  what: RegExp,
): Promise<{ printed: string; reader: ReadableStreamDefaultReader<string> }> {
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let printed = "";
  while (!what.test(printed)) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the process ended before it printed ${what}, after: ${printed}`);
    printed += value;
  }
  return { printed, reader };
}

/** What a process prints from now on, its error, its exit code and its signal. */
export async function finish(
  child: Deno.ChildProcess,
  reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader(),
): Promise<Outcome & { signal: string | null }> {
  const read = async () => {
    let out = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) out += part.value;
    return out;
  };
  const [{ code, signal }, out, err] = await Promise.all([
    child.status,
    read(),
    new Response(child.stderr).text(),
  ]);
  return { out, err, code, signal };
}

/** Waits some milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The options of a model that trains in no time. */
export const tiny = ["--hidden", "6", "--seq-length", "8", "--batch-size", "2"] as const;

/** Options that do not depend on the length of the run: a run with a higher limit begins likewise. */
export const steady = [
  "--layers",
  "1",
  "--lr-schedule",
  "constant",
  "--weight-decay",
  "0",
] as const;

/** A text with line ends of two characters and a character beyond the basic plane. */
export const rain = "The rain in Spain\r\nstays mainly 🌧 in the plain.\r\n".repeat(12);

/** Trains a tiny model of {@linkcode rain} into a run folder; what `train` printed. */
export async function trained(folder: string, name: string, ...options: string[]): Promise<string> {
  await Deno.writeTextFile(`${folder}/rain.txt`, rain);
  return await succeed(folder, "train", "rain.txt", "--out", name, ...tiny, ...options);
}

/** The same inside of the test: quicker, and `config.json` has the absolute path of the text. */
export async function trainedInside(
  folder: string,
  name: string,
  ...options: string[]
): Promise<void> {
  await Deno.writeTextFile(`${folder}/rain.txt`, rain);
  const args = ["train", `${folder}/rain.txt`, "--out", `${folder}/${name}`, ...tiny, ...options];
  const { code, err } = await runInside(args);
  assertEquals({ code, err }, { code: 0, err: "" });
}
