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
    if (line !== "" && indent + line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}

/**
 * Rows of text as aligned columns, two spaces apart.
 *
 * @param rows The cells of each row, the head first; all rows have the same number of cells.
 * @param rightFrom The first column that is aligned to the right.
 */
export function table(rows: readonly (readonly string[])[], rightFrom: number): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const cell = (text: string, i: number) =>
    i < rightFrom ? text.padEnd(widths[i]!) : text.padStart(widths[i]!);
  return rows.map((row) => row.map(cell).join("  ").trimEnd()).join("\n");
}

/** The columns of the terminal, at least 60 and at most 100; 80 where there is no terminal. */
export function terminalWidth(): number {
  if (!Deno.stdout.isTerminal()) return 80;
  return Math.max(60, Math.min(100, Deno.consoleSize().columns));
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

/** What the baselines are called. */
export const baselineNames = {
  bigram: "bigram",
  unigram: "unigram",
  uniform: "uniform",
  gzip: "gzip -9",
} as const;
