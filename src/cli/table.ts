/**
 * Rows of text as aligned columns, two spaces apart.
 *
 * @param rows Cells of each row, the head first; every row has as many.
 * @param rightFrom The first column to align to the right.
 */
export function table(rows: readonly (readonly string[])[], rightFrom: number): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const cell = (text: string, i: number) =>
    i < rightFrom ? text.padEnd(widths[i]!) : text.padStart(widths[i]!);
  return rows.map((row) => row.map(cell).join("  ").trimEnd()).join("\n");
}
