/** `sample`: its options, its output, and what it rejects. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { beamSearch } from "../../src/generate/beam.ts";
import { sample, sampleMany } from "../../src/generate/sampler.ts";
import { readCheckpoint } from "../../src/files/checkpoint_file.ts";
import {
  assertRejected,
  finishInTerminal,
  runInside,
  start,
  startInTerminal,
  succeed,
  testProgram,
  testTerminal,
  trainedInside as train,
} from "./program.ts";

/** Trains a model, and reads it. */
async function trained(folder: string) {
  await train(folder, "run", "--hidden", "16", "--steps", "200");
  return await readCheckpoint(`${folder}/run`);
}

testProgram("sample generates the texts of the library's functions", async (f) => {
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

testProgram("sample --count numbers several texts, or prints them as JSON", async (f) => {
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
  // A prompt of any length, here a large part of what a command line may have.
  const long = "The rain in Spain\r\n".repeat(3000);
  const [out] = JSON.parse(await succeed(f, "sample", "run", "--json", "--prompt", long)).texts;
  assertEquals([...out.text].length, 500);
});

testProgram("sample rejects options that are out of range or exclude each other", async (f) => {
  await trained(f);
  for (
    const [options, line] of [
      ["--beam 3 --temperature 0.5", /--beam and --temperature: a beam /],
      ["--beam 3 --top-k 5", /--beam and --top-k: a beam search /],
      ["--beam 3 --top-p 0.5", /--beam and --top-p: /],
      ["--beam 3 --greedy", /--beam and --greedy: /],
      ["--beam 3 --seed 1", /--beam and --seed: /],
      ["--beam 3 --count 2", /--beam and --count: a beam search finds one text/],
      ["--beam 3 --stop x", /--beam and --stop: /],
      ["--greedy --temperature 1", /--greedy and --temperature: the most probable character /],
      ["--greedy --count 3", /--greedy and --count: /],
      ["--top-k 0", /--top-k must be a whole number, 1 or above, not 0; /],
      ["--top-p 0", /--top-p must be a number above 0, at most 1, not 0; .* --greedy/],
      ["--top-p 1.5", /--top-p must be a number above 0, at most 1, not 1.5$/],
      ["--beam 0", /--beam must be a whole number from 1 to 1024, not 0$/],
      ["--count 0", /--count must be a whole number, 1 or above, not 0$/],
      ["--stop=", /--stop.*empty/],
      ["--stop ☃", /--stop.* character 1, "☃" \(U\+2603\), is not /],
      ["--count many", /^Cannot use --count "many": it must be a number$/],
    ] as const
  ) await assertRejected(f, ["sample", "run", ...options.split(" ")], line);
});

testTerminal(
  "sample shows each character at once in a terminal, without control characters",
  async (f) => {
    await Deno.writeTextFile(`${f}/text.txt`, "\x1b[2J\x07é\u009b \n".repeat(60));
    await succeed(f, "train", "text.txt", "--steps", "1", "--out", "run", "--hidden", "4");
    const open = (length: number) => startInTerminal(f, ["sample", "run", `--length=${length}`]);
    const { screen } = await finishInTerminal(open(300));
    const shown = screen.replaceAll("\r\n", "\n");
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x09\x0b-\x1f\x7f-\x9f]/.test(shown), JSON.stringify(shown));
    assert(/[·é]/.test(shown) && shown.endsWith("\n"), shown);

    // The first characters of a text that takes minutes.
    const child = open(100_000_000);
    const reader = child.stdout.getReader();
    for (let bytes = 0; bytes < 200;) bytes += (await reader.read()).value!.length;
    child.kill("SIGTERM");
    while (!(await reader.read()).done);
    await child.stdin.close();
    await child.status;
  },
);

testProgram("sample prints only the text, by its options", async (f) => {
  await train(f, "run", "--steps", "300", "--hidden", "24");
  const sample = async (...options: string[]) => {
    let out = "";
    const { write } = Deno.stdout;
    try {
      Deno.stdout.write = (bytes) => {
        out += new TextDecoder().decode(bytes);
        return Promise.resolve(bytes.length);
      };
      assertEquals(await runInside(["sample", `${f}/run`, ...options]), {
        code: 0,
        out: "",
        err: "",
      });
    } finally {
      Deno.stdout.write = write;
    }
    return out;
  };
  const first = await succeed(f, "sample", "run", "--length", "40");
  assertEquals([...first].length, 40);
  if (!Deno.stdout.isTerminal()) {
    assertEquals(await sample("--length", "40", "--seed", "1", "--temperature", "1"), first);
    assertNotEquals(await sample("--length", "40", "--seed", "2"), first);
    assertNotEquals(await sample("--length", "40", "--temperature", "3"), first);
    assertEquals([...await sample()].length, 500);
    const greedy = await sample("--greedy", "--prompt", "The rain", "--length", "30");
    assertEquals(await sample("--top-k=1", "--prompt=The rain", "--length=30", "--seed=9"), greedy);
    assert(greedy.startsWith("The rain"));
    assertEquals([...greedy].length, 38);
    assertEquals(await sample("--prompt", "🌧 in\r\n", "--length", "0"), "🌧 in\r\n");
  }
  const best = await succeed(f, "sample", "run/best.safetensors", "--length", "5");
  assertEquals([...best].length, 5);
});

testProgram("sample ends without an error when its reader goes away", async (f) => {
  await train(f, "run", "--steps", "1");
  const child = start(f, ["sample", "run", "--length", "200000"]);
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const [{ code }, err] = await Promise.all([child.status, new Response(child.stderr).text()]);
  assertEquals({ code, err }, { code: 0, err: "" });
});
