/** The files of the installed package: what they import, their types, and how the package names them. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { runCommand } from "../../pack/run_deno.ts";
import { commandOf, type Installation, testPackage } from "./installation.ts";

const packageIn = ({ folder }: Installation) => `${folder}/../node_modules/@unroll/unroll`;

/** Paths of the files in a folder. */
function filesIn(folder: string, below = ""): string[] {
  return [...Deno.readDirSync(`${folder}/${below}`)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(folder, `${below}${name}/`) : [below + name]
  );
}

/** The source of a bundled file with all that it imports statically. */
function withImports(folder: string, name: string, seen: Set<string> = new Set()): string {
  if (seen.has(name)) return "";
  seen.add(name);
  const source = Deno.readTextFileSync(`${folder}/${name}`);
  const imported = source.matchAll(
    /^(?:import|export)\b[^;"']*?from "\.\/([^"]+)";|^import "\.\/([^"]+)";/gm,
  );
  return [...imported].reduce(
    (text, [, from, bare]) => text + withImports(folder, (from ?? bare)!, seen),
    source,
  );
}

testPackage(
  "The package has modules, types, README and licenses, and nothing else",
  (installation) => {
    const files = filesIn(packageIn(installation));
    const others = files.filter((path) => !/^[\w-]+\.js$|^src\/[\w/]+\.d\.ts$/.test(path));
    assertEquals(others.toSorted(), [
      "LICENSE",
      "README.md",
      "THIRD_PARTY_LICENSES",
      "package.json",
    ]);
  },
);

testPackage("publint finds nothing to improve in the package", async (installation) => {
  const [node] = commandOf("node24", installation.tools);
  const publint = `${installation.tools}/node_modules/publint/src/cli.js`;
  const args = [publint, packageIn(installation), "--strict", "--pack", "false"];
  assertMatch(await runCommand(node!, args), /All good/);
});

for (const entry of ["mod.js", "engine.js", "sample.js"]) {
  testPackage(`${entry} has nothing that only some runtimes have`, (installation) => {
    const source = withImports(packageIn(installation), entry);
    assert(source.length > 100_000);
    assertEquals(source.match(/\bDeno\b.*|^(?:im|ex)port\b.*"(?!\.\/).*|\brequire\(.*/gm) ?? [], [
      // The code of a thread of node:worker_threads, as text.
      'require("node:worker_threads").workerData)`;',
    ]);
    for (const global of ["process", "Buffer", "setImmediate", "navigator"]) {
      const bare = new RegExp(`(?<![.\\\\w"'\`#])${global}\\\\b(?=[.(?]).*`, "g");
      assertEquals(source.match(bare) ?? [], [], global);
    }
  });
}

testPackage("Types are documented, with examples that import the package", (installation) => {
  const folder = packageIn(installation);
  const declared = filesIn(folder).filter((path) => path.endsWith(".d.ts"));
  const texts = declared.map((path) => Deno.readTextFileSync(`${folder}/${path}`)).join("\n");
  assert(texts.includes('from "@unroll/unroll/engine";'));
  assertEquals(texts.match(/^ *\* .*from "\..*$/gm) ?? [], []);
  assertMatch(texts, /\/\*\*\n \* Trains a model on a text/);
});

/** A program that uses all entries. */
const program = `
  import { type Corpus, corpusFromText, evaluate, type Model, sample, train } from "@unroll/unroll";
  import { Engine } from "@unroll/unroll/engine";
  import { encodeOnnx } from "@unroll/unroll/export";
  import { readCheckpoint, readCorpus } from "@unroll/unroll/files";
  import { RunFolder } from "@unroll/unroll/run";
  import { decodeCheckpoint } from "@unroll/unroll/sample";
  import { commands } from "@unroll/unroll/cli";
  const corpus: Corpus = corpusFromText("to be or not to be. ");
  const { best } = await train(corpus, { steps: 3, config: { cell: "gru" } });
  const model: Model = best;
  const text: string = sample(model, { length: 3 });
  export const everything = {
    ...{ evaluate, Engine, encodeOnnx, readCheckpoint, readCorpus, RunFolder, decodeCheckpoint, commands, text },
  };
  // @ts-expect-error: there is no such cell.
  await train(corpus, { config: { cell: "transformer" } });
`;

for (const compiler of ["typescript5", "typescript7"]) {
  for (const [module, moduleResolution] of [["esnext", "bundler"], ["nodenext", "nodenext"]]) {
    testPackage(
      `${compiler} checks programs and types with ${moduleResolution}`,
      async (installation) => {
        const { folder, tools } = installation;
        await Deno.writeTextFile(`${folder}/program.ts`, program);
        const [node] = commandOf("node24", tools);
        const options = ["--noEmit", "--strict", "--exactOptionalPropertyTypes"]
          .concat("--module", module!, "--moduleResolution", moduleResolution!)
          .concat("--target", "es2022", "--lib", "es2022,dom", "program.ts");
        const tsc = `${tools}/node_modules/${compiler}/bin/tsc`;
        assertEquals(await runCommand(node!, [tsc, ...options], { cwd: folder }), "");
      },
    );
  }
}
