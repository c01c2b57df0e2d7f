import { modelCommand } from "../bench/mpi/command.ts";
import { mpiCommand } from "../src/cli/train_mpi.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { compareCommand } from "../bench/comparisons/command.ts";
import { pageCommand } from "../page/server/command.ts";
import { defaultsCommand } from "../bench/defaults/command.ts";
import { phasesCommand } from "../bench/phases/command.ts";
import { structureCommand } from "../bench/structure/command.ts";
import { threadsCommand } from "../bench/threads/command.ts";
import { reportCommand } from "../bench/report/command.ts";
import { currentFacts, type Fact, figuresOutside, withCurrentFacts } from "../docs/facts.ts";
import { screenOf, terminalSvg, withoutMiddle } from "../docs/terminal_svg.ts";
import { anchorsOf, linksOf, locate, withCurrentLines } from "../docs/links.ts";
import { notebooksCommand } from "../examples/notebooks/main.ts";
import { commands } from "../src/cli/main.ts";
import { presets } from "../src/model/presets.ts";
import { isRunFileName } from "../src/run/run_files.ts";

const root = new URL("../", import.meta.url);
const readable = Deno.permissions.querySync({ name: "read" }).state === "granted";

function testDocuments(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name: `${name} (needs --allow-read)`, ignore: !readable, fn });
}

/** Paths of all Markdown files, relative to the root. */
function documents(folder = ""): string[] {
  const skipped = ["node_modules", "coverage", "dist", "runs", ".git"];
  return Array.from(Deno.readDirSync(new URL(folder || ".", root))).flatMap((entry) => {
    if (entry.isDirectory && !skipped.includes(entry.name)) {
      return documents(`${folder}${entry.name}/`);
    }
    return entry.name.endsWith(".md") ? [`${folder}${entry.name}`] : [];
  });
}

Deno.test("linksOf() finds relative links and skips code and web addresses", () => {
  const markdown = "[a](b.md#c) [`f()`](f.ts#L1) `[no](no.md)` [web](https://deno.com)\n" +
    "```sh\n[no](no.md)\n```\n[here](#there)\n";
  assertEquals(linksOf(markdown), [
    { text: "a", path: "b.md", fragment: "c" },
    { text: "`f()`", path: "f.ts", fragment: "L1" },
    { text: "here", path: "", fragment: "there" },
  ]);
});

Deno.test("anchorsOf() writes headings as fragments", () => {
  assertEquals(anchorsOf("# The run folder\n\n## NumPy, C & `deno bench`\n"), [
    "the-run-folder",
    "numpy-c--deno-bench",
  ]);
});

Deno.test("locate() finds the lines of functions, classes, methods and constants", () => {
  const source = [
    "export function first(): void {",
    "  if (true) {",
    "  }",
    "}",
    "export class Second {",
    "  method(a: number): void {",
    "    call(a);",
    "  }",
    "}",
    "const third = 3;",
  ].join("\n");
  assertEquals(locate(source, "first()"), [1, 4]);
  assertEquals(locate(source, "Second"), [5, 9]);
  assertEquals(locate(source, "Second.method()"), [6, 8]);
  assertEquals(locate(source, "third"), [10, 10]);
  assertThrows(() => locate(source, "fourth"), Error, "fourth");
});

testDocuments("every relative link of every document leads to a file and a heading", () => {
  const broken: string[] = [];
  const paths = documents();
  assert(paths.length > 10);
  for (const path of paths) {
    const here = new URL(path, root);
    const markdown = Deno.readTextFileSync(here);
    for (const link of linksOf(markdown)) {
      const target = link.path === "" ? here : new URL(link.path, here);
      let text = "";
      try {
        text = Deno.statSync(target).isFile ? Deno.readTextFileSync(target) : "";
      } catch {
        broken.push(`${path}: ${link.path}`);
        continue;
      }
      const isHeading = link.fragment !== "" && target.pathname.endsWith(".md");
      if (isHeading && !anchorsOf(text).includes(link.fragment)) {
        broken.push(`${path}: ${link.path}#${link.fragment}`);
      }
    }
  }
  assertEquals(broken, []);
});

testDocuments("links to code name the lines of the symbol that they show (deno task docs)", () => {
  for (const path of documents()) {
    const here = new URL(path, root);
    const markdown = Deno.readTextFileSync(here);
    const current = withCurrentLines(markdown, (target) => {
      return Deno.readTextFileSync(new URL(target, here));
    });
    assertEquals(markdown, current, path);
  }
});

Deno.test("withCurrentFacts() fills gaps, across lines, and rejects a passage that is not there", () => {
  const fact = (passage: string, ...values: string[]): Fact => ({ document: "a", passage, values });
  assertEquals(
    withCurrentFacts("It has 3\nparts of 9 kB.", [fact("has {} parts of {} kB", "4", "8")]),
    "It has 4\nparts of 8 kB.",
  );
  const list = "Its keys are a,\nb. No others.";
  assertEquals(withCurrentFacts(list, [fact("keys are {}. No", "a, b")]), list);
  assertEquals(
    withCurrentFacts(list, [fact("keys are {}. No", "a, b, c")]),
    "Its keys are a, b, c. No others.",
  );
  for (const text of ["It has parts.", "It has 3 parts and has 4 parts."]) {
    assertThrows(() => withCurrentFacts(text, [fact("has {} parts", "3")]), Error, "times");
  }
});

Deno.test("figuresOutside() finds the figures that no fact checks", () => {
  const markdown = "# Part 1\n\n1. It has 3 parts of 9.5 kB.\n\n```sh\nrun 7\n```\n";
  const fact = { document: "a", passage: "has {} parts", values: ["3"] };
  assertEquals(figuresOutside(markdown, [fact]), [
    '9.5 in " Part 1 1. It has 3 parts of 9.5 kB. ```sh run 7 ``"',
  ]);
});

testDocuments("quoted figures and names are those of the program (deno task docs)", async () => {
  const facts = await currentFacts();
  for (const document of new Set(facts.map((fact) => fact.document))) {
    const markdown = Deno.readTextFileSync(new URL(document, root));
    const ofDocument = facts.filter((fact) => fact.document === document);
    assertEquals(markdown, withCurrentFacts(markdown, ofDocument), document);
  }
});

testDocuments("every figure on the pages for users is checked", async () => {
  // What is no figure of the program: dates, formulas, and advice.
  const exempt = [
    /^1 in "[^"]*(below|above) 1 /,
    /^1 in "[^"]*at 1 MB and ten minutes/,
    /^1 in "[^"]*[pt] − 1[ .]/,
    /^(1865|1898) in /,
    // Advice.
    /^(0\.7|1) in "[^"]*se a temperature of 0\.7 to 1|^1 in "\. Use a temperature of 0\.7 to 1/,
    // Measured; see docs/experiments.md.
    /^\d+ in "[^"]*% (of first li|are with it)/,
    /^\d+ in "[^"]*about 20 characters on/,
    // tests/docs_soak.ts measures it.
    /^20 in "[^"]*some 20 bytes per character/,
  ];
  const facts = await currentFacts();
  for (const document of ["README.md", "docs/guide.md", "docs/tour.md", "examples/README.md"]) {
    const markdown = Deno.readTextFileSync(new URL(document, root));
    const figures = figuresOutside(markdown, facts.filter((fact) => fact.document === document));
    const unchecked = figures.filter((figure) => !exempt.some((pattern) => pattern.test(figure)));
    assertEquals(unchecked, [], document);
  }
});

/** The names in backquotes in the first column of the table that begins with a heading. */
function firstColumn(markdown: string, heading: string): string[] {
  const section = markdown.slice(markdown.indexOf(`\n${heading}\n`) + 1);
  const rows = /^\|.*(?:\n\|.*)*/m.exec(section)![0].split("\n").slice(2);
  return rows.map((row) => /^\| `([^`]+)`/.exec(row)![1]!);
}

testDocuments("tables list all commands, files of a run and entries of the library", () => {
  const read = (path: string) => Deno.readTextFileSync(new URL(path, root));
  const { tasks, exports } = JSON.parse(read("deno.json"));
  assertEquals(firstColumn(read("docs/guide.md"), "## The library"), Object.keys(exports));
  const users = Object.entries<string>(tasks)
    .filter(([, line]) => /deno run .*(src\/cli|notebooks)\/main\.ts/.test(line))
    .map(([name]) => name).filter((name) => name !== "train-unchecked");
  const shown = firstColumn(read("README.md"), "## Commands");
  assertEquals(shown.map((line) => line.split(" ")[2]), users);

  const isOurs = (name: string) => isRunFileName(name.replace("<step>", "100"));
  const guide = firstColumn(read("docs/guide.md"), "## The run folder");
  assertEquals(guide.filter((name) => !isOurs(name)), []);
  const design = firstColumn(read("docs/design/durability.md"), "## Run folder");
  assertEquals(design.filter((name) => !isOurs(name)), [
    ".unroll-lock",
    ".unroll-replacement-<id>/",
  ]);
  assertEquals(guide.filter((name) => !design.includes(name)), []);
});

testDocuments("documents name all presets", () => {
  const guide = Deno.readTextFileSync(new URL("docs/guide.md", root));
  const named = Array.from(guide.matchAll(/`--preset ([\w-]+)`/g), ([, name]) => name!);
  assertEquals(named.toSorted(), Object.keys(presets).toSorted());
});

Deno.test("screenOf() keeps what a terminal shows in the end", () => {
  const bar = "50%  loss 2\r60%\x1b[K\r\x1b[K";
  assertEquals(screenOf(`\x1b[1mstep\x1b[22m\r\n${bar}1 2\r\n\x1b[?25l70%\x1b[1G\x1b[2Kend`), [
    "step",
    "1 2",
    "end",
  ]);
});

Deno.test("withoutMiddle() leaves out what is between the first sample and the end", () => {
  const sample = (text: string) => ["── Sample", text, "────"];
  assertEquals(
    withoutMiddle(["1", ...sample("a"), "2", ...sample("b"), "3", ...sample("c"), "", "Done"]),
    ["1", ...sample("a"), "…", "", "Done"],
  );
});

Deno.test("terminalSvg() draws commands and lines, and escapes them", () => {
  const svg = terminalSvg([{ command: "a", lines: ["<b>"] }, { command: "c", lines: [] }]);
  const texts = Array.from(svg.matchAll(/>([^<>\n]+)<\/text>/g), ([, text]) => text);
  assertEquals(texts, ["$ a", "&lt;b&gt;", "$ c"]);
});

testDocuments("documents name tasks and options that exist", () => {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
  const all = [...commands, notebooksCommand, compareCommand, phasesCommand, reportCommand]
    .concat(
      pageCommand,
      mpiCommand,
      modelCommand,
      threadsCommand,
      defaultsCommand,
      structureCommand,
    );
  const options = new Set(all.flatMap((command) => command.options.map(({ name }) => name)));
  // Those of every command, of Deno, V8, npm and npx, and a placeholder.
  const others = ["help", "version", "allow-read", "allow-write", "filter", "yes", "name"]
    .concat("global", "install-links", "turboshaft-wasm")
    .concat(
      "no-wasm-bounds-checks",
      "experimental-wasm-revectorize",
      "print-wasm-code",
      "allow-ffi",
    )
    // Those of launchers.
    .concat("bind-to", "allow-run-as-root", "oversubscribe", "hostfile", "mca", "mpi", "nodes")
    .concat("ntasks-per-node", "cpus-per-task", "time", "signal", "kill-on-bad-exit");
  for (const name of others) options.add(name);
  for (const path of documents().filter((path) => path !== "CHANGELOG.md")) {
    const markdown = Deno.readTextFileSync(new URL(path, root));
    for (const [, task] of markdown.matchAll(/deno(?:@[\d.]+)? task ([\w-]+)/g)) {
      assert(task! in tasks, `${path}: deno task ${task}`);
    }
    for (const [, option] of markdown.matchAll(/(?<![\w-])--([a-z][a-z0-9-]+)/g)) {
      assert(options.has(option!), `${path}: --${option}`);
    }
  }
});

testDocuments("the overview lists the folders of the project", () => {
  const overview = Deno.readTextFileSync(new URL("docs/design/overview.md", root));
  const layout = /^## Layout\n\n```\n(.*?)^```/ms.exec(overview)![1]!;
  const listed = Array.from(
    layout.matchAll(/^( *)(\w+)\/ /gm),
    ([, indent, name]) => indent === "" ? name! : `src/${name}`,
  );
  const foldersIn = (folder: string) =>
    Array.from(Deno.readDirSync(new URL(folder || ".", root)))
      .filter(({ name, isDirectory }) => isDirectory && !name.startsWith("."))
      .map(({ name }) => `${folder}${name}`);
  // Not part of the repository, or not described.
  const others = ["runs", "dist", "coverage", "node_modules", "src/types"];
  const found = [...foldersIn(""), ...foldersIn("src/")].filter((name) => !others.includes(name));
  assertEquals([...new Set([...listed, "src"])].toSorted(), found.toSorted());
});
