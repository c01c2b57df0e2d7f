import { checkShape, checkString, wrongType } from "../arguments.ts";
import { formatCodePoint } from "../text/unicode.ts";
import type { CharacterScore, Score, TopPrediction } from "./score.ts";
import { bitsOf, formatCharacter, formatNats, formatPercent, isInvisible } from "./score_format.ts";

/**
 * Renders scores as an HTML page that colors each character by its surprisal. The page is a single
 * file that loads nothing.
 *
 * White space is shown by symbols and preserved. Characters that are invisible, change the display
 * of others, or are not allowed in HTML are shown by their code points, so no text can alter the
 * page.
 *
 * @param name The name of the text, for the heading.
 * @throws {TypeError} if the arguments are not scores and a string.
 *
 * @example
 * ```ts
 * import { scoreHtml } from "../mod.ts";
 *
 * const characters = [{ character: "<", nats: 1, top: [{ character: "b", probability: 0.5 }] }];
 * const page = scoreHtml({ first: "a", characters, nats: 1, natsPerChar: 1 }, "a.txt");
 * console.log(page.includes('">&#60;</span>')); // true
 * ```
 */
export function scoreHtml(score: Score, name: string): string {
  const context = "Cannot make a page of scores";
  checkString(name, { context, name: "name" });
  checkScore(score, context);
  const { first, characters, nats, natsPerChar } = score;
  const title = escapeHtml(`Surprisal of ${displayName(name)}`);
  const count = characters.length.toLocaleString("en");
  const text = [
    span(first, "c", `${formatCharacter(first)}: the first character, not predicted`),
    ...characters.map((scored) =>
      span(scored.character, `c${levelOf(bitsOf(scored.nats))}`, tooltip(scored))
    ),
  ];
  return `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
${stylesheet()}
</style>
<h1>${title}</h1>
<p>${count} characters predicted: <b>${formatNats(nats, 1)}</b> in total, <b>${
    formatNats(natsPerChar, 4)
  }</b> per character, perplexity <b>${Math.exp(natsPerChar).toFixed(3)}</b>.</p>
<p class="legend">Bits: ${legend()}<span class="c">not predicted</span></p>
<pre>${text.join("")}</pre>
</html>
`;
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

/** Lower bounds of the color levels, in bits. A coin toss has a surprisal of 1 bit. */
const LEVELS = [0, 0.5, 1, 2, 3, 4, 6, 8] as const;
/** Background colors of the levels in each color scheme. Contrast with the text is at least 5:1. */
const LIGHT = "#ffffff #fff3cd #ffe49c #ffcc75 #ffb05f #ff9458 #fa7a5d #f06464".split(" ");
const DARK = "#16181d #2a2a24 #3b3522 #52401f #6a481e #7f4720 #924026 #a3322f".split(" ");

function levelOf(bits: number): number {
  return Math.max(0, LEVELS.findLastIndex((bound) => bits >= bound));
}

function stylesheet(): string {
  const backgrounds = (colors: readonly string[]) =>
    colors.map((color, level) => `.c${level}{background-color:${color}}`).join("");
  return `:root{color-scheme:light dark;--text:#1a1a1a;--page:#ffffff;--faint:#00000070}
body{margin:2rem auto;max-width:60rem;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif;` +
    `color:var(--text);background:var(--page)}
h1{font-size:1.4rem;overflow-wrap:anywhere}
pre{font:1.05rem/1.7 ui-monospace,monospace;white-space:break-spaces;overflow-wrap:anywhere;` +
    `direction:ltr;unicode-bidi:bidi-override}
.legend span{display:inline-block;margin-right:.3rem;padding:0 .4rem;border:1px solid var(--faint)}
.c{outline:1px dotted var(--faint);outline-offset:-1px}
.s{background-image:radial-gradient(circle,var(--faint) .09em,transparent .1em);` +
    `background-position:center;background-repeat:no-repeat}
pre i{font-style:normal;color:var(--faint);user-select:none}
pre b{font-size:.7em;font-weight:normal;border:1px solid var(--faint)}
pre span:hover{outline:2px solid}
${backgrounds(LIGHT)}
@media (prefers-color-scheme:dark){
:root{--text:#e8e6e3;--page:#16181d;--faint:#ffffff80}
${backgrounds(DARK)}
}`;
}

function legend(): string {
  return LEVELS.map((bound, level) => {
    const next = LEVELS[level + 1];
    const range = next === undefined ? `${bound} and more` : `${bound} to ${next}`;
    return `<span class="c${level}">${range}</span>`;
  }).join("");
}

/** The element of one character of the text. */
function span(character: string, level: string, title: string): string {
  const classes = character === " " ? `${level} s` : level;
  return `<span class="${classes}" title="${escapeHtml(title)}">${visible(character)}</span>`;
}

/** The HTML that makes a character visible. */
function visible(character: string): string {
  // The symbol comes first: after the character, it would be on the next line or past the tab stop.
  if (character === "\n") return "<i>↵</i>\n";
  if (character === "\t") return "<i>→</i>\t";
  if (isInvisible(character)) return `<b>${formatCodePoint(character.codePointAt(0)!)}</b>`;
  return /\p{M}/u.test(character) ? `<i>◌</i>${character}` : escapeHtml(character);
}

function tooltip({ character, nats, top }: CharacterScore): string {
  const surprisal = `${formatCharacter(character)}: ${formatPercent(Math.exp(-nats))}, ` +
    formatNats(nats, 2);
  if (top.length === 0) return surprisal;
  const predictions = top.map(({ character, probability }) =>
    `${formatCharacter(character)} ${formatPercent(probability)}`
  );
  return `${surprisal}\nmost probable: ${predictions.join(", ")}`;
}

function displayName(name: string): string {
  return Array.from(name, (c) => isInvisible(c) ? formatCodePoint(c.codePointAt(0)!) : c).join("");
}

/** Escapes text for HTML elements and quoted attributes. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"'\n]/g, (character) => `&#${character.charCodeAt(0)};`);
}
