/** What a person sees: the program under a pseudo-terminal, which `script` of util-linux makes. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readCheckpoint } from "../../src/checkpoint/file.ts";
import { hasScript, permitted } from "./terminal.ts";

const root = new URL("../../", import.meta.url).pathname;
function testTerminal(name: string, fn: (folder: string) => Promise<void>): void {
  const needs = permitted ? "util-linux's script" : "--allow-read, --allow-write and --allow-run";
  Deno.test({
    name: `${name} (needs ${needs})`,
    ignore: !permitted || !hasScript(),
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        await Deno.writeTextFile(`${folder}/text.txt`, "some text of some length.\n".repeat(20));
        await fn(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

/** The process of `deno task train text.txt --out run` in a terminal; it exits as the task does. */
function start(
  folder: string,
  options: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Deno.ChildProcess {
  const { train }: Record<string, string> =
    JSON.parse(Deno.readTextFileSync(`${root}deno.json`)).tasks;
  const deno = `'${Deno.execPath()}' run --quiet --no-check --config '${root}deno.json'`;
  const task = train!.replace("deno run", deno).replace(/\S*main\.ts/, `'${root}$&'`);
  const size = ["--hidden", "6", "--seq-length", "8", "--batch-size", "2"];
  return new Deno.Command("script", {
    args: ["-qec", [task, "text.txt", "--out", "run", ...size, ...options].join(" "), "/dev/null"],
    cwd: folder,
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
}

/** What the terminal got until the process ended, and its exit code. */
async function finish(child: Deno.ChildProcess): Promise<{ screen: string; code: number }> {
  const [{ code }, screen] = await Promise.all([child.status, new Response(child.stdout).text()]);
  await child.stdin.close();
  return { screen, code };
}

function steps(folder: string): string[] {
  return Deno.readTextFileSync(`${folder}/run/metrics.jsonl`).trimEnd().split("\n")
    .map((line) => Number(JSON.parse(line).step).toLocaleString("en"));
}

// deno-lint-ignore no-control-regex
const colour = /\x1b\[[\d;]*m/;

for (const count of ["3", "300", "42000"]) {
  testTerminal(`a terminal shows every report and sample of ${count} steps`, async (f) => {
    const every = String(Number(count) / 3);
    const { screen, code } = await finish(
      start(f, ["--steps", count, "--sample-every", every]),
    );
    assertEquals(code, 0);
    for (const step of steps(f)) {
      assertMatch(screen, new RegExp(` ${step} +\\d+\\.\\d\\d +\\d+\\.\\d{4} `), screen);
    }
    assertEquals(screen.match(/a sample at step/g)?.length, 3, screen);
    const last = screen.lastIndexOf("\x1b[?25l");
    assert(screen.lastIndexOf("\x1b[?25h") > last, "the cursor is left visible");
  });
}

testTerminal("the line that lives says step, loss, speed and time left", async (f) => {
  const { screen, code } = await finish(start(f, ["--minutes", "0.01"]));
  assertEquals(code, 0);
  assertMatch(
    screen,
    /\d+ % {2}step [\d,]+ {2}\d\.\d{4} nats\/char {2}[\d,]+ chars\/s {2}\d\.\d s left/,
  );
  // What is left on the screen when it ends is the summary.
  assertMatch(screen, /Done after [\d,]+ steps; saved in run\r\n[^]*Try it: .*\r\n$/);
});

testTerminal("a terminal gets emphasis, unless NO_COLOR is set", async (f) => {
  const options = ["--steps", "3", "--sample-every", "1"];
  const plain = await finish(start(f, options, { NO_COLOR: "1" }));
  assertEquals(plain.code, 0);
  assert(!colour.test(plain.screen), "NO_COLOR");
  await Deno.remove(`${f}/run`, { recursive: true });
  // Set but empty counts as not set: https://no-color.org.
  const { screen, code } = await finish(start(f, options, { NO_COLOR: "" }));
  assertEquals(code, 0);
  assertMatch(screen, colour);
});

testTerminal("Ctrl-C at a terminal saves, shows the last report and ends with 130", async (f) => {
  const child = start(f, ["--minutes", "5", "--log-every", "1000000000"]);
  const [screen, copy] = child.stdout.tee();
  const reader = screen.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  while (!seen.includes(" left")) seen += (await reader.read()).value ?? "";
  await reader.cancel();
  const writer = child.stdin.getWriter();
  await writer.write(Uint8Array.of(3));
  const [{ code }, all] = await Promise.all([child.status, new Response(copy).text()]);
  await writer.close();
  assertEquals(code, 130);
  assertMatch(all, /Interrupted after [\d,]+ steps; saved in run\r\n/);
  assert(all.lastIndexOf("\x1b[?25h") > all.lastIndexOf("\x1b[?25l"), "the cursor is visible");
  const { step } = (await readCheckpoint(`${f}/run`)).progress;
  assertEquals(steps(f).at(-1), step.toLocaleString("en"));
  assertMatch(all, new RegExp(`[\\nJ] *${steps(f).at(-1)} +\\d`));
});

testTerminal("a terminal that goes away leaves a run that is saved", async (f) => {
  const child = start(f, ["--minutes", "5"]);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  while (!seen.includes(" left")) seen += (await reader.read()).value ?? "";
  // Who holds the other end of the terminal dies, and with it the terminal.
  child.kill("SIGKILL");
  await Promise.all([reader.cancel(), child.stdin.abort(), child.status]);
  const begin = performance.now();
  const names = () => Array.from(Deno.readDirSync(`${f}/run`), ({ name }) => name);
  while (names().includes("lock")) {
    assert(performance.now() - begin < 10_000, `still there: ${names()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { step } = (await readCheckpoint(`${f}/run`)).progress;
  assert(step > 0);
  assertEquals(steps(f).at(-1), step.toLocaleString("en"));
});
