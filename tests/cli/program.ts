/** Runs the program as its users do: in a process of its own, in a folder of its own. */

import { assertEquals } from "@std/assert";

const root = new URL("../../", import.meta.url).pathname;

/** What a finished process left. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const permissions = ["read", "write", "run"] as const;
const missing = permissions.some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);

/** A test in a fresh folder; shown as ignored where processes and files are not allowed. */
export function testProgram(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test({
    name: `${name} (needs --allow-read, --allow-write and --allow-run)`,
    ignore: missing,
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

/**
 * The process of a command, with just the permissions that its task in deno.json gives, or with
 * others.
 */
export function start(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  permissions?: readonly string[],
): Deno.ChildProcess {
  const tasks: Record<string, string> = JSON.parse(Deno.readTextFileSync(`${root}deno.json`)).tasks;
  // Without a known command, the program must still say so: the entry of the others.
  const [name = ""] = args;
  const words = (tasks[name] ?? `deno run src/cli/main.ts ${name}`).trim().split(" ");
  const flags = permissions ?? words.filter((word) => word.startsWith("--allow-"));
  const entry = words.findIndex((word) => word.endsWith("main.ts"));
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-check", "--no-prompt", "--config", `${root}deno.json`, ...flags],
      `${root}${words[entry]}`,
      ...words.slice(entry + 1),
      ...args.slice(1),
    ],
    cwd: folder,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs a command to its end. */
export async function run(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const { code, stdout, stderr } = await start(folder, args, env).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: decode(stdout), err: decode(stderr) };
}

/** Runs a command that must succeed and say nothing on standard error; its standard output. */
export async function succeed(folder: string, ...args: readonly string[]): Promise<string> {
  const { code, out, err } = await run(folder, args);
  assertEquals({ code, err }, { code: 0, err: "" }, args.join(" "));
  return out;
}

/** The names in a folder, sorted. */
export function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();
}

/** Waits until a process says something on its standard output; what it said, and the reader. */
export async function untilSaid(
  child: Deno.ChildProcess,
  what: RegExp,
): Promise<{ said: string; reader: ReadableStreamDefaultReader<string> }> {
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!what.test(said)) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the process ended before it said ${what}, after: ${said}`);
    said += value;
  }
  return { said, reader };
}

/** What a process says from now on, its error, its exit code and signal. */
export async function rest(
  child: Deno.ChildProcess,
  reader: ReadableStreamDefaultReader<string>,
): Promise<{ out: string; err: string; code: number; signal: string | null }> {
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
