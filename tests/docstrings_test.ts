/** Examples of docstrings print what the comments behind their `console.log` say. */
import { assert, assertEquals } from "@std/assert";
import { testProgram } from "./cli/program.ts";

const root = new URL("../", import.meta.url);

/** Paths of the TypeScript files below a folder. */
function sourceFiles(folder: string): string[] {
  return Array.from(Deno.readDirSync(new URL(folder, root))).flatMap(({ name, isDirectory }) =>
    isDirectory
      ? sourceFiles(`${folder}${name}/`)
      : /(?<!\.d)\.ts$/.test(name)
      ? [`${folder}${name}`]
      : []
  );
}

/** The examples of a source file as modules that call `expect()` with what they should print. */
function examplesOf(path: string): string[] {
  const source = Deno.readTextFileSync(new URL(path, root));
  const blocks = source.matchAll(/^( *) \* ```ts\n(.*?)^ * \* ```$/gms);
  return Array.from(blocks, ([, , block]) =>
    block!.replace(/^ *\* ?/gm, "")
      .replace(
        /(from |import\()"(\.[^"]+)"/g,
        (_, keyword, target) => `${keyword}"${new URL(target, new URL(path, root)).href}"`,
      )
      .replace(
        /^(\s*console\.log\(.*\);) \/\/ (.*)$/gm,
        (_, call, printed) => `${call} globalThis.expect(${JSON.stringify(printed)});`,
      )).filter((module) => module.includes("globalThis.expect"));
}

/** Prints a line of JSON for each comment: the example's file, what it says, what was printed. */
const runner = `
  const lines = [];
  const { log } = console;
  console.log = (...values) => lines.push(values.map((value) =>
    typeof value === "string" ? value : Deno.inspect(value)).join(" "));
  for (const [path, file] of JSON.parse(Deno.readTextFileSync(Deno.args[0] + "/examples.json"))) {
    globalThis.expect = (said) => log(JSON.stringify([path, said, lines.at(-1)]));
    await import(file);
  }
  Deno.exit(0);
`;

/** Without spaces, quotes and the names of typed arrays, which comments leave out. */
function normalized(text: string): string {
  return text.replaceAll(/\w*Array\(\d+\)|[\s"'`]/g, "");
}

testProgram("examples of docstrings print what their comments say", async (folder) => {
  const examples = sourceFiles("src/").flatMap((path) =>
    examplesOf(path).map((module) => [path, module] as const)
  );
  assert(examples.length > 40);
  const files = examples.map(([path, module], i) => {
    Deno.writeTextFileSync(`${folder}/example${i}.ts`, module);
    return [path, `${folder}/example${i}.ts`];
  });
  Deno.writeTextFileSync(`${folder}/examples.json`, JSON.stringify(files));
  Deno.writeTextFileSync(`${folder}/runner.ts`, runner);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      "--config",
      new URL("deno.json", root).pathname,
      `${folder}/runner.ts`,
      folder,
    ],
    // Examples name files of the project.
    cwd: root,
    stdin: "null",
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const wrong = new TextDecoder().decode(stdout).split("\n").flatMap((line) => {
    if (!line.startsWith('["src/')) return [];
    const [path, said, printed] = JSON.parse(line);
    // Some comments go on to explain the value, or say what it means first.
    const isSame = normalized(said) === normalized(printed) ||
      printed === "true" && /\btrue\b/.test(said);
    const isProse = /^(about|three numbers|2 ln 3)/.test(said) || /…|, as six/.test(said);
    return isSame || isProse ? [] : [`${path}: says ${said}, prints ${printed}`];
  });
  assertEquals(wrong, []);
});
