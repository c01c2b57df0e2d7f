/**
 * Draws the output of a command as a picture of a terminal:
 *
 *     deno task train examples/alice.txt | deno run docs/terminal_svg.ts "COMMAND" > docs/run.svg
 *
 * The first argument is the command line that is shown above the output.
 */

const FONT_SIZE = 13;
/** Width of a character of the font stack below, in units of the picture. */
const CHARACTER_WIDTH = 8;
const LINE_HEIGHT = 18;
const MARGIN = 18;
const BAR_HEIGHT = 40;

const colors = { background: "#15191e", dots: "#3c444d", command: "#9ad1ff", text: "#d7dde4" };

/** A picture of a terminal that shows a command and its output. */
export function terminalSvg(command: string, output: string): string {
  const lines = [`$ ${command}`, ...output.trimEnd().split("\n")];
  const columns = Math.max(...lines.map((line) => [...line].length));
  const width = columns * CHARACTER_WIDTH + 2 * MARGIN;
  const height = BAR_HEIGHT + lines.length * LINE_HEIGHT + MARGIN;
  const texts = lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    const indent = line.length - line.trimStart().length;
    const x = MARGIN + indent * CHARACTER_WIDTH;
    const y = BAR_HEIGHT + (i + 1) * LINE_HEIGHT;
    const fill = i === 0 ? colors.command : colors.text;
    const shown = line.trim();
    const length = [...shown].length * CHARACTER_WIDTH;
    return [
      `    <text x="${x}" y="${y}" fill="${fill}" textLength="${length}"\n` +
      `      lengthAdjust="spacingAndGlyphs">${escapeXml(shown)}</text>`,
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" ` +
    `height="${height}" role="img"`,
    `  aria-label="A terminal with the output of ${escapeXml(command)}">`,
    `  <rect width="${width}" height="${height}" rx="8" fill="${colors.background}" />`,
    `  <g fill="${colors.dots}">`,
    ...[20, 38, 56].map((x) => `    <circle cx="${x}" cy="18" r="5" />`),
    `  </g>`,
    `  <g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"`,
    `    font-size="${FONT_SIZE}" xml:space="preserve">`,
    ...texts,
    `  </g>`,
    `</svg>`,
    "",
  ].join("\n");
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

if (import.meta.main) {
  const output = await new Response(Deno.stdin.readable).text();
  console.log(terminalSvg(Deno.args[0] ?? "", output).trimEnd());
}
