import type { CharacterScore, Score, TopPrediction } from "./score.ts";

/**
 * A page that shows a text with each character coloured by its surprise: one HTML file that needs
 * nothing else.
 *
 * White space is visible and kept. What shows nothing, joins or turns other characters around, or
 * may not stand in HTML, is shown by its number in Unicode; so no text can change the page.
 *
 * @param name What the text is called, for the heading.
 *
 * @example
 * ```ts
 * import { scoreHtml } from "./score_html.ts";
 *
 * const characters = [{ character: "<", nats: 1, top: [{ character: "b", probability: 0.5 }] }];
 * const page = scoreHtml({ first: "a", characters, nats: 1, natsPerChar: 1 }, "a.txt");
 * console.log(page.includes('">&#60;</span>')); // true
 * ```
 */
export function scoreHtml(score: Score, name: string): string {
  const { first, characters, nats, natsPerChar } = score;
  const title = escape(`Surprise of ${showName(name)}`);
  const spans = characters.map((scored) =>
    span(scored.character, `c${levelOf(bitsOf(scored.nats))}`, describe(scored))
  );
  return `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
${style()}
</style>
<h1>${title}</h1>
<p>${characters.length.toLocaleString("en")} characters predicted: in all <b>${
    figures(nats, 1)
  }</b>, in the mean <b>${figures(natsPerChar, 4)}</b> per character, perplexity <b>${
    Math.exp(natsPerChar).toFixed(3)
  }</b>.</p>
<p class="legend">Bits: ${legend()}<span class="c">not predicted</span></p>
<pre>${span(first, "c", `${nameOf(first)}: the first character, only read`)}${spans.join("")}</pre>
</html>
`;
}

/** Where the levels of colour begin, in bits: 1 is as surprising as one side of a coin. */
const LEVELS = [0, 0.5, 1, 2, 3, 4, 6, 8] as const;
/** Their colours, under dark text and under light text; the contrast is 5 : 1 or above. */
const LIGHT = "#ffffff #fff3cd #ffe49c #ffcc75 #ffb05f #ff9458 #fa7a5d #f06464".split(" ");
const DARK = "#16181d #2a2a24 #3b3522 #52401f #6a481e #7f4720 #924026 #a3322f".split(" ");

function levelOf(bits: number): number {
  return Math.max(0, LEVELS.findLastIndex((least) => bits >= least));
}

function style(): string {
  const colours = (names: readonly string[]) =>
    names.map((colour, level) => `.c${level}{background-color:${colour}}`).join("");
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
${colours(LIGHT)}
@media (prefers-color-scheme:dark){
:root{--text:#e8e6e3;--page:#16181d;--faint:#ffffff80}
${colours(DARK)}
}`;
}

function legend(): string {
  return LEVELS.map((least, level) => {
    const next = LEVELS[level + 1];
    const range = next === undefined ? `${least} and more` : `${least} to ${next}`;
    return `<span class="c${level}">${range}</span>`;
  }).join("");
}

/** A character of the text, so that it can be seen. */
function span(character: string, level: string, tooltip: string): string {
  const classes = character === " " ? `${level} s` : level;
  return `<span class="${classes}" title="${escape(tooltip)}">${show(character)}</span>`;
}

function show(character: string): string {
  // The mark is in front: behind, it would be on the next line, or moved by the tab.
  if (character === "\n") return "<i>↵</i>\n";
  if (character === "\t") return "<i>→</i>\t";
  if (isHidden(character)) return `<b>${codeOf(character)}</b>`;
  return /\p{M}/u.test(character) ? `<i>◌</i>${character}` : escape(character);
}

/** Whether a character shows nothing, or does something to others. */
function isHidden(character: string): boolean {
  return character !== " " && /[\p{C}\p{Z}]/u.test(character);
}

/** What a person reads about a character. */
function describe({ character, nats, top }: CharacterScore): string {
  const alternatives = top.map(({ character, probability }: TopPrediction) =>
    `${nameOf(character)} ${percent(probability)}`
  );
  const rest = alternatives.length === 0 ? "" : `\nlikeliest: ${alternatives.join(", ")}`;
  return `${nameOf(character)}: ${percent(Math.exp(-nats))}, ${figures(nats, 2)}${rest}`;
}

/** A character as a text calls it; on one line. */
export function nameOf(character: string): string {
  const name = ({ " ": "space", "\n": "line break", "\t": "tab" } as Record<string, string>)[
    character
  ];
  if (name !== undefined) return name;
  // A mark by itself would join the quote.
  return isHidden(character) || /\p{M}/u.test(character) ? codeOf(character) : `“${character}”`;
}

/** A probability as people read it. */
export function percent(probability: number): string {
  return `${Number((100 * probability).toPrecision(3))} %`;
}

/** Nats and bits, with so many decimals. */
export function figures(nats: number, decimals: number): string {
  // Rounding may leave a little less than nothing, and a sign before the zeros.
  const least = Math.max(0, nats);
  return `${least.toFixed(decimals)} nats = ${bitsOf(least).toFixed(decimals)} bits`;
}

function bitsOf(nats: number): number {
  return nats / Math.LN2;
}

function codeOf(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
}

function showName(name: string): string {
  return Array.from(name, (c) => isHidden(c) ? codeOf(c) : c).join("");
}

/** Text for HTML, inside elements and quoted attributes. */
function escape(text: string): string {
  return text.replace(/[&<>"'\n]/g, (character) => `&#${character.charCodeAt(0)};`);
}
