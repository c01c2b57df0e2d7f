/** `sample --interactive`, `--prompt-file` and prompts that look like options. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  assertRejected,
  denoArgs,
  namesIn,
  run,
  runInside,
  startInTerminal,
  succeed,
  testProgram,
  testTerminal,
  trained,
  trainedInside,
  untilPrinted,
} from "./program.ts";

/** Runs `sample` with text on its standard input. */
async function pipe(folder: string, input: string, ...args: readonly string[]) {
  const child = new Deno.Command(Deno.execPath(), {
    args: denoArgs(["sample", "run", ...args]),
    cwd: folder,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: decode(stdout), err: decode(stderr) };
}

/** The exit code of a process whose output is read to its end. */
async function codeOf(
  child: Deno.ChildProcess,
  reader: ReadableStreamDefaultReader<string>,
): Promise<number> {
  while (!(await reader.read()).done);
  return (await child.status).code;
}

testProgram(
  "sample --interactive continues the lines of a pipe, and lists candidates",
  async (f) => {
    await trained(f, "run", "--steps", "3");
    const options = ["--length", "12", "--seed", "7"];
    const alone = (prompt: string, seed: string) =>
      succeed(f, "sample", "run", "--prompt", prompt, "--length", "12", "--seed", seed);
    const first = await alone("The rain", "7");
    const second = await alone("stays ", "8");
    const more = (await alone(second, "9")).slice(second.length);
    const { code, out, err } = await pipe(
      f,
      "The rain\r\nstays \n\n/next\n",
      "--interactive",
      ...options,
    );
    assertEquals({ code, err }, { code: 0, err: "" });
    const expected = `${first}\n${second}\n${more}\n`;
    assertEquals(out.slice(0, expected.length), expected);
    const candidates = out.slice(expected.length).trimEnd().split("\n");
    assertEquals(candidates.length, 10);
    for (const line of candidates) assertMatch(line, /^\S.* +[\d.]+ %$/);
  },
);

testProgram(
  "sample --interactive refuses a line, reads the next, and ends with code 2",
  async (f) => {
    await trained(f, "run", "--steps", "3");
    const input = "/next\nsnow ☃\n/nxt\n//\nrain\n/help";
    const { code, out, err } = await pipe(f, input, "--interactive", "--greedy", "--length", "5");
    assertEquals(code, 2);
    assertEquals(
      out,
      `${await succeed(f, "sample", "run", "--prompt", "rain", "--greedy", "--length", "5")}\n`,
    );
    const errors = err.split("\n").filter((line) => line.startsWith("error: "));
    assertEquals(errors.length, 4);
    for (const [i, part] of ["no text yet", "☃", "/nxt", "this line"].entries()) {
      assert(errors[i]!.includes(part), errors[i]);
    }
    assert(err.includes("Ctrl-D ends"), err);
  },
);

testTerminal(
  "sample --interactive in a terminal: Ctrl-C stops a continuation, Ctrl-D ends",
  async (f) => {
    await trained(f, "run", "--steps", "3");
    const child = startInTerminal(f, ["sample", "run", "--interactive", "--length", "100000000"]);
    const writer = child.stdin.getWriter();
    const write = (keys: string) => writer.write(new TextEncoder().encode(keys));
    const started = await untilPrinted(child, /Ctrl-D ends[^]*> /);
    let screen = started.printed;
    const until = async (what: RegExp) => {
      const from = screen.length;
      while (!what.test(screen.slice(from))) {
        const { value, done } = await started.reader.read();
        assert(!done, screen);
        screen += value;
      }
    };
    await write("The rain\n");
    await until(/The rain[^]*The rain[^]{300}/);
    await write("\x03");
    await until(/\n> /);
    // It stopped in the middle, and the next line is continued.
    await write("/next\n");
    await until(/%[^]*> /);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await write("\x03");
    await until(/Ctrl-D ends, and so does Ctrl-C again[^]*> /);
    await write("\x04");
    assertEquals(await codeOf(child, started.reader), 0);
    await writer.close();
  },
);

testTerminal("sample --interactive ends with code 130 after a second Ctrl-C", async (f) => {
  await trained(f, "run", "--steps", "3");
  const child = startInTerminal(f, ["sample", "run", "--interactive"]);
  const writer = child.stdin.getWriter();
  const { reader } = await untilPrinted(child, /Ctrl-D ends[^]*> /);
  for (let count = 0; count < 2; count++) {
    await writer.write(new TextEncoder().encode("\x03"));
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  assertEquals(await codeOf(child, reader), 130);
  await writer.close();
});

const charCode = (character: string) => character.charCodeAt(0);

testProgram(
  "sample --prompt-file reads a prompt as it is, from a file or standard input",
  async (f) => {
    await trained(f, "run", "--steps", "3");
    await Deno.writeTextFile(`${f}/prompt.txt`, "The rain\n");
    const expected = await succeed(f, "sample", "run", "--prompt", "The rain\n", "--length", "9");
    assertEquals(
      await succeed(f, "sample", "run", "--prompt-file", "prompt.txt", "--length", "9"),
      expected,
    );
    const piped = await pipe(f, "The rain\n", "--prompt-file", "-", "--length", "9");
    assertEquals(piped, { code: 0, out: expected, err: "" });
    const json = await succeed(
      f,
      "sample",
      "run",
      "--prompt-file",
      "prompt.txt",
      "--json",
      "--length",
      "2",
    );
    assertEquals(JSON.parse(json).prompt, "The rain\n");
    await Deno.writeTextFile(`${f}/empty.txt`, "");
    // The same text with letters that only another encoding reads.
    await Deno.writeFile(`${f}/latin1.txt`, Uint8Array.from("Th\xe9e rain\xe9\n", charCode));
    const latin1 = ["--prompt-file", "latin1.txt", "--unknown", "skip", "--length", "9"];
    const decoded = await run(f, ["sample", "run", ...latin1, "--encoding", "latin1"]);
    assertEquals(decoded.out, expected);
    for (
      const [args, message] of [
        [["--prompt-file", "none.txt"], /no such file/],
        [["--prompt-file", "empty.txt"], /empty/],
        [["--prompt-file", "latin1.txt"], /not UTF-8 .*; set --encoding to windows-1252/],
        [["--prompt", "x", "--encoding", "latin1"], /--encoding without --prompt-file/],
        [["--prompt-file", "prompt.txt", "--prompt", "x"], /both --prompt and --prompt-file/],
        [["--interactive", "--prompt", "x"], /both --prompt and --interactive/],
        [["--interactive", "--count", "2"], /both --interactive and --count/],
        [["--interactive", "--json"], /both --interactive and --json/],
        [["--interactive", "--beam", "2"], /both --interactive and --beam/],
      ] as const
    ) await assertRejected(f, ["sample", "run", ...args], message);
    assertEquals(namesIn(f).includes("none.txt"), false);
  },
);

testProgram("sample takes prompts that begin with a dash", async (f) => {
  await Deno.writeTextFile(`${f}/dash.txt`, "-h --I - said\n--help -- me\n".repeat(20));
  const args = ["train", `${f}/dash.txt`, "--out", `${f}/run`, "--steps", "2", "--hidden", "4"];
  assertEquals((await runInside(args)).code, 0);
  for (const prompt of ["-h", "-", "- said", "--I", "-- me", "-I"]) {
    const out = await succeed(f, "sample", "run", "--prompt", prompt, "--length", "3");
    assertEquals(out.slice(0, prompt.length), prompt);
    assertEquals(out.length, prompt.length + 3);
  }
  const joined = await succeed(f, "sample", "run", "--prompt=--help", "--length", "3");
  assertEquals(joined.slice(0, 6), "--help");
});

testProgram("sample --count has no limit, and text i is the same for any count", async (f) => {
  await trainedInside(f, "run", "--steps", "2");
  const texts = async (count: string) =>
    (await succeed(f, "sample", "run", "--length", "4", "--count", count)).split(
      /--- \d+ of \d+ ---\n/,
    ).slice(1);
  const many = await texts("300");
  assertEquals(many.length, 300);
  assertEquals(many.slice(0, 2), await texts("2"));
});
