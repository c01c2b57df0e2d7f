/** What `sample` can be told: filters, ends, several texts at once, beams, and what it refuses. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { beamSearch } from "../../src/generate/beam.ts";
import { sample, sampleMany } from "../../src/generate/sampler.ts";
import { readCheckpoint } from "../../src/checkpoint/file.ts";
import { run, succeed, testProgram } from "./program.ts";

const text = "The rain in Spain\r\nstays mainly 🌧 in the plain.\r\n".repeat(12);

async function trained(folder: string) {
  await Deno.writeTextFile(`${folder}/rain.txt`, text);
  const size = ["--hidden", "16", "--seq-length", "8", "--batch-size", "2", "--steps", "200"];
  await succeed(folder, "train", "rain.txt", "--out", "run", ...size);
  return await readCheckpoint(`${folder}/run`);
}

testProgram("sample does with each option what the library does", async (f) => {
  const model = await trained(f);
  const write = (...options: string[]) => succeed(f, "sample", "run", "--length=80", ...options);
  for (
    const [args, options] of [
      [["--temperature", "2", "--top-k", "4"], { temperature: 2, topK: 4 }],
      [["--top-p=0.7", "--seed=3"], { topP: 0.7, seed: 3 }],
      [["--stop", "n\r\n", "--prompt", "in"], { stop: "n\r\n", prompt: "in" }],
      [["--stop=🌧", "--greedy"], { stop: "🌧", greedy: true }],
      [["--count", "1"], {}],
    ] as const
  ) {
    const { prompt = "" } = options as { prompt?: string };
    assertEquals(await write(...args), prompt + sample(model, { ...options, length: 80 }));
  }
  const { text, logProbability } = beamSearch(model, { prompt: "in", length: 80, beam: 6 });
  assertEquals(await write("--beam", "6", "--prompt", "in"), `in${text}`);
  assertEquals(JSON.parse(await write("--beam", "6", "--prompt", "in", "--json")), {
    prompt: "in",
    texts: [{ text, log_probability: logProbability }],
  });
});

testProgram("several texts are numbered, or an array of JSON", async (f) => {
  const model = await trained(f);
  const options = { prompt: "The", length: 40, stop: "a", count: 3 };
  const texts = sampleMany(model, options);
  const args = ["sample", "run", "--prompt=The", "--length=40", "--stop=a"];
  assertEquals(
    await succeed(f, ...args, "--count=3"),
    texts.map((text, i) => `--- ${i + 1} of 3 ---\nThe${text}\n`).join(""),
  );
  const json = (texts: readonly string[]) => ({
    prompt: "The",
    texts: texts.map((text) => ({ text, stopped: text.endsWith("a") })),
  });
  assertEquals(JSON.parse(await succeed(f, ...args, "--count=3", "--json")), json(texts));
  assertEquals(JSON.parse(await succeed(f, ...args, "--json")), json(texts.slice(0, 1)));
  const { prompt } = JSON.parse(await succeed(f, "sample", "run", "--length=1", "--json"));
  assertEquals(prompt, null);
  // A prime of any length, here a good part of what a command line may have.
  const long = "The rain in Spain\r\n".repeat(3000);
  const [out] = JSON.parse(await succeed(f, "sample", "run", "--json", "--prompt", long)).texts;
  assertEquals([...out.text].length, 500);
});

testProgram("what sample cannot do gets one line, and exit code 2", async (f) => {
  await trained(f);
  for (
    const [options, line] of [
      ["--beam 3 --top-k 5", /^Cannot sample with both --beam and --top-k: /],
      ["--greedy --seed 1", /^Cannot sample with both --greedy and --seed: /],
      ["--top-p 0", /^Cannot sample: --top-p must be a number above 0, .*, use --greedy$/],
      ["--count 0", /^Cannot sample: --count must be a whole number from 1 to 255, not 0$/],
      ["--stop ☃", /--stop: character 1, "☃" \(U\+2603\), is not among /],
      ["--count many", /^Cannot use --count "many": it must be a number$/],
    ] as const
  ) {
    const { code, out, err } = await run(f, ["sample", "run", ...options.split(" ")]);
    assertEquals({ code, out }, { code: 2, out: "" }, options);
    assertMatch(err, /^error: [^\n]+\n$/, options);
    assertMatch(err.slice("error: ".length, -1), line, options);
  }
});

const canType = Deno.build.os === "linux" &&
  (["read", "write", "run"] as const).every((name) =>
    Deno.permissions.querySync({ name }).state === "granted"
  );

Deno.test({
  name: "a terminal gets each character at once, and none that would direct it (needs " +
    "--allow-read, --allow-write, --allow-run and util-linux's script)",
  ignore: !canType || !hasScript(),
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/text.txt`, "\x1b[2J\x07é\u009b \n".repeat(60));
      await succeed(folder, "train", "text.txt", "--steps", "1", "--out", "run", "--hidden", "4");
      const root = new URL("../../", import.meta.url).pathname;
      const command = `'${Deno.execPath()}' run --quiet --no-check --config '${root}deno.json' ` +
        `--allow-read '${root}src/cli/main.ts' sample run --length`;
      const open = (length: number) =>
        new Deno.Command("script", {
          args: ["-qec", `${command} ${length}`, "/dev/null"],
          cwd: folder,
          stdin: "null",
          stdout: "piped",
          stderr: "null",
        }).spawn();
      const { stdout } = await open(300).output();
      const shown = new TextDecoder().decode(stdout).replaceAll("\r\n", "\n");
      // deno-lint-ignore no-control-regex
      assert(!/[\x00-\x09\x0b-\x1f\x7f-\x9f]/.test(shown), JSON.stringify(shown));
      assert(/[·é]/.test(shown) && shown.endsWith("\n"), shown);

      // So long that it could not come at once: the first of it is there before the last is made.
      const child = open(100_000_000);
      const reader = child.stdout.getReader();
      for (let bytes = 0; bytes < 200;) bytes += (await reader.read()).value!.length;
      child.kill("SIGTERM");
      while (!(await reader.read()).done);
      await child.status;
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

function hasScript(): boolean {
  try {
    return new Deno.Command("script", { args: ["--version"] }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
