/** `score`: its three formats, its input, and what it rejects. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { score } from "../../src/evaluate/score.ts";
import { scoreHtml } from "../../src/evaluate/score_html.ts";
import { readCheckpoint } from "../../src/files/checkpoint_file.ts";
import {
  assertOneLine,
  assertRejected,
  denoArgs,
  namesIn,
  type Outcome,
  run,
  runInside,
  succeed,
  testProgram,
} from "./program.ts";

const text = "The rain in Spain\r\n\tstays mainly 🌧 <in> the plain.\r\n".repeat(12);
const part = "Spain\r\n\trains <🌧> mainly.\n";

async function trained(folder: string) {
  await Deno.writeTextFile(`${folder}/rain.txt`, text);
  await Deno.writeTextFile(`${folder}/part.txt`, part);
  const size = ["--hidden", "16", "--seq-length", "8", "--batch-size", "2", "--precision", "f64"];
  const args = ["train", `${folder}/rain.txt`, "--out", `${folder}/run`, ...size, "--steps", "200"];
  assertEquals((await runInside(args)).code, 0);
  return await readCheckpoint(`${folder}/run`);
}

/** Runs `score run -` with a file as standard input. */
async function scoreInput(folder: string, file: string, ...options: string[]): Promise<Outcome> {
  const args = denoArgs(["score", "run", "-", ...options]);
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", 'exec "$@" < "$0"', file, Deno.execPath(), ...args],
    cwd: folder,
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: decode(stdout), err: decode(stderr) };
}

testProgram(
  "score prints the surprisal of each character, and the mean that eval prints",
  async (f) => {
    const model = await trained(f);
    const wanted = score(model, part);
    const json = JSON.parse(await succeed(f, "score", "run", "part.txt", "--json"));
    assertEquals(json, {
      nats: wanted.nats,
      nats_per_char: wanted.natsPerChar,
      characters: [
        { character: "S", nats: null, probability: null, top: [] },
        ...wanted.characters.map(({ character, nats, top }) => ({
          character,
          nats,
          probability: Math.exp(-nats),
          top,
        })),
      ],
    });
    const evaluation = JSON.parse(await succeed(f, "eval", "run", "part.txt", "--json"));
    assert(Math.abs(json.nats_per_char - evaluation.nats_per_char) < 1e-12);

    const lines = (await succeed(f, "score", "run", "part.txt")).trimEnd().split("\n");
    assertMatch(
      lines[0]!,
      /^25 characters predicted: [\d.]+ nats = [\d.]+ bits in total, /,
    );
    assertStringIncludes(lines[0]!, `${wanted.natsPerChar.toFixed(4)} nats`);
    assertMatch(
      lines[2]!,
      /^ {2}line {2}col {2}character {7}nats {5}bits {2}probability {2}most probable$/,
    );
    assertEquals(lines[3], "     1    1  “S”");
    assertEquals(lines.length, 3 + [...part].length);
    const places = [];
    for (const [i, { character, nats }] of wanted.characters.entries()) {
      const line = lines[4 + i]!;
      places.push(line.slice(0, 11).trim().split(/ +/).map(Number));
      const numbers = Array.from(line).slice(23, 42).join("");
      assertEquals(numbers.slice(0, 10), nats.toFixed(4).padStart(10), line);
      assertEquals(numbers.slice(10), (nats / Math.LN2).toFixed(4).padStart(9), line);
      const names: Record<string, string> = {
        " ": "space",
        "\n": "line break",
        "\t": "tab",
        "\r": "U+000D",
      };
      assertStringIncludes(line.slice(0, 24), `  ${names[character] ?? `“${character}”`} `);
    }
    const all = [...part].map((_, i, characters) => {
      const before = characters.slice(0, i);
      return [1 + before.filter((c) => c === "\n").length, i - before.lastIndexOf("\n")];
    });
    assertEquals(places, all.slice(1));
  },
);

testProgram("score reads each of several texts from a zero state, as eval does", async (f) => {
  const model = await trained(f);
  await Deno.writeTextFile(`${f}/other.txt`, "The rain");
  await Deno.writeTextFile(`${f}/one.txt`, "T");
  const paths = ["part.txt", "other.txt", "one.txt"];
  const { characters, ...totals } = JSON.parse(
    await succeed(f, "score", "run", ...paths, "--json"),
  );
  // The separator belongs to the text before it.
  const alone = [score(model, `${part}\n`), score(model, "The rain\n")];
  const listed = (characters as { character: string; nats: number | null }[])
    .map(({ character, nats }) => [character, nats]);
  assertEquals(listed, [
    ...alone.flatMap(({ first, characters }) => [
      [first, null],
      ...characters.map(({ character, nats }) => [character, nats]),
    ]),
    ["T", null],
  ]);
  assertEquals(totals.nats, alone[0]!.nats + alone[1]!.nats);
  const evaluation = JSON.parse(await succeed(f, "eval", "run", ...paths, "--json"));
  assert(Math.abs(totals.nats_per_char - evaluation.nats_per_char) < 1e-12);
  assertEquals(evaluation.chars, [...part].length + "The rain".length);

  const lines = (await succeed(f, "score", "run", ...paths)).trimEnd().split("\n");
  assertMatch(lines[0]!, new RegExp(`^${evaluation.chars} characters predicted: `));
  assertEquals(lines.filter((line) => /“T”$/.test(line)), [
    "     4    1  “T”",
    "     5    1  “T”",
  ]);
  await succeed(f, "score", "run", ...paths, "--html", "page.html");
  const page = await Deno.readTextFile(`${f}/page.html`);
  assertStringIncludes(page, `<dt>Predicted</dt><dd>${evaluation.chars}<`);
});

testProgram("score --html writes a page, and replaces an existing page", async (f) => {
  const model = await trained(f);
  await Deno.writeTextFile(`${f}/page.html`, "<!doctype html>" + "x".repeat(1e6));
  const line = await succeed(f, "score", "run", "part.txt", "--html", "page.html");
  const { size } = await Deno.stat(`${f}/page.html`);
  assertMatch(line, /^25 characters predicted: [^\n]+\n/);
  assert(line.endsWith(`\nPage: page.html, ${Math.round(size / 1000)} kB\n`), line);
  assertEquals(
    await Deno.readTextFile(`${f}/page.html`),
    scoreHtml(score(model, part), "part.txt"),
  );
  assertEquals(namesIn(f), ["page.html", "part.txt", "rain.txt", "run"]);
});

testProgram("score reads a text from standard input", async (f) => {
  await trained(f);
  const { code, out, err } = await scoreInput(f, "part.txt");
  assertEquals({ code, err }, { code: 0, err: "" });
  assertEquals(out, await succeed(f, "score", "run", "part.txt"));
  // More than is read at a time.
  const long = await scoreInput(f, "rain.txt", "--json");
  assertEquals(long.out, await succeed(f, "score", "run", "rain.txt", "--json"));

  await Deno.writeTextFile(`${f}/other.txt`, "rain\nin ☃");
  await Deno.writeFile(`${f}/bad.txt`, Uint8Array.of(0x61, 0xff));
  await Deno.writeTextFile(`${f}/empty.txt`, "");
  await Deno.writeTextFile(`${f}/large.txt`, "a".repeat(1_000_001));
  for (
    const [file, line] of [
      ["other.txt", /^line 2, character 4, "☃" \(U\+2603\), is not among the \d+ characters /],
      ["bad.txt", /^it is not UTF-8 at byte offset 1 /],
      ["large.txt", /^it has more than 1,000,000 bytes; take a part of it$/],
    ] as const
  ) {
    const refused = await scoreInput(f, file);
    assertEquals([refused.code, refused.out], [2, ""]);
    const start = 'error: Cannot read the text "standard input": ';
    assertEquals(refused.err.slice(0, start.length), start);
    assertMatch(refused.err.slice(start.length, -1), line);
    const same = await run(f, ["score", "run", file]);
    assertEquals(same.err, refused.err.replace("standard input", file));
  }
  assertEquals(await scoreInput(f, "empty.txt"), {
    code: 2,
    out: "",
    err: 'error: Cannot read the text "standard input": it is empty; it must have at least one ' +
      "character\n",
  });
});

testProgram("score rejects files and options that do not fit", async (f) => {
  await trained(f);
  await Deno.mkdir(`${f}/folder`);
  for (
    const [args, line] of [
      [["run"], /^Cannot run score: it takes <run\|checkpoint> and <text\.\.\.>; /],
      [["none", "part.txt"], /^Cannot read the checkpoint "none": there is no such file; /],
      [["run", "none.txt"], /^Cannot read the text "none.txt": there is no such file; /],
      [["run", "folder"], /^Cannot read the folder "folder": it has no file that may be a text; /],
      [["run", "part.txt", "--json", "--html", "x"], /^Cannot use both --json and --html: /],
      [["run", "part.txt", "--html"], /^Cannot use --html without a value: write --html FILE$/],
    ] as const
  ) await assertRejected(f, ["score", ...args], line);
  const page = (path: string) => ["score", "run", "part.txt", "--html", path];
  const missing = await run(f, page("none/page.html"));
  assertOneLine(missing, 2, /^Cannot write the page "none\/page.html": [^;]+; its folder must /);
  await assertRejected(f, page("folder"), /^Cannot write the page "folder": [^;]+; /);
  await assertRejected(f, page("rain.txt"), /"rain.txt": there is a file that is no page, /);
});
