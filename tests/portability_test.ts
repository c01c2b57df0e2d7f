/**
 * The border between what runs everywhere and what needs a file system or a terminal. Texts, models,
 * checkpoints, engine, evaluation, generation and training use only what Node.js 22, Bun, Deno and
 * pages have in common, and look up anything else.
 */
import { assert, assertEquals } from "@std/assert";

const root = new URL("../", import.meta.url);
const readable = Deno.permissions.querySync({ name: "read" }).state === "granted";

/** The rooms beyond the border. */
const hostRooms = ["files", "run", "cli", "mpi", "types"];
/** The script of the page that scores are shown in: it runs in pages alone. */
const pageScript = "src/evaluate/score_page_script.ts";

/** What a portable file may not contain, with what it is. */
const forbidden: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\bDeno\b/, "Deno"],
  [/^(?:import|export)\b(?! type)[^;()]*["']node:/m, "a static import of Node.js"],
  [/(?<!typeof )\bimport\s*\(/, "a dynamic import, which bundlers resolve"],
  [/\bimport\s+source\b/, "a source-phase import"],
  [/\bimport\.meta\b/, "import.meta"],
  [/(?<!globalThis\.)\b(?:process|navigator|document|location)(?:\?\.|\.|\[)/, "a bare global"],
  [/(?<![.\w])(?:Buffer|setImmediate|clearImmediate|DisposableStack|XMLHttpRequest)\b/, "a global"],
];

function portableFiles(folder = "src/"): string[] {
  return Array.from(Deno.readDirSync(new URL(folder, root))).flatMap(({ name, isDirectory }) => {
    if (!isDirectory) return name.endsWith(".ts") ? [folder + name] : [];
    return folder === "src/" && hostRooms.includes(name) ? [] : portableFiles(`${folder}${name}/`);
  });
}

/** A source text without comments. */
function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[^]*?\*\/|(?<!:)\/\/.*$/gm, "");
}

/** What of the forbidden is in a source text. */
function hostCodeIn(source: string): string[] {
  const code = withoutComments(source);
  return forbidden.filter(([pattern]) => pattern.test(code)).map(([, what]) => what);
}

Deno.test("hostCodeIn() finds what only some runtimes have, outside of comments", () => {
  const wrong = [
    "Deno.readTextFile(path)",
    'import { a,\n  b } from "node:fs";',
    'await import("node:fs")',
    'import source m from "./m.wasm";',
    "import.meta.url",
    "process.env",
    "Buffer.from(text)",
    "setImmediate(f)",
  ];
  for (const code of wrong) assertEquals(hostCodeIn(code).length, 1, code);
  const right =
    "/** Deno.open() */\nglobalThis.process?.versions; // Buffer\nglobalThis.setImmediate;";
  assertEquals(hostCodeIn(right), []);
});

Deno.test({
  name: "src/ without files, run, cli and mpi needs nothing that only some runtimes have " +
    "(needs --allow-read)",
  ignore: !readable,
  fn() {
    const files = portableFiles().filter((path) => path !== pageScript);
    assert(files.length > 60);
    const found = files.flatMap((path) =>
      hostCodeIn(Deno.readTextFileSync(new URL(path, root))).map((what) => `${path}: ${what}`)
    );
    assertEquals(found, []);
  },
});
