/** The installed package in Node.js, Bun and Deno: the same bits as from source. */
import { assertEquals, assertMatch } from "@std/assert";
import { modules } from "../../src/engine/kernels/modules.ts";
import * as files from "../../src/files/mod.ts";
import * as unroll from "../../src/mod.ts";
import { runCommand } from "../../pack/run_deno.ts";
import {
  commandOf,
  type Installation,
  type Runtime,
  runtimes,
  testPackage,
} from "./installation.ts";
import { begin, exercise, fail, hashWeights, resume, text } from "./exercise.js";

const precisions = ["f32", "f32-strict", "f64"] as const;
const exerciseFile = new URL("exercise.js", import.meta.url).pathname;

/** The beginning of a program of the tests. */
const imports = `
  import * as unroll from "@unroll/unroll";
  import * as exercises from "./exercise.js";
`;

/** Runs a program in a runtime and returns what it prints, as JSON. */
async function run(
  runtime: Runtime,
  { folder, tools }: Installation,
  { program, args = [] }: { readonly program: string; readonly args?: readonly string[] },
): Promise<unknown> {
  await Deno.copyFile(exerciseFile, `${folder}/exercise.js`);
  await Deno.writeTextFile(`${folder}/program.js`, imports + program);
  const [command, ...first] = commandOf(runtime, tools);
  return JSON.parse(
    await runCommand(command!, [...first, "program.js", ...args], { cwd: folder }),
  );
}

for (const runtime of runtimes) {
  testPackage(
    `The package trains, resumes, samples, evaluates and scores as from source in ${runtime}`,
    async (installation) => {
      const actual = await run(runtime, installation, {
        program: `
          const results = [];
          for (const precision of ${JSON.stringify(precisions)}) {
            for (const threads of [1, 2]) {
              results.push(await exercises.exercise(unroll, { precision, threads }));
            }
          }
          console.log(JSON.stringify(results));
        `,
      }) as { precision: string }[];
      const expected = [];
      // A runtime that does not fuse multiply and add says so, and has the bits of f32-strict.
      const [f32] = actual;
      for (const precision of [f32!.precision, "f32-strict", "f64"]) {
        const result = await exercise(unroll, { precision, threads: 1 });
        expected.push(result, result);
      }
      assertEquals(actual, JSON.parse(JSON.stringify(expected)));
      // All runtimes fuse alike, but Bun's does not on x86-64.
      const usesFma = runtime !== "bun" || Deno.build.arch !== "x86_64";
      if (usesFma) assertEquals(f32!.precision, modules.supportedPrecision("f32"));
    },
  );
}

testPackage("A checkpoint is resumed in one runtime after the other", async (installation) => {
  const weightsIn = async (file: Uint8Array) => hashWeights(await unroll.decodeCheckpoint(file));
  for (const precision of ["f32-strict", "f64"]) {
    const path = `${installation.folder}/checkpoint.safetensors`;
    let steps = 4;
    let expected = await begin(unroll, { precision, steps });
    await Deno.writeFile(path, expected);
    for (const runtime of runtimes) {
      steps += 4;
      expected = await resume(unroll, { file: expected, steps });
      await run(runtime, installation, {
        program: `
          import { readFile, writeFile } from "node:fs/promises";
          const [, , path, steps] = process.argv;
          const file = new Uint8Array(await readFile(path));
          await writeFile(path, await exercises.resume(unroll, { file, steps: Number(steps) }));
          console.log(null);
        `,
        args: [path, String(steps)],
      });
      assertEquals(await weightsIn(await Deno.readFile(path)), await weightsIn(expected), runtime);
    }
  }
});

for (const runtime of runtimes) {
  testPackage(`Texts, checkpoints and runs are files in ${runtime}`, async (installation) => {
    const { folder } = installation;
    await Deno.writeTextFile(`${folder}/text.txt`, text);
    const results = await run(runtime, installation, {
      program: `
        import { readCheckpoint, readCorpus, writeCheckpoint } from "@unroll/unroll/files";
        import { readMetrics, Run, RunFolder } from "@unroll/unroll/run";
        const config = { layers: 1, hidden: 16, precision: "f32-strict", lrSchedule: "constant" };
        const corpus = await readCorpus("text.txt", { maxBytesInMemory: 1000 });
        const first = await Run.create(corpus, { path: "run", config, limits: { steps: 20 } });
        let refusal = "none";
        try { await Run.create(corpus, { path: "run", config }); }
        catch (error) { refusal = error.name; }
        await first.train();
        first[Symbol.dispose]();
        const opened = await RunFolder.open("run");
        const second = await Run.resume(opened, corpus, { limits: { steps: 40 } });
        const { latest } = await second.train();
        second[Symbol.dispose]();
        await writeCheckpoint("copy.safetensors", latest);
        const copy = await readCheckpoint("copy.safetensors");
        console.log(JSON.stringify([
          refusal,
          (await readMetrics("run")).at(-1).step,
          (await readCheckpoint("run", { which: "latest" })).progress.step,
          await exercises.hashWeights(copy),
        ]));
      `,
    });
    // A run with a higher limit begins likewise.
    const config = {
      ...{ layers: 1, hidden: 16 },
      precision: "f32-strict",
      lrSchedule: "constant",
    } as const;
    const corpus = unroll.corpusFromText(text);
    const { latest } = await unroll.train(corpus, { config, steps: 40 });
    assertEquals(results, ["RunLockedError", 40, 40, await hashWeights(latest)]);
  });

  testPackage(`Errors are the same in ${runtime}`, async (installation) => {
    const actual = await run(runtime, installation, {
      program: `
        import * as files from "@unroll/unroll/files";
        console.log(JSON.stringify(await exercises.fail({ unroll, files })));
      `,
    });
    const expected = await fail({ unroll, files });
    assertEquals(actual, expected);
    for (const message of Object.values(expected)) {
      assertMatch(message, /^\w+Error: Cannot .*[^.]$/);
    }
  });
}

testPackage("The programs of the package's README run in Node.js", async (installation) => {
  const { folder } = installation;
  const readme = await Deno.readTextFile(new URL("../../pack/README.md", import.meta.url));
  const [first, second] = Array.from(
    readme.matchAll(/^```js(?: ignore)?\n(.*?)^```/gms),
    ([, code]) => code!,
  );
  await Deno.writeTextFile(`${folder}/book.txt`, text);
  const program = (first! + second!).replace("minutes: 5", "steps: 5")
    .replace("minutes: 10", "steps: 10");
  await Deno.writeTextFile(`${folder}/program.js`, program);
  const [node] = commandOf("node22", installation.tools);
  assertMatch(await runCommand(node!, ["program.js"], { cwd: folder }), /^row.{60}\n$/s);
});
