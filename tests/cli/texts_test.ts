import { assertEquals, assertMatch } from "@std/assert";
import { gzipSync } from "node:zlib";
import { readCheckpoint } from "../../src/files/checkpoint_file.ts";
import { assertOneLine, denoArgs, run, steady, succeed, testProgram, tiny } from "./program.ts";

const short = [...tiny, "--steps", "5", "--sample-every", "0"];
const verse = "Tyger Tyger, burning bright,\nIn the forests of the night;\n".repeat(9);

/** Runs a command with bytes on standard input. */
async function withInput(folder: string, args: readonly string[], input: string | Uint8Array) {
  const child = new Deno.Command(Deno.execPath(), {
    ...{ args: denoArgs(args), cwd: folder, stdin: "piped", stdout: "piped", stderr: "piped" },
  }).spawn();
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  await new Blob([bytes.slice()]).stream().pipeTo(child.stdin).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: decode(stdout), err: decode(stderr) };
}

async function writeTexts(f: string): Promise<void> {
  await Deno.mkdir(`${f}/notes/more`, { recursive: true });
  await Deno.writeTextFile(`${f}/notes/a.md`, verse);
  await Deno.writeTextFile(`${f}/notes/more/b.md`, verse.toUpperCase());
  await Deno.writeFile(`${f}/notes/c.png`, Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0));
  await Deno.writeFile(`${f}/c.txt.gz`, gzipSync(verse));
}

testProgram(
  "train, eval and score read files, folders, patterns and compressed files",
  async (f) => {
    await writeTexts(f);
    const { code, out, err } = await run(f, ["train", "notes/", "c.txt.gz", ...short]);
    assertEquals([code, err], [0, 'Skipped "notes/c.png": empty, or no text\n']);
    assertMatch(out, /^Text: +notes\/ and 1 more \(3 files\), 1,568 characters, /);
    assertMatch(out, /\nRun folder: +runs\/notes\n/);
    const texts = ["notes/**/*.md", "c.txt.gz"];
    const joined = await succeed(f, "eval", "runs/notes", ...texts, "--separator", "\\n\\n");
    // Of each text, all characters but the first are predicted.
    assertMatch(joined, /^1,567 characters predicted\n/);
    // With the separator of one character.
    const page = await succeed(f, "score", "runs/notes", ...texts, "--html", "page.html");
    assertMatch(page, /^1,565 characters predicted: /);
    const again = await run(f, ["score", "runs/notes", "notes", "--html", "notes/a.md"]);
    assertEquals(again.code, 2);
    assertMatch(again.err, /it is an input of the command, which would be replaced/);
    assertEquals(await Deno.readTextFile(`${f}/notes/a.md`), verse);
  },
);

testProgram("train --resume reads the texts of a run again, as they were read", async (f) => {
  await writeTexts(f);
  const latin1 = Uint8Array.from("Un café.\n".repeat(40), (character) => character.charCodeAt(0));
  await Deno.writeFile(`${f}/l.txt`, latin1);
  const texts = ["l.txt", "c.txt.gz"];
  const how = [...steady, "--encoding", "latin1", "--separator", "--\\n"];
  await succeed(f, "train", ...texts, ...how, ...short, "--out", "run");
  const whole = await succeed(f, "train", ...texts, ...how, ...short, "--out", "w", "--steps", "9");
  assertMatch(whole, /^Text: +l\.txt and 1 more \(2 files\) in windows-1252, /);
  await succeed(f, "train", "--resume", "run", "--steps", "9");
  const [resumed, straight] = await Promise.all(
    ["run", "w"].map((name) => readCheckpoint(`${f}/${name}`, { which: "latest" })),
  );
  assertEquals(resumed!.parameters, straight!.parameters);
  const { corpus } = JSON.parse(await Deno.readTextFile(`${f}/run/config.json`));
  assertEquals([corpus.texts, corpus.reading], [2, {
    paths: texts,
    separator: "--\n",
    encoding: "windows-1252",
  }]);
  const other = await run(f, ["train", "--resume", "run", "--separator", "x", "--steps", "12"]);
  assertOneLine(other, 2, /^Cannot resume training on .*: its contents differ from /);
});

testProgram("train does not replace a run folder's file that is one of its texts", async (f) => {
  await writeTexts(f);
  await succeed(f, "train", "notes/a.md", ...short, "--out", "run");
  const before = await Deno.readFile(`${f}/run/metrics.jsonl`);
  const args = ["train", "notes/a.md", "run/metrics.jsonl", ...short, "--out", "run", "--force"];
  assertOneLine(await run(f, args), 2, /it is the "metrics\.jsonl" of that run, which would be/);
  assertEquals(await Deno.readFile(`${f}/run/metrics.jsonl`), before);
});

testProgram(
  "train rejects texts that cannot be read in one line, and writes nothing",
  async (f) => {
    await writeTexts(f);
    await Deno.mkdir(`${f}/empty`);
    await Deno.mkdir(`${f}/loop`);
    await Deno.symlink(".", `${f}/loop/loop`);
    await Deno.writeFile(`${f}/l.txt`, Uint8Array.from("caf\xe9 cr\xeame", (c) => c.charCodeAt(0)));
    const gz = gzipSync(verse);
    await Deno.writeFile(`${f}/cut.gz`, gz.subarray(0, 40));
    const refused = async (texts: readonly string[], line: RegExp) => {
      assertOneLine(await run(f, ["train", ...texts, ...short]), 2, line, texts);
    };
    await refused(
      ["notes/a.md", "gone.txt"],
      /^Cannot read the text "gone\.txt": there is no such /,
    );
    await refused(
      ["empty"],
      /^Cannot read the folder "empty": it has no file that may be a text; /,
    );
    await refused(["loop"], /^Cannot read the folder "loop": its links lead in a circle, /);
    await refused(["*.rst"], /^Cannot read the texts "\*\.rst": no file matches this pattern/);
    await refused(
      ["notes/a.md", "l.txt"],
      /^Cannot read the text "l\.txt": .* --encoding to windows-1252/,
    );
    // What is said to be UTF-8 is refused as exactly as without the option.
    await refused(
      ["l.txt", "--encoding", "utf-8"],
      /: it is not UTF-8 at byte offset 3 \(line 1, .* --encoding to windows-1252/,
    );
    await refused(["l.txt", "--encoding", "x"], /: --encoding must be the name of an encoding, /);
    await refused(["cut.gz"], /^Cannot read the text "cut\.gz": its gzip data ends early; /);
    for (
      const [input, line] of [
        [gz.subarray(0, 40), /^Cannot read the text "standard input": its gzip data ends early; /],
        [Uint8Array.of(0x61, 0xc3), /"standard input": it is not UTF-8 at byte offset 1 /],
        ["", /"standard input": it is empty; /],
      ] as const
    ) assertOneLine(await withInput(f, ["train", "-", ...short], input), 2, line);
    assertEquals([...Deno.readDirSync(f)].some(({ name }) => name === "runs"), false);
  },
);

testProgram(
  "train --min-count leaves rare characters out, and they are never sampled",
  async (f) => {
    await Deno.writeTextFile(`${f}/t.txt`, `${verse}àéîõü`);
    const out = await succeed(f, "train", "t.txt", "--min-count", "2", ...short, "--out", "run");
    assertMatch(
      out,
      /\nUnknown: +5 distinct characters, 5 in all, occur fewer than 2 times and are /,
    );
    await succeed(f, "train", "--resume", "run", "--steps", "8");
    const sampled = await succeed(f, "sample", "run", "--length", "2000");
    assertEquals(sampled.includes("\ufffd"), false);
    await Deno.writeTextFile(`${f}/u.txt`, "Tyger ☃☃ é");
    const { code, out: evaluated, err } = await run(f, ["eval", "run", "u.txt"]);
    assertEquals(code, 0);
    assertMatch(evaluated, /^9 characters predicted/);
    assertMatch(
      err,
      /^Unknown characters, read as U\+FFFD: "☃" \(U\+2603\) 2 times, "é" .* once\n$/,
    );
  },
);

testProgram(
  "eval, score and sample list unknown characters, and skip or replace them",
  async (f) => {
    await Deno.writeTextFile(`${f}/t.txt`, verse);
    await succeed(f, "train", "t.txt", ...short, "--out", "run");
    await Deno.writeTextFile(`${f}/u.txt`, "Tyger ☃☃ é");
    const prompt = ["--prompt", "Tyger ☃☃ é", "--length", "1"];
    for (
      const args of [["eval", "run", "u.txt"], ["score", "run", "u.txt"], [
        "sample",
        "run",
        ...prompt,
      ]]
    ) {
      const refused = await run(f, args);
      const all = /"☃" \(U\+2603\) 2 times, "é" \(U\+00E9\) once; .* --unknown to skip or /;
      assertOneLine(refused, 2, all);
      for (const [unknown, fate] of [["skip", "left out"], ["replace", "replaced"]]) {
        const { code, err } = await run(f, [...args, "--unknown", unknown!]);
        assertEquals([code, err.split(":")[0]], [0, `Unknown characters, ${fate}`]);
      }
    }
    assertMatch(await runOut(f, "eval", "run", "u.txt", "--unknown", "skip"), /^6 characters /);
    assertMatch(await runOut(f, "eval", "run", "u.txt", "--unknown", "replace"), /^9 characters /);
    const text = await runOut(f, "sample", "run", ...prompt, "--unknown", "replace");
    assertEquals(text.slice(0, 10), "Tyger    e");
    assertOneLine(
      await run(f, ["eval", "run", "u.txt", "--unknown", "x"]),
      2,
      /--unknown must be skip /,
    );
  },
);

testProgram("train --init-from begins with a model, and --resume takes a grown text", async (f) => {
  await Deno.writeTextFile(`${f}/t.txt`, verse);
  await succeed(f, "train", "t.txt", ...short, "--out", "run");
  await Deno.writeTextFile(`${f}/u.txt`, `${verse}été\n`.repeat(3));
  const tuned = await succeed(
    f,
    "train",
    "u.txt",
    "--init-from",
    "run",
    "--steps",
    "9",
    "--out",
    "u",
  );
  assertMatch(tuned, /\nModel: +gru, 2 layers of 6 hidden units, /);
  assertMatch(tuned, /\nWeights: +of run\n/);
  await succeed(f, "sample", "u", "--prompt", "Tyger é", "--length", "5");
  const refused = ["train", "u.txt", "--init-from", "run", "--hidden", "7"];
  assertOneLine(
    await run(f, refused),
    2,
    /--hidden 7 is not the model's, which has 6; leave it out/,
  );
  const both = ["train", "u.txt", "--init-from", "run", "--resume", "u"];
  assertOneLine(await run(f, both), 2, /^Cannot use both --resume and --init-from: /);
  await Deno.writeTextFile(`${f}/t.txt`, `${verse}And what shoulder, & what art?\n`.repeat(2));
  // At its limit, the run is left as it is, and what would train on the new part is named.
  const left = await succeed(f, "train", "--resume", "run");
  const [, command] = /^The text has grown from 522 to [^\n]*: deno task (.*)\n$/.exec(left)!;
  assertEquals(command, "train --resume run --steps 10");
  const grown = await succeed(f, "train", "--resume", "run", "--steps", "9");
  assertMatch(grown, /\nGrown: +from 522 characters; /);
  await succeed(f, "sample", "run", "--prompt", "what art?", "--length", "5");
});

testProgram(
  "train --lines shuffles and holds out lines, and sample writes whole ones",
  async (f) => {
    const lines = Array.from({ length: 200 }, (_, i) => `ab${i % 7}cd${i * 31 % 97}`);
    await Deno.writeTextFile(`${f}/names.txt`, `${lines.join("\n")}\n${"x".repeat(400)}\n`);
    const args = [
      "train",
      "names.txt",
      "--lines",
      "--hidden",
      "6",
      "--steps",
      "30",
      "--out",
      "run",
    ];
    const out = await succeed(f, ...args);
    assertMatch(out, /\nSplit: .* for validation in \d+ lines, 1 line cut after 256 characters\n/);
    // The header counts each line break once, as the summary does.
    const [, training, held] = out.match(/\nSplit: +([\d,]+) characters for training, ([\d,]+) /)!;
    assertMatch(out, new RegExp(`\\n  characters predicted +${training} +${held}\\n`));
    const sampled = await succeed(f, "sample", "run", "--count", "5", "--length", "20");
    assertEquals(sampled.endsWith("\n") && !sampled.includes("---"), true);
    assertOneLine(
      await run(f, [...args, "--holdout", "end"]),
      2,
      /^Cannot use both --lines and --holdout end: /,
    );
    await Deno.writeTextFile(`${f}/one.txt`, "a text in a single line");
    const one = await run(f, ["train", "one.txt", "--lines"]);
    assertOneLine(one, 2, /^Cannot train on "one\.txt": it has no line break; /);
  },
);

async function runOut(folder: string, ...args: string[]): Promise<string> {
  return (await run(folder, args)).out;
}
