import { checkArguments } from "../project_task.ts";
/**
 * Draws a terminal session as a picture. `deno task picture` trains the model of the README in a
 * pseudo-terminal, lets it write, and draws what both commands printed as docs/run.svg; the middle
 * of the run is left out.
 */

const FONT_SIZE = 13;
/** Width of a character of the font stack below, in units of the picture. */
const CHARACTER_WIDTH = 8;
const LINE_HEIGHT = 18;
const MARGIN = 18;
const BAR_HEIGHT = 40;

const colors = { background: "#15191e", dots: "#3c444d", command: "#9ad1ff", text: "#d7dde4" };

/** A command and the lines that it printed. */
export interface TerminalCommand {
  readonly command: string;
  readonly lines: readonly string[];
}

/** A picture of a terminal that shows commands and what they printed. */
export function terminalSvg(session: readonly TerminalCommand[]): string {
  const lines = session.flatMap(({ command, lines }) => [`$ ${command}`, ...lines, ""]).slice(
    0,
    -1,
  );
  const columns = Math.max(...lines.map((line) => [...line].length));
  const width = columns * CHARACTER_WIDTH + 2 * MARGIN;
  const height = BAR_HEIGHT + lines.length * LINE_HEIGHT + MARGIN;
  const texts = lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    const indent = line.length - line.trimStart().length;
    const x = MARGIN + indent * CHARACTER_WIDTH;
    const y = BAR_HEIGHT + (i + 1) * LINE_HEIGHT;
    const fill = line.startsWith("$ ") ? colors.command : colors.text;
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
    `  aria-label="A terminal with the output of ${escapeXml(session[0]!.command)}">`,
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

/** The lines that a terminal shows after this output: what was written over is gone. */
export function screenOf(output: string): string[] {
  return output.split("\n").map((raw) => {
    let line: string[] = [];
    let column = 0;
    // deno-lint-ignore no-control-regex
    for (const [token] of raw.matchAll(/\x1b\[[?\d;]*[A-Za-z]|[^]/gu)) {
      if (token === "\r" || token === "\x1b[0G" || token === "\x1b[1G") column = 0;
      else if (token === "\x1b[K" || token === "\x1b[0K") line.length = column;
      else if (token === "\x1b[2K") line = [];
      else if (!token.startsWith("\x1b")) {
        while (line.length < column) line.push(" ");
        line[column++] = token;
      }
    }
    return line.join("").trimEnd();
  });
}

/** A run without what it printed between its first sample and its end. */
export function withoutMiddle(lines: readonly string[]): string[] {
  const rules = lines.flatMap((line, i) => line.startsWith("──") ? [i] : []);
  return [...lines.slice(0, rules[1]! + 1), "…", ...lines.slice(rules.at(-1)! + 1)];
}

const root = new URL("../", import.meta.url).pathname;
const COLUMNS = 100;

/** Runs a task in a pseudo-terminal, in a folder. */
async function runTask(folder: string, command: string): Promise<TerminalCommand> {
  const line = command.replace("deno task", `deno task --quiet --config ${root}deno.json`);
  const { code, stdout } = await new Deno.Command("script", {
    args: ["-qec", `stty cols ${COLUMNS} rows 50; ${line}`, "/dev/null"],
    cwd: folder,
    // A task within a task would otherwise change to the folder of the outer one.
    env: { INIT_CWD: folder },
    stdin: "null",
  }).output();
  const lines = screenOf(new TextDecoder().decode(stdout).trimEnd())
    .flatMap((text) => text.match(new RegExp(`.{1,${COLUMNS}}`, "gu")) ?? [""]);
  if (code !== 0) throw new Error(`Cannot draw "${command}": ${lines.join("\n")}`);
  return { command, lines };
}

if (import.meta.main) {
  await checkArguments("picture", "Draw the run of the README, docs/run.svg");
  const folder = Deno.makeTempDirSync();
  try {
    Deno.mkdirSync(`${folder}/examples`);
    Deno.copyFileSync(`${root}examples/alice.txt`, `${folder}/examples/alice.txt`);
    const train = await runTask(folder, "deno task train examples/alice.txt");
    const sample = await runTask(
      folder,
      'deno task sample runs/alice --prompt "Alice " --length 300 --temperature 0.5 --seed 2',
    );
    const session = [{ ...train, lines: withoutMiddle(train.lines) }, sample];
    Deno.writeTextFileSync(`${root}docs/run.svg`, terminalSvg(session));
    console.log("docs/run.svg: written");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
