/** The stylesheet of the score page. */

/** Lower bounds of the color levels, in bits. A coin toss has a surprisal of 1 bit. */
export const LEVELS = [0, 0.5, 1, 2, 3, 4, 6, 8] as const;

/**
 * Background colors of the levels in each color scheme, from the page's own color. Luminance changes
 * in one direction, so the order is visible without color vision, and in print. Contrast with the
 * text is at least 4.5:1.
 */
const LIGHT = "#ffffff #fff4d1 #ffe6a3 #ffd07a #ffb35f #fb9650 #f0764a #e25f4c".split(" ");
const DARK = "#15171c #26251f #37301f #4c3a1e #63431f #794722 #8c4527 #a23f2f".split(" ");

/**
 * Elements of the levels from 1 on, without a class: half the size of the page, since most runs have
 * these levels. They have no meaning of their own here, and the stylesheet resets their looks.
 */
export const LEVEL_ELEMENTS = ["a", "b", "i", "u"] as const;

/** Class of a color level: a letter from `a`, which is shorter than a word. */
export function levelClass(level: number): string {
  return String.fromCharCode(0x61 + level);
}

/** The stylesheet. */
export function stylesheet(): string {
  const levels = (colors: readonly string[]) =>
    colors.map((color, level) => {
      const element = LEVEL_ELEMENTS[level - 1];
      const selector = element === undefined ? "" : `,#text ${element}:not([class])`;
      return `.${levelClass(level)}${selector}{background-color:${color}}`;
    }).join("");
  return `:root{color-scheme:light dark;--text:#1b1c1f;--page:#ffffff;--soft:#f5f5f3;--faint:#6b6b70;` +
    `--line:#d9d9d6;--mark:#1a56db}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:58rem;padding:1.5rem 1rem 6rem;font:1rem/1.5 system-ui,sans-serif;` +
    `color:var(--text);background:var(--page)}
h1{margin:0 0 1rem;font-size:1.35rem;line-height:1.25;font-weight:650;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.5rem;margin:0 0 1rem}
dl div{padding:.6rem .8rem;background:var(--soft);border-radius:.5rem}
dt{font-size:.8rem;color:var(--faint)}
dd{margin:0;font-size:1.05rem;font-weight:600;font-variant-numeric:tabular-nums}
dd small{display:block;font-size:.8rem;font-weight:400}
nav{position:sticky;top:0;z-index:1;padding:.4rem 0;background:var(--page)}
ol{display:flex;margin:0;padding:0;list-style:none;font-size:.78rem;line-height:1.7;` +
    `font-variant-numeric:tabular-nums;border:1px solid var(--line);border-radius:.3rem;overflow:hidden}
ol li{flex:1;text-align:center;white-space:nowrap}
.help{margin:.35rem 0 0;font-size:.8rem;color:var(--faint)}
#text{margin:1rem 0 0;font:1rem/1.75 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",` +
    `monospace;overflow-wrap:anywhere;tab-size:4;cursor:default;` +
    `border-radius:.2rem;outline-offset:.5rem}
#text:focus-visible{outline:2px solid var(--mark)}
#text p{margin:0;white-space:break-spaces;content-visibility:auto;contain-intrinsic-size:auto 1.75em;` +
    `overflow:clip;overflow-clip-margin:.3em}
#text :is(a,b,i,u){font-weight:inherit;font-style:inherit;text-decoration:none}
.z{outline:1px dotted var(--faint);outline-offset:-1px}
.n::after{content:"↵";opacity:.6;user-select:none}
.x::after{content:attr(title);font-size:.62em;padding:0 .25em;margin:0 .1em;border:1px solid;` +
    `border-radius:.3em;opacity:.75;user-select:none}
.m::before{content:"◌";color:var(--faint)}
#box{position:absolute;z-index:2;pointer-events:none;border:2px solid var(--mark);border-radius:.15rem}
#card{position:fixed;z-index:3;width:max-content;max-width:min(21rem,100vw - 1rem);padding:.6rem .8rem;` +
    `font-size:.85rem;line-height:1.45;color:var(--text);background:var(--page);` +
    `border:1px solid var(--line);border-radius:.5rem;box-shadow:0 .4rem 1.5rem #0004;` +
    `pointer-events:none;overflow-wrap:anywhere}
#card h2{margin:0;font-size:.95rem}
#card h2:not(:first-child){margin-top:.5rem;padding-top:.5rem;border-top:1px solid var(--line)}
#card table{border-collapse:collapse;margin-top:.2rem}
#card caption{text-align:start;color:var(--faint)}
#card th,#card td{padding:0 1rem 0 0;text-align:start;font-weight:400;` +
    `font-variant-numeric:tabular-nums}
#card .is th,#card .is td{font-weight:700}
[hidden]{display:none}
${levels(LIGHT)}
@media (prefers-color-scheme:dark){
:root{--text:#e9e7e4;--page:#15171c;--soft:#1f2228;--faint:#9a9aa2;--line:#353842;--mark:#7aa8ff}
${levels(DARK)}
}
@media (max-width:30rem){body{padding:1rem .75rem 6rem}#text{font-size:.95rem}ol{font-size:.68rem}}
@media print{nav{position:static}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}`;
}
