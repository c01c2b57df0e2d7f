/** The commands of the documents, run as a reader would, and what docs/run.svg shows. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { screenOf } from "../docs/terminal_svg.ts";
import { testProgram, testTerminal } from "./cli/program.ts";

const root = new URL("../", import.meta.url).pathname;

/** The lines of all shell blocks of a document; tests/packages/ tests those about the package. */
function shellLines(document: string): string[] {
  const markdown = Deno.readTextFileSync(`${root}${document}`);
  return Array.from(markdown.matchAll(/^```sh\n(.*?)^```/gms), ([, block]) => block!.trim())
    .filter((block) => !/\bnpm install|dist\/npm/.test(block))
    // Nothing is installed on the machine, and launchers need an MPI or a cluster: see tests/mpi/.
    .filter((block) => !/^(sudo|mpirun|srun) |^\S+ slots=/m.test(block))
    .flatMap((block) => block.split("\n"))
    // The tests themselves are one of the commands, and a run that outlives this test another.
    .filter((line) => !line.endsWith(" task test") && !line.startsWith("setsid "));
}

/** The line with this Deno and this project, and with a shorter training. */
function runnable(line: string): string {
  return line
    .replace("npx --yes deno@2.9.6 ", "deno ")
    .replace(/deno task train (?!.*--resume).*/, "$& --steps 200")
    .replace("--minutes 10", "--minutes 1")
    .replace(/--epochs \d+/, "--epochs 3")
    .replaceAll("deno task", `deno task --quiet --config '${root}deno.json'`)
    .replaceAll(/(deno run .*?)(examples\/\w+\.ts)/g, `$1'${root}$2'`)
    .replaceAll(/\bdeno (?=task|run)/g, `'${Deno.execPath()}' `);
}

/** A folder as a reader's: with the examples, and a text of their own. */
function prepare(folder: string): void {
  Deno.mkdirSync(`${folder}/examples`);
  const text = Deno.readTextFileSync(`${root}examples/alice.txt`);
  Deno.writeTextFileSync(`${folder}/examples/alice.txt`, text);
  Deno.writeTextFileSync(`${folder}/alice.txt`, text);
  Deno.writeTextFileSync(`${folder}/your.txt`, text.slice(0, 20_000));
  Deno.writeTextFileSync(`${folder}/page.txt`, text.slice(0, 2000));
  // What the guide reads in other forms.
  Deno.mkdirSync(`${folder}/notes/more`, { recursive: true });
  const part = text.slice(0, 8000);
  const names = ["chapter1.txt", "chapter2.txt", "poems.txt", "all.log", "today.log"];
  for (const name of [...names, "notes/a.md", "notes/more/b.md"]) {
    Deno.writeTextFileSync(`${folder}/${name}`, part);
  }
  for (const name of ["dump.gz", "dump.txt.gz"]) {
    Deno.writeFileSync(`${folder}/${name}`, gzipSync(part));
  }
  Deno.writeFileSync(`${folder}/more.zst`, zstdCompressSync(part));
  // Records: tunes of several lines, and rows.
  const tune = (n: number) => `X:${n}\nT:Tune ${n}\nM:4/4\nK:G\nGABc d2BG|A2FD G4:|\n`;
  const tunes = Array.from({ length: 60 }, (_, n) => tune(n + 1));
  Deno.writeTextFileSync(`${folder}/tunes.abc`, tunes.join("\n"));
  Deno.writeTextFileSync(`${folder}/header.abc`, tune(7).split("\n").slice(0, 4).join("\n"));
  Deno.mkdirSync(`${folder}/tunes`);
  for (const [n, tune] of tunes.entries()) {
    Deno.writeTextFileSync(`${folder}/tunes/${n + 1}.abc`, tune);
  }
  const rows = tunes.map((_, n) => JSON.stringify({ id: n, ok: n % 3 === 0, name: `row ${n}` }));
  Deno.writeTextFileSync(`${folder}/rows.jsonl`, rows.join("\n"));
  const roman = Uint8Array.from("Un caf\xe9. ".repeat(500), (character) => character.charCodeAt(0));
  Deno.writeFileSync(`${folder}/roman.txt`, roman);
  const words = [...new Set(text.match(/[A-Za-z]{4,}/g))];
  Deno.writeTextFileSync(`${folder}/names.txt`, ["Martha", ...words].join("\n"));
}

/** Far above what a command of the documents takes, in the shortened form. */
const LIMIT_MS = 300_000;

/** Starts a line in a shell; it and all that it starts are ended when it takes too long. */
function start(folder: string, line: string): Disposable & { readonly child: Deno.ChildProcess } {
  const child = new Deno.Command("sh", {
    args: ["-c", line],
    cwd: folder,
    // A task within a task would otherwise change to the folder of the outer one.
    env: { INIT_CWD: folder, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
  const timer = setTimeout(() => Deno.kill(-child.pid, "SIGKILL"), LIMIT_MS);
  return { child, [Symbol.dispose]: () => clearTimeout(timer) };
}

async function shell(folder: string, line: string) {
  using started = start(folder, line);
  const { code, stdout, stderr } = await started.child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: decode(stdout), err: decode(stderr) };
}

/**
 * Messages of a command, but for those of how long it takes, which only a slow machine has, and of
 * downloads, which only the first command on a machine has.
 */
function withoutEstimates(err: string): string {
  return err.replaceAll(
    /^(Download |Initialize |(Reading the text|Evaluating|Compressing) takes about )[^\n]+\n/gm,
    "",
  );
}

/** Starts the server of a line, and ends it with Ctrl-C once it has printed its address. */
async function serve(folder: string, line: string) {
  using started = start(folder, `exec ${line.replace(" --open", "")}`);
  const { child } = started;
  const err = new Response(child.stderr).text();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let out = "";
  while (!out.includes("http://127.0.0.1:")) {
    const { done, value } = await reader.read();
    if (done) break;
    out += value;
  }
  if (out.includes("http://127.0.0.1:")) child.kill("SIGINT");
  await reader.cancel();
  const { code } = await child.status;
  return { code: code === 130 ? 0 : code, err: code === 130 ? "" : await err };
}

for (const document of ["README.md", "docs/guide.md", "examples/README.md"]) {
  testProgram(`every command of ${document} succeeds in a clone`, async (folder) => {
    prepare(folder);
    const lines = shellLines(document);
    assert(lines.length > 1);
    for (const line of lines) {
      if (line.includes(" sample runs/alice ")) {
        // A checkpoint from elsewhere, of a run that is not trained on yet.
        Deno.copyFileSync(`${folder}/runs/alice/best.safetensors`, `${folder}/alice.safetensors`);
      }
      const run = / task page\b/.test(line) ? serve : shell;
      const { code, err } = await run(folder, runnable(line));
      assertEquals({ code, err: withoutEstimates(err) }, { code: 0, err: "" }, line);
    }
  });
}

testTerminal("docs/run.svg shows what train prints (deno task picture)", async (folder) => {
  prepare(folder);
  // The whole run, because the automatic configuration depends on its length.
  const line = runnable("deno task train examples/alice.txt").replace(" --steps 200", "");
  const { code, out } = await shell(
    folder,
    `script -qec "stty cols 100 rows 50; ${line}" /dev/null`,
  );
  assertEquals(code, 0, out);
  const printed = screenOf(out).map((text) => text.trim());
  const svg = Deno.readTextFileSync(`${root}docs/run.svg`)
    .replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
  const shown = Array.from(svg.matchAll(/>([^\n]*)<\/text>/g), ([, text]) => text!);
  // What depends on the machine or on the number of steps is left out.
  const isFixed = (text: string) => !/^(Limits|Threads|Text of)/.test(text);
  const header = printed.slice(0, printed.findIndex((text) => text.startsWith("step ")) + 1)
    .filter((text) => text !== "" && isFixed(text));
  assert(header.length > 6);
  const baselines = printed.filter((text) => /^(bigram|unigram|uniform|gzip)/.test(text));
  assertEquals(baselines.length, 4);
  for (const text of [...header, ...baselines]) assert(shown.includes(text), text);
});

testProgram("score --html writes some 20 bytes per character", async (folder) => {
  prepare(folder);
  for (
    const line of [
      "deno task train examples/alice.txt",
      "deno task score runs/alice examples/alice.txt --html page.html",
    ]
  ) {
    const { code, err } = await shell(folder, runnable(line));
    assertEquals({ code, err: withoutEstimates(err) }, { code: 0, err: "" }, line);
  }
  const chars = Deno.statSync(`${folder}/examples/alice.txt`).size;
  assertAlmostEquals(Deno.statSync(`${folder}/page.html`).size / chars, 20, 5);
});
