import { assert, assertEquals, assertThrows } from "@std/assert";
import { anchorsOf, linksOf, locate, withCurrentLines } from "../docs/links.ts";

const root = new URL("../", import.meta.url);
const readable = Deno.permissions.querySync({ name: "read" }).state === "granted";

function testDocuments(name: string, fn: () => void): void {
  Deno.test({ name: `${name} (needs --allow-read)`, ignore: !readable, fn });
}

/** Paths of all Markdown files, relative to the root. */
function documents(folder = ""): string[] {
  const skipped = ["node_modules", "coverage", "runs", ".git"];
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
