/** Text from outside that would direct a terminal, wherever a user or a file can put it. */
import { assert, assertEquals } from "@std/assert";
import { commands } from "../../src/cli/main.ts";
import { rain, runInside, testProgram, tiny, trainedInside } from "./program.ts";

const hostile = "x\x1b[31m\u202e\u2066\x9b2J\u2028\x7f\u200f\ny";

/** Runs a command, and asserts that its output has nothing that would direct a terminal. */
async function runHarmless(args: readonly string[]) {
  const outcome = await runInside(args);
  const { out, err } = outcome;
  const what = JSON.stringify([args, outcome]);
  const hazard =
    // deno-lint-ignore no-control-regex
    /\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
  assert(!hazard.test(out + err), what);
  assert(err === "" || /^error: [^\n]+\n$/.test(err), what);
  return outcome;
}

async function assertRefused(args: readonly string[]): Promise<string> {
  const outcome = await runHarmless(args);
  assertEquals(outcome.code, 2, JSON.stringify([args, outcome]));
  return outcome.err;
}

testProgram(
  "commands escape operands, options and values that would direct a terminal",
  async (f) => {
    await trainedInside(f, "run", "--steps", "1");
    const [text, run] = [`${f}/rain.txt`, `${f}/run`];
    await assertRefused([hostile]);
    for (const { name, operands, options } of commands) {
      const inputs = operands.map((operand) => operand.includes("run") ? run : text);
      const files = name === "train" ? [...inputs, "--out", `${f}/other`, ...tiny] : inputs;
      for (const [i] of inputs.entries()) {
        await assertRefused([name, ...inputs.toSpliced(i, 1, `${f}/${hostile}`)]);
      }
      await assertRefused([name, ...files, hostile, hostile]);
      await assertRefused([name, ...files, `--${hostile}`]);
      await assertRefused([name, ...files, `--help=${hostile}`]);
      for (const { name: option, value } of options) {
        if (value === undefined) await assertRefused([name, ...files, `--${option}=${hostile}`]);
        // Any text is a file's name, may end a sample, or separates texts.
        else if (!["out", "html", "stop", "resume", "separator"].includes(option)) {
          await assertRefused([name, ...files, `--${option}`, hostile]);
        }
      }
    }
    await assertRefused(["train", "--resume", `${f}/${hostile}`]);
    await assertRefused(["score", run, text, "--html", `${f}/${hostile}/page`]);
  },
);

testProgram("train escapes the names of its text and its run folder", async (f) => {
  const [text, run] = [`${f}/${hostile}.txt`, `${f}/run${hostile}`];
  await Deno.writeTextFile(text, rain.replaceAll("\r", "") + hostile);
  const options = [text, "--out", run, ...tiny];
  const first = await runHarmless(["train", ...options, "--steps", "1"]);
  assertEquals([first.code, first.err], [0, ""]);
  // Escaped, and not only replaced.
  assert(first.out.includes("\\u{202e}"), first.out);
  const names = first.out.split("\n").filter((line) => /txt|saved|sample|folder/.test(line));
  assert(names.length > 3 && names.every((line) => !line.includes("·")), first.out);
  await assertRefused(["train", ...options, "--steps", "2"]);
  const second = await runHarmless(["train", "--resume", run, "--steps", "2"]);
  assertEquals([second.code, second.err], [0, ""]);
  assertEquals((await runHarmless(["train", "--resume", run])).code, 0);
  for (const command of ["eval", "score"]) {
    assertEquals((await runHarmless([command, run, text])).code, 0);
  }
  await Deno.writeTextFile(`${f}/second.txt`, rain.replaceAll("\r", ""));
  const separated = [text, `${f}/second.txt`, "--separator", hostile];
  for (
    const args of [
      ["train", ...separated, "--out", `${f}/separated`, ...tiny, "--steps", "1"],
      ["train", "--resume", `${f}/separated`, "--steps", "2"],
      ["eval", run, ...separated],
    ]
  ) assertEquals((await runHarmless(args)).code, 0);
  const { code, out } = await runHarmless(["sample", run, "--prompt", hostile, "--json"]);
  assertEquals([code, JSON.parse(out).prompt], [0, hostile]);
  const page = `${f}/page${hostile}`;
  assertEquals((await runHarmless(["score", run, text, "--html", page])).code, 0);
});

/** All copies of a JSON value in which one string, number or key is hostile. */
function* spoilt(value: unknown): Generator<unknown> {
  yield hostile;
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const [i, inner] of value.entries()) {
      for (const other of spoilt(inner)) yield value.toSpliced(i, 1, other);
    }
    return;
  }
  yield { ...value, [hostile]: 1 };
  for (const [key, inner] of Object.entries(value)) {
    for (const other of spoilt(inner)) yield { ...value, [key]: other };
  }
}

testProgram("commands escape what they quote from config.json", async (f) => {
  await trainedInside(f, "run", "--steps", "1");
  const path = `${f}/run/config.json`;
  const config = JSON.parse(await Deno.readTextFile(path));
  for (const other of spoilt(config)) {
    await Deno.writeTextFile(path, JSON.stringify(other));
    await assertRefused(["train", "--resume", `${f}/run`, "--steps", "2"]);
  }
});

/** A safetensors file with another header. */
function withHeader(file: Uint8Array, change: (header: Record<string, unknown>) => unknown) {
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  const json = new TextEncoder().encode(JSON.stringify(change(header)));
  const padded = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(0x20);
  padded.set(json);
  const bytes = new Uint8Array(8 + padded.length + file.length - 8 - length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded.length), true);
  bytes.set(padded, 8);
  bytes.set(file.subarray(8 + length), 8 + padded.length);
  return bytes;
}

testProgram("commands escape what they quote from a checkpoint", async (f) => {
  await trainedInside(f, "run", "--steps", "1");
  const [path, text] = [`${f}/run/best.safetensors`, `${f}/rain.txt`];
  const file = await Deno.readFile(path);
  const refused = async (change: (header: Record<string, unknown>) => unknown) => {
    await Deno.writeFile(path, withHeader(file, change));
    const outcomes = [
      await runHarmless(["eval", path, text]),
      await runHarmless(["sample", path, "--json"]),
      await runHarmless(["score", path, text, "--json"]),
    ];
    return outcomes.every(({ code }) => code === 2);
  };
  const metadataOf = (header: Record<string, unknown>) =>
    header.__metadata__ as Record<string, string>;
  let refusals = 0;
  for (const key of ["format", "config", "vocabulary", "progress", "corpus"]) {
    const parse = (json: string) => key === "format" ? json : JSON.parse(json);
    const read = parse(metadataOf(JSON.parse(JSON.stringify(headerOf(file))))[key]!);
    for (const other of spoilt(read)) {
      const json = key === "format" ? hostile : JSON.stringify(other);
      refusals += Number(
        await refused((header) => ({
          ...header,
          __metadata__: { ...metadataOf(header), [key]: json },
        })),
      );
    }
  }
  assert(refusals > 40, `${refusals}`);
  assert(await refused((header) => ({ ...header, [hostile]: hostile })));
  const rename = ([name, value]: [string, unknown]) =>
    name === "__metadata__" ? [name, value] : [hostile + name, value];
  assert(await refused((header) => Object.fromEntries(Object.entries(header).map(rename))));
});

function headerOf(file: Uint8Array): Record<string, unknown> {
  let found: Record<string, unknown> = {};
  withHeader(file, (header) => found = header);
  return found;
}

testProgram("commands refuse links that lead in a circle, and names with a NUL", async (f) => {
  await trainedInside(f, "run", "--steps", "1");
  const [text, run, loop] = [`${f}/rain.txt`, `${f}/run`, `${f}/loop`];
  await Deno.symlink("loop", loop);
  for (const path of [loop, `${loop}/in`, `${f}/nul\0`]) {
    for (const command of ["eval", "score"]) {
      await assertRefused([command, run, path]);
      await assertRefused([command, path, text]);
    }
    await assertRefused(["sample", path]);
    await assertRefused(["score", run, text, "--html", path]);
    await assertRefused(["train", path, ...tiny]);
    await assertRefused(["train", text, "--out", path, ...tiny]);
    await assertRefused(["train", text, "--out", path, "--force", ...tiny]);
    await assertRefused(["train", "--resume", path]);
    await assertRefused(["train", path, "--resume", run, "--steps", "2"]);
  }
  const config = JSON.parse(await Deno.readTextFile(`${run}/config.json`));
  for (const path of [loop, "nul\0"]) {
    const corpus = { ...config.corpus, path, reading: { paths: [path] } };
    const other = JSON.stringify({ ...config, corpus });
    await Deno.writeTextFile(`${run}/config.json`, other);
    await assertRefused(["train", "--resume", run, "--steps", "2"]);
  }
  await Deno.writeTextFile(`${run}/config.json`, JSON.stringify(config));
  for (
    const name of ["metrics.jsonl", "best.safetensors", "checkpoint.safetensors", "config.json"]
  ) {
    await Deno.remove(`${run}/${name}`);
    await Deno.symlink(loop, `${run}/${name}`);
    await assertRefused(["train", "--resume", run, "--steps", "2"]);
    await assertRefused(["train", text, "--out", run, "--force", ...tiny]);
  }
});
