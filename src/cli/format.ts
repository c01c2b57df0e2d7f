/** Paragraphs, tables and numbers as text. */

/** How a paragraph is laid out. */
export interface Layout {
  /** Columns that a line may take, the indentation included. */
  readonly width: number;
  /** Spaces before every line but the first, which follows something that is as wide. */
  readonly indent: number;
}

/** Breaks a paragraph into lines; a word that is longer than a line stays whole. */
export function wrap(text: string, { width, indent }: Layout): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line !== "" && indent + columnsOf(line) + 1 + columnsOf(word) > width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}

/** Breaks lines that are too long between words; a line is continued at its own indentation. */
export function fold(text: string, width: number): string {
  return text.split("\n").map((line) => {
    if (columnsOf(line) <= width) return line;
    const [margin] = /^ */.exec(line)!;
    const indent = Math.min(margin.length, width >> 1);
    return " ".repeat(indent) + wrap(line.slice(margin.length), { width, indent });
  }).join("\n");
}

/** Breaks a shell command that is too long between words, so that a shell reads it as one. */
export function foldCommand(command: string, { width, indent }: Layout): string {
  const margin = " ".repeat(indent);
  if (indent + columnsOf(command) <= width) return margin + command;
  // Two columns are for the backslash that continues a line.
  const [first = "", ...others] = wrap(command, { width: width - 4 - indent, indent: 0 }).split(
    "\n",
  );
  return margin + [first, ...others.map((line) => `${margin}  ${line}`)].join(" \\\n");
}

/** Characters that take two columns: those of East Asia, and emoji. */
const WIDE = new RegExp(
  "[\\p{Emoji_Presentation}\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\ua4cf\\ua960-\\ua97c" +
    "\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f\\uff00-\\uff60\\uffe0-\\uffe6\\u{20000}-\\u{3fffd}]",
  "gu",
);

/** The columns that a line takes in a terminal: two for a wide character, none for a mark. */
export function columnsOf(line: string): number {
  // deno-lint-ignore no-control-regex
  if (/^[\x00-\x7f]*$/.test(line)) return line.length;
  const characters = line.replace(/[\p{M}\u200c\u200d]/gu, "");
  return Array.from(characters).length + (characters.match(WIDE)?.length ?? 0);
}

/** How a table is laid out. */
export interface TableLayout {
  /** The first column that is aligned to the right. Default: none. */
  readonly rightFrom?: number;
  /** Columns of the terminal. Default: as many as the table needs. */
  readonly width?: number;
}

/**
 * Rows of text as aligned columns, two spaces apart. A table that is too wide is broken into several,
 * one below the other, each of which begins with the first column.
 *
 * @param rows The cells of each row, the head first; all rows have the same number of cells.
 */
export function table(
  rows: readonly (readonly string[])[],
  { rightFrom = Infinity, width = Infinity }: TableLayout = {},
): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => columnsOf(row[i]!))));
  const widthOf = (columns: readonly number[]) =>
    columns.reduce((sum, i) => sum + widths[i]! + 2, -2);
  const all = widths.map((_, i) => i);
  let head = rows[0]!;
  let title = "";
  if (widthOf(all) > width) {
    // A long name of the first column would leave no room for the others.
    const narrow = Math.max(0, ...rows.slice(1).map((row) => columnsOf(row[0]!)));
    if (narrow < widths[0]!) {
      title = `${wrap(head[0]!, { width, indent: 0 })}\n`;
      widths[0] = narrow;
      head = ["", ...head.slice(1)];
    }
  }
  const blocks: number[][] = [[0]];
  for (const i of all.slice(1)) {
    const block = blocks.at(-1)!;
    if (block.length > 1 && widthOf([...block, i]) > width) blocks.push([0, i]);
    else block.push(i);
  }
  const cell = (text: string, i: number) => {
    const padding = " ".repeat(widths[i]! - columnsOf(text));
    return i < rightFrom ? text + padding : padding + text;
  };
  return title +
    blocks.map((block) =>
      [head, ...rows.slice(1)].map((row) => block.map((i) => cell(row[i]!, i)).join("  ").trimEnd())
        .join("\n")
    ).join("\n\n");
}

/** Names as a list, for example `rnn, gru or lstm`. */
export function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

/** A whole number with separators, for example `163,817`. */
export function formatNumber(n: number): string {
  return Math.round(n).toLocaleString("en");
}

/** A number with its noun, for example `1 thread` and `2 threads`. */
export function formatCount(n: number, noun: string): string {
  return `${formatNumber(n)} ${noun}${n === 1 ? "" : "s"}`;
}

/** A size in decimal units, for example `812 B`, `48 kB` or `1.55 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 999_500 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

/** A loss: four decimals or others, or a power of ten where a diverged run has made it large. */
export function formatLoss(loss: number, decimals = 4): string {
  if (Math.abs(loss) >= 1e5) return loss.toExponential(3);
  // Rounding errors may leave slightly less than 0, which would print a minus sign.
  return loss.toFixed(decimals).replace(/^-(?=[0.]*$)/, "");
}

/** A duration, for example `3.4 s`, `2:05` or `1:02:03`. */
export function formatDuration(seconds: number): string {
  // 59.96 would be printed as 60.0 s.
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [minutes, rest] = [Math.floor(whole / 60) % 60, whole % 60];
  const hours = Math.floor(whole / 3600);
  const padded = (n: number) => String(n).padStart(2, "0");
  return hours > 0 ? `${hours}:${padded(minutes)}:${padded(rest)}` : `${minutes}:${padded(rest)}`;
}
