/** Programs that import the installed package, bundled and minified by esbuild, Vite and rollup. */
import { assert, assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import { encodeCheckpoint } from "../../src/checkpoint/checkpoint.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { sample } from "../../src/generate/sampler.ts";
import { runCommand } from "../../pack/run_deno.ts";
import { commandOf, type Installation, testPackage } from "./installation.ts";
import { createTrainer } from "../trainers.ts";

/** The most kilobytes of a program that only samples, compressed. */
const MAX_SAMPLING_KB = 40;

/** A program that samples from a checkpoint, which it exports as a function. */
const samplingProgram = (entry: string) => `
  import { decodeCheckpoint, sample } from "${entry}";
  export async function complete(file, prompt) {
    const model = await decodeCheckpoint(file);
    return sample(model, { prompt, length: 40, seed: 5, temperature: 0.8 });
  }
`;

/** A model, and what it writes. */
const corpus = corpusFromText("to be or not to be. ".repeat(20));
using trainer = createTrainer(corpus, { precision: "f32-strict", hidden: 24 });
for (let step = 0; step < 50; step++) trainer.step();
const model = trainer.checkpoint();
const prompt = "to be";
const expected = sample(model, { prompt, length: 40, seed: 5, temperature: 0.8 });

/** Arguments of Node.js that bundle and minify `program.js` as `out/program.js`. */
const bundlers: Readonly<Record<string, (tools: string) => string[]>> = {
  esbuild: (tools) =>
    [`${tools}/node_modules/esbuild/bin/esbuild`, "--bundle", "--minify", "--format=esm"]
      .concat("program.js", "--outfile=out/program.js"),
  vite: (tools) => [`${tools}/node_modules/vite/bin/vite.js`, "build", "--logLevel", "warn"],
  rollup: (
    tools,
  ) => [`${tools}/node_modules/rollup/dist/bin/rollup`, "--config", "rollup.config.js", "--silent"],
};

const configurations: Readonly<Record<string, string>> = {
  "vite.config.js": `export default {
    build: {
      outDir: "out",
      rolldownOptions: {
        input: "program.js",
        output: { entryFileNames: "program.js" },
        preserveEntrySignatures: "strict",
      },
    },
  };`,
  // rollup alone resolves no packages and minifies nothing: esbuild does both.
  "rollup.config.js": `
    import { createRequire } from "node:module";
    import { fileURLToPath } from "node:url";
    const tools = createRequire(process.env.TOOLS + "/package.json");
    const { transform } = tools("esbuild");
    export default {
      input: "program.js",
      output: { file: "out/program.js", format: "es" },
      plugins: [{
        resolveId: (id) => id.startsWith("@") ? fileURLToPath(import.meta.resolve(id)) : null,
        renderChunk: (code) => transform(code, { minify: true }),
      }],
    };`,
};

/** Bundles a program and returns the only file that this gives. */
async function build(
  bundler: string,
  program: string,
  { folder, tools }: Installation,
): Promise<{ readonly url: string; readonly source: string; readonly kilobytes: number }> {
  for (const [name, contents] of Object.entries(configurations)) {
    await Deno.writeTextFile(`${folder}/${name}`, contents);
  }
  await Deno.writeTextFile(`${folder}/program.js`, program);
  const [node] = commandOf("node24", tools);
  const env = { TOOLS: tools };
  await runCommand(node!, bundlers[bundler]!(tools), { cwd: folder, env });
  const names = Array.from(Deno.readDirSync(`${folder}/out`), ({ name }) => name);
  assertEquals(names, ["program.js"]);
  const path = `${folder}/out/program.js`;
  const bytes = await Deno.readFile(path);
  const kilobytes = gzipSync(bytes, { level: 9 }).length / 1000;
  return { url: `file://${path}`, source: new TextDecoder().decode(bytes), kilobytes };
}

for (const bundler of Object.keys(bundlers)) {
  testPackage(
    `A program that samples is less than ${MAX_SAMPLING_KB} kB after ${bundler}`,
    async (installation) => {
      const program = samplingProgram("@unroll/unroll/sample");
      const { url, kilobytes } = await build(bundler, program, installation);
      const { complete } = await import(url);
      assertEquals(await complete(await encodeCheckpoint(model), prompt), expected);
      assert(kilobytes < MAX_SAMPLING_KB, `${kilobytes} kB`);
    },
  );

  testPackage(
    `A program that samples from the main entry has no code of training after ${bundler}`,
    async (installation) => {
      const program = samplingProgram("@unroll/unroll");
      const { url, source, kilobytes } = await build(bundler, program, installation);
      const { complete } = await import(url);
      assertEquals(await complete(await encodeCheckpoint(model), prompt), expected);
      const whole = await build(bundler, 'export * from "@unroll/unroll";', installation);
      for (const text of ["Cannot train", "Cannot resume", "Cannot evaluate"]) {
        assert(whole.source.includes(text), `${text}: this test looks for what is gone`);
        assert(!source.includes(text), `${text} is in the bundle of ${kilobytes} kB`);
      }
    },
  );
}
