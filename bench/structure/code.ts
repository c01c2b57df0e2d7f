/** Program code: the TypeScript of this project. Does it parse, and do its brackets match? */
import { parse } from "@babel/parser";
import type { Structure, Verdict } from "./structure.ts";

const folders = ["text", "generate", "model"];

/** The declarations of some of the project's source files. */
export const code: Structure = {
  name: "code",
  description: `the project's own TypeScript, src/${folders.join("/, src/")}/`,
  criteria: ["brackets", "parses"],
  // A blank line at the top level; those within a declaration are taken out.
  separator: "\n\n",
  makeText() {
    const files = folders.flatMap((folder) => {
      const url = new URL(`../../src/${folder}/`, import.meta.url);
      return Array.from(Deno.readDirSync(url), ({ name }) => new URL(name, url))
        .filter(({ pathname }) => pathname.endsWith(".ts"));
    }).toSorted((a, b) => a.href < b.href ? -1 : 1);
    return files.map((file) => `${withoutInnerBlanks(Deno.readTextFileSync(file)).trim()}\n\n`)
      .join("");
  },
  check(record): Verdict {
    return { holds: [areBracketsMatched(record), parses(record)] };
  },
};

/** A source with blank lines between declarations only. */
function withoutInnerBlanks(source: string): string {
  return source.replaceAll(/\n\n+(?=[ \t])/g, "\n");
}

/** Whether a declaration is valid TypeScript. */
function parses(source: string): boolean {
  try {
    parse(source, {
      sourceType: "module",
      plugins: ["typescript"],
      allowUndeclaredExports: true,
    });
    return true;
  } catch {
    return false;
  }
}

/** Strings, templates, comments and regular expressions, in which brackets count nothing. */
const QUOTED =
  /\/\*[^]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[^])*`|(?<=[(,=:[!&|?{};]\s*|return )\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\//g;

const pairs: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** Whether brackets match, and quotation marks and comments are closed. */
function areBracketsMatched(source: string): boolean {
  const open: string[] = [];
  const rest = source.replaceAll(QUOTED, " ");
  for (const [character] of rest.matchAll(/[()[\]{}"'`]|\/\*/g)) {
    if (character === "(" || character === "[" || character === "{") open.push(character);
    else if (pairs[character] === undefined || open.pop() !== pairs[character]) return false;
  }
  return open.length === 0;
}
