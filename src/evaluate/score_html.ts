import { checkShape, checkString, wrongType } from "../arguments.ts";
import { displayedClusters, isInvisible, nameInvisible } from "../text/display.ts";
import { formatCodePoint } from "../text/unicode.ts";
import { charactersOf, type Score, type TopPrediction, totalOf } from "./score.ts";
import { bitsOf } from "./score_format.ts";
import { encodePageData } from "./score_page_data.ts";
import { SCORE_PAGE_SCRIPT } from "./score_page_script.ts";
import { LEVEL_ELEMENTS, levelClass, LEVELS, stylesheet } from "./score_page_style.ts";

/**
 * Renders scores as an HTML page that colors the text by surprisal, and shows the predictions of
 * the character that is pointed at, tapped, or reached by the arrow keys. The page is a single file
 * that loads nothing, and without scripts it is the colored text. It takes some 20 bytes per
 * character.
 *
 * Each line is a paragraph in its own direction, so right-to-left text reads as such. Letters stay
 * joined, and a grapheme cluster (a letter with its marks, an emoji of several code points) is
 * colored as one, by the largest surprisal of its characters. Characters that are invisible, change
 * the display of others, or are not allowed in HTML are shown by their names or code points, so no
 * text can alter the page.
 *
 * @param scores The scores of a text, or of several that are shown one after another.
 * @param name The name of the text, for the heading.
 * @throws {TypeError} if the arguments are not scores and a string.
 * @throws {RangeError} if there are no scores.
 *
 * @example
 * ```ts
 * import { scoreHtml } from "../mod.ts";
 *
 * const characters = [{ character: "<", nats: 1, top: [{ character: "b", probability: 0.5 }] }];
 * const page = scoreHtml({ first: "a", characters, nats: 1, natsPerChar: 1 }, "a.txt");
 * console.log(page.includes("<bdi>a.txt</bdi>")); // true
 * ```
 */
export function scoreHtml(scores: Score | readonly Score[], name: string): string {
  const context = "Cannot make a page of scores";
  checkString(name, { context, name: "name" });
  const all: readonly Score[] = Array.isArray(scores) ? scores : [scores];
  if (all.length === 0) throw new RangeError(`${context}: "scores" must not be empty`);
  for (const score of all) checkScore(score, context);
  const { chars, nats, natsPerChar } = totalOf(all);
  const title = `Surprisal of <bdi>${escapeHtml(displayName(name))}</bdi>`;
  const count = chars.toLocaleString("en");
  // "<" could begin a comment or end the script element; invisible characters could mislead readers.
  const data = JSON.stringify(encodePageData(all)).replace(/[<\p{C}\p{Zl}\p{Zp}]/gu, escapeJson);
  return `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Surprisal of ${escapeHtml(displayName(name))}</title>
<style>
${stylesheet()}
</style>
<main>
<h1>${title}</h1>
<dl>
${
    figure(
      "Per character",
      `${fixed(bitsOf(natsPerChar), 4)} bits`,
      `${fixed(natsPerChar, 4)} nats`,
    )
  }
${figure("In total", `${fixed(bitsOf(nats), 1)} bits`, `${fixed(nats, 1)} nats`)}
${figure("Perplexity", fixed(Math.exp(natsPerChar), 3), "e to the nats per character")}
${figure("Predicted", count, chars === 1 ? "character" : "characters")}
</dl>
<nav aria-label="Legend">
<ol>${legend()}</ol>
</nav>
<p class="help">Surprisal of each character in bits. <span class="z">Dotted</span>: the first of a text, not predicted.<span id="help" hidden> Point at a character, tap it, or use the arrow keys in the text.</span></p>
<div id="text" tabindex="0" role="group" aria-label="The text, colored by surprisal. Arrow keys show the predictions of each character.">
${[...paragraphs(all)].join("\n")}
</div>
</main>
<div id="box" hidden></div>
<div id="card" role="status" hidden></div>
<script type="application/json" id="data">${data}</script>
<script>
${SCORE_PAGE_SCRIPT}</script>
</html>
`;
}

function figure(term: string, value: string, detail: string): string {
  return `<div><dt>${term}</dt><dd>${value}<small>${detail}</small></dd></div>`;
}

/** Rounding errors may leave slightly less than 0, which would print a minus sign. */
function fixed(value: number, decimals: number): string {
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return Math.max(0, value).toLocaleString("en", digits);
}

function levelOf(bits: number): number {
  return Math.max(0, LEVELS.findLastIndex((bound) => bits >= bound));
}

function legend(): string {
  return LEVELS.map((bound, level) => {
    const next = LEVELS[level + 1];
    const range = next === undefined ? `${bound}+` : `${bound}–${next}`;
    return `<li class="${levelClass(level)}">${range}</li>`;
  }).join("");
}

/** The class of the first character of a text, which has no surprisal. */
const NOT_PREDICTED = "z";

/** The lines of texts, each with the line break that ends it. */
function* paragraphs(scores: readonly Score[]): Generator<string> {
  const classes: string[] = [];
  const lines: string[][] = [[]];
  for (const { character, nats } of charactersOf(scores)) {
    classes.push(nats === null ? NOT_PREDICTED : levelClass(levelOf(bitsOf(nats))));
    lines.at(-1)!.push(character);
    if (character === "\n") lines.push([]);
  }
  if (lines.at(-1)!.length === 0) lines.pop();
  let at = 0;
  for (const line of lines) {
    yield `<p dir="auto">${paragraph(line, classes.slice(at, at + line.length))}</p>`;
    at += line.length;
  }
}

/** Colors a line. Neighbors of one level share an element; those of the lowest level need none. */
function paragraph(line: readonly string[], classes: readonly string[]): string {
  let html = "";
  let run = "";
  let runClass = "";
  const endRun = () => {
    if (run !== "") html += colored(run, runClass);
    run = "";
  };
  let at = 0;
  for (const cluster of displayedClusters(line)) {
    const [first] = cluster as [string];
    const ofCluster = classes.slice(at, at + cluster.length);
    at += cluster.length;
    // Letters are in the order of the levels.
    const level = ofCluster.reduce((a, b) => a > b ? a : b);
    if (isCharacterElement(first)) {
      endRun();
      html += characterElement(first, level);
    } else if (cluster.length > 1 || /\p{M}/u.test(first)) {
      endRun();
      const kinds = `${cluster.length > 1 ? " k" : ""}${/\p{M}/u.test(first) ? " m" : ""}`;
      html += `<b class="${level}${kinds}">${escapeHtml(cluster.join(""))}</b>`;
    } else {
      if (level !== runClass) endRun();
      runClass = level;
      run += escapeHtml(first);
    }
  }
  endRun();
  return html;
}

function colored(html: string, level: string): string {
  if (level === levelClass(0)) return html;
  const element = LEVEL_ELEMENTS.find((_, i) => level === levelClass(i + 1));
  return element === undefined
    ? `<b class=${level}>${html}</b>`
    : `<${element}>${html}</${element}>`;
}

function isCharacterElement(character: string): boolean {
  return character === "\n" || character !== "\t" && isInvisible(character);
}

/** The element of a character that is not part of the page: a line break, or an invisible one. */
function characterElement(character: string, level: string): string {
  const code = character.codePointAt(0)!.toString(16);
  if (character === "\n") return `<b class="${level} n" data-c=${code}></b>`;
  return `<b class="${level} x" data-c=${code} title="${nameInvisible(character)}"></b>`;
}

function displayName(name: string): string {
  return Array.from(name, (c) => isInvisible(c) ? formatCodePoint(c.codePointAt(0)!) : c).join("");
}

function escapeJson(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Escapes text for HTML elements and quoted attributes. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}

function checkScore(score: Score, context: string): void {
  checkShape(score, {
    ...{ context, name: "score", expected: "scores, as score() returns them" },
    shape: { first: "string", characters: "object", nats: "number", natsPerChar: "number" },
  });
  const areCharacters = Array.isArray(score.characters) &&
    score.characters.every((scored) =>
      typeof scored?.character === "string" && typeof scored.nats === "number" &&
      Array.isArray(scored.top) && scored.top.every((predicted: TopPrediction) =>
        typeof predicted?.character === "string" && typeof predicted.probability === "number"
      )
    );
  if (areCharacters) return;
  const expected = "an array of characters with their scores";
  throw wrongType({ context, name: "characters", expected, value: score.characters });
}
