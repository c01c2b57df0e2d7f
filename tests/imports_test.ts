/**
 * The direction of imports: rooms form layers, each of which imports only from itself and from those
 * below, and no file imports itself through others. Type imports count like any other.
 */
import { assert, assertEquals } from "@std/assert";

const root = new URL("../", import.meta.url);

/** The rooms of src/, from the top down; rooms of one layer do not import each other. */
const layers: readonly (readonly string[])[] = [
  ["mpi"], // The binding of MPI, which nothing else imports.
  ["cli"],
  ["run"],
  ["files"],
  ["train"],
  ["evaluate", "generate"],
  ["engine", "export"],
  ["checkpoint"],
  ["model"],
  ["text"],
  [""], // The files that stand in src/ itself: errors, random numbers, JSON.
];

/** Files by path below the root, each with the files that it imports. */
type Graph = ReadonlyMap<string, readonly string[]>;

function sourceFiles(folder: string): string[] {
  return Array.from(Deno.readDirSync(new URL(folder, root))).flatMap(({ name, isDirectory }) => {
    if (isDirectory) return sourceFiles(`${folder}${name}/`);
    return /(?<!\.d)\.(ts|js)$/.test(name) ? [`${folder}${name}`] : [];
  });
}

/** The relative imports of a source text; those of examples in comments begin with an asterisk. */
function importsOf(source: string): string[] {
  const statement = /^(?:import|export)\b[^;"'`]*?(?:from\s*)?["'](\.{1,2}\/[^"']+)["']/gm;
  return Array.from(source.matchAll(statement), ([, specifier]) => specifier!);
}

function readGraph(folder: string, extension = ""): Graph {
  return new Map(
    sourceFiles(folder).map((path) => {
      const source = Deno.readTextFileSync(new URL(path, root));
      const targets = importsOf(source).map((specifier) => {
        const { href } = new URL(`${specifier}${extension}`, new URL(path, root));
        return href.slice(root.href.length);
      });
      return [path, targets];
    }),
  );
}

/** A chain of imports that ends where it begins; `undefined` when there is none. */
function findCycle(graph: Graph): string[] | undefined {
  const done = new Set<string>();
  const visit = (path: string, chain: readonly string[]): string[] | undefined => {
    if (chain.includes(path)) return [...chain.slice(chain.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const target of graph.get(path) ?? []) {
      const cycle = visit(target, [...chain, path]);
      if (cycle) return cycle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of graph.keys()) {
    const cycle = visit(path, []);
    if (cycle) return cycle;
  }
  return undefined;
}

/** The room of a file below src/: its folder, or "" for a file that stands in src/ itself. */
function roomOf(path: string): string {
  const [, room] = /^src\/([^/]+)\//.exec(path) ?? [];
  return room ?? "";
}

const readable = Deno.permissions.querySync({ name: "read" }).state === "granted";

function testSources(name: string, fn: () => void): void {
  Deno.test({ name: `${name} (needs --allow-read)`, ignore: !readable, fn });
}

Deno.test("importsOf() finds static imports and exports, and skips examples in comments", () => {
  const source = [
    'import { a } from "./a.ts";',
    'import type {\n  B,\n  C,\n} from "../b.ts";',
    'export * from "./c.ts";',
    'import { assert } from "@std/assert";',
    ' * import { example } from "./e.ts";',
  ].join("\n");
  assertEquals(importsOf(source), ["./a.ts", "../b.ts", "./c.ts"]);
});

Deno.test("findCycle() names the files of a circle", () => {
  const chain: Graph = new Map([["a", ["b", "c"]], ["b", ["c"]], ["c", []]]);
  assertEquals(findCycle(chain), undefined);
  assertEquals(findCycle(new Map([...chain, ["c", ["a"]]])), ["a", "b", "c", "a"]);
});

testSources("files of src/ and assembly/ do not import each other in a circle", () => {
  for (const graph of [readGraph("src/"), readGraph("assembly/", ".ts")]) {
    assert(graph.size > 10);
    assertEquals(findCycle(graph), undefined);
  }
});

testSources("rooms of src/ import only from the layers below them", () => {
  const layerOf = (room: string) => layers.findIndex((rooms) => rooms.includes(room));
  const wrong: string[] = [];
  for (const [path, targets] of readGraph("src/")) {
    const room = roomOf(path);
    if (path === "src/mod.ts" || room === "types") continue;
    assert(layerOf(room) >= 0, `${path} stands in a room that has no layer`);
    for (const target of targets) {
      const isBelow = roomOf(target) === room || layerOf(roomOf(target)) > layerOf(room);
      if (!isBelow || target === "src/mod.ts") wrong.push(`${path} imports ${target}`);
    }
  }
  assertEquals(wrong, []);
});
