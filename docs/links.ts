/**
 * Links in the documents: which files and headings they point to, and, for links to lines of code,
 * where the symbol that they name is defined.
 */

/** A link of a Markdown text. */
export interface Link {
  /** What is shown. */
  readonly text: string;
  /** The file that it points to, relative to the document; "" for the document itself. */
  readonly path: string;
  /** What follows the `#`, without it; "" when there is nothing. */
  readonly fragment: string;
}

/** A link to lines of code: its text is the symbol, in backquotes. */
const codeLink = /\[`([^`\]]+)`\]\(([^)#\s]+\.(?:ts|js))#L\d+(?:-L\d+)?\)/g;

/** The relative links of a Markdown text; addresses of the web are left out. */
export function linksOf(markdown: string): Link[] {
  const prose = markdown.replaceAll(/^```.*?^```/gms, "");
  // Code outside of links comes second: in a link, backquotes belong to its text.
  const linkOrCode = /\[((?:`[^`\n]*`|[^\]`])+)\]\(([^)#\s]*)(?:#([^)\s]*))?\)|`[^`\n]*`/g;
  return Array.from(
    prose.matchAll(linkOrCode),
    ([, text, path, fragment]) => ({ text, path: path ?? "", fragment: fragment ?? "" }),
  ).filter((link): link is Link => link.text !== undefined && !/^[a-z]+:/.test(link.path));
}

/** The fragments by which the headings of a Markdown text are linked to. */
export function anchorsOf(markdown: string): string[] {
  const prose = markdown.replaceAll(/^```.*?^```/gms, "");
  return Array.from(
    prose.matchAll(/^#{1,6} (.+)$/gm),
    ([, heading]) =>
      heading!.toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, "").trim().replaceAll(" ", "-"),
  );
}

/**
 * The first and the last line of a symbol's definition, counted from 1.
 *
 * @param source TypeScript or AssemblyScript, formatted: a definition ends with the first line that
 * is indented as its first line is and closes it.
 * @param symbol `name`, `Class.member` or either with `()` behind.
 * @throws {Error} when the source does not define it.
 */
export function locate(source: string, symbol: string): readonly [first: number, last: number] {
  const lines = source.split("\n");
  const name = symbol.replace(/\(\)$/, "").split(".").at(-1)!.replace("#", "\\#");
  const keyword = "(?:function\\*?|class|interface|type|const|let)";
  const modifiers = "(?:(?:static|async|get|set|override|readonly|private)\\s+|\\*)*";
  // A line with nothing behind the parenthesis may also be a call in a function.
  const parameters = symbol.includes(".") ? "[(<](?:.*[{(])?" : "[(<].*[{(]";
  const definition = new RegExp(
    `^(?:export\\s+)?(?:async\\s+)?${keyword}\\s+${name}\\b|^ {2}${modifiers}${name}\\s*${parameters}$`,
  );
  const first = lines.findIndex((line) => definition.test(line));
  if (first < 0) throw new Error(`Cannot locate "${symbol}": no line defines it`);
  const indent = /^ */.exec(lines[first]!)![0];
  const isOneLine = /[;}]$/.test(lines[first]!);
  const length = isOneLine
    ? 0
    : lines.slice(first + 1).findIndex((line) =>
      line.startsWith(indent) && /^[}\])]/.test(line.slice(indent.length)) && /[;}]$/.test(line)
    ) + 1;
  return [first + 1, first + 1 + length];
}

/**
 * A document with the line numbers of its links to code brought up to date.
 *
 * @param readFile Reads a file by its path relative to the document.
 */
export function withCurrentLines(markdown: string, readFile: (path: string) => string): string {
  return markdown.replaceAll(codeLink, (_, symbol: string, path: string) => {
    const [first, last] = locate(readFile(path), symbol);
    return `[\`${symbol}\`](${path}#L${first}${last > first ? `-L${last}` : ""})`;
  });
}
