import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Score } from "../../src/evaluate/score.ts";
import { scoreHtml } from "../../src/evaluate/score_html.ts";
import { DIGITS } from "../../src/evaluate/score_page_data.ts";

/** Scores of any characters, lone surrogates included. */
function scoreOf(text: string, nats = 1): Score {
  const [first = "a", ...others] = text;
  const characters = others.map((character, i) => ({
    character,
    nats: nats * i,
    top: [{ character: others[0]!, probability: 0.5 }, {
      character: first,
      probability: 1e-9,
    }],
  }));
  return { first, characters, nats, natsPerChar: nats };
}

/** Decodes escaped text, and fails on anything but the character references of the page. */
function unescape(html: string): string {
  assert(!/[<>"']/.test(html), html);
  return html.replace(/&(#39|\w*);?/g, (_, name) => {
    const character = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" }[name as string];
    assert(character !== undefined, `a bare ampersand in ${html}`);
    return character;
  });
}

/** A colored piece of a page: what is shown as one. */
interface Piece {
  readonly text: string;
  readonly classes: string;
}

interface Page {
  readonly text: string;
  readonly title: string;
  readonly pieces: readonly Piece[];
  readonly data: { characters: string[]; width: number; top: number; records: string };
}

/** Invisible characters that may be in clusters. */
const JOINERS = /[\u200c\u200d\u{e0020}-\u{e007f}]/gu;
const PIECE = new RegExp(
  [
    /<b class="([a-hz]) [nx]" data-c=([0-9a-f]+)(?: title="[\w+]+")?><\/b>/,
    /<b class="([a-hz](?: k)?(?: m)?)">([^<]*)<\/b>/,
    /<b class=([a-hz])>([^<]*)<\/b>/,
    /<([abiu])>([^<]*)<\/[abiu]>/,
    /([^<]+)/,
  ].map(({ source }) => source).join("|"),
  "gu",
);

/** Parses a page, and fails on any markup that the page should not have. */
function readPage(page: string): Page {
  const [head, rest] = page.split(/<div id="text"[^>]*>\n/) as [string, string];
  const [body, foot, ...more] = rest.split("\n</div>\n</main>\n");
  assertEquals(more, []);
  const tags = (html: string) => html.match(/<\/?\w+/g)!.filter((tag) => tag[1] !== "/").join("");
  assertEquals(
    tags(head.replace(/<style>[^<]*<\/style>/, "")),
    `<html<meta<meta<meta<title<main<h1<bdi<dl${"<div<dt<dd<small".repeat(4)}<nav<ol` +
      `${"<li".repeat(8)}<p<span<span`,
  );
  const data =
    /^<div id="box" hidden><\/div>\n<div id="card" role="status" hidden><\/div>\n<script type="application\/json" id="data">([^<]*)<\/script>\n<script>\n"use strict";/
      .exec(foot!)![1]!;
  assertMatch(data, /^[^\p{C}\p{Zl}\p{Zp}]*$/u);
  assert(foot!.endsWith("</script>\n</html>\n"));
  const title = /<title>([^<]*)<\/title>/.exec(head)![1]!;
  assertEquals(/<h1>(.*)<\/h1>/.exec(head)![1]!.replace(/<\/?bdi>/g, ""), title);
  const pieces: Piece[] = [];
  for (const line of body!.split("\n")) {
    const inner = /^<p dir="auto">(.*)<\/p>$/s.exec(line)![1]!;
    const left = inner.replace(PIECE, (...groups) => {
      const [, c, code, k, cluster, level, run, element, colored, plain] = groups as string[];
      if (code !== undefined) {
        pieces.push({ text: String.fromCodePoint(parseInt(code, 16)), classes: c! });
        return "";
      }
      const text = unescape(cluster ?? run ?? colored ?? plain!);
      const byElement = element === undefined ? "a" : "bcde"["abiu".indexOf(element)]!;
      pieces.push({ text, classes: k ?? level ?? byElement });
      // No character that an HTML parser replaces, or that changes the direction of text.
      const visible = (k?.includes("k") ? text.replace(JOINERS, "") : text).replaceAll("\t", "");
      assertMatch(visible, /^[^\p{C}\p{Zl}\p{Zp}]*$/u, JSON.stringify(text));
      return "";
    });
    assertEquals(left, "");
  }
  return {
    text: pieces.map(({ text }) => text).join(""),
    title: unescape(title),
    pieces,
    data: JSON.parse(data),
  };
}

function number(digits: string): number {
  return [...digits].reduce((sum, digit) => sum * DIGITS.length + DIGITS.indexOf(digit), 0);
}

/** What the page's script shows of each character but the first. */
function shownBy({ data: { characters, width, top, records } }: Page) {
  const size = 2 + top * (width + 2);
  return Array.from({ length: records.length / size }, (_, i) => {
    const record = records.slice(i * size, (i + 1) * size);
    const predictions = [];
    for (let at = 2; at < size; at += width + 2) {
      const id = number(record.slice(at, at + width));
      if (id === 0) continue;
      const code = number(record.slice(at + width, at + width + 2));
      const percent = Number(`${code % 900 + 100}e-${Math.floor(code / 900)}`);
      predictions.push([characters[id - 1], code === 7200 ? 0 : percent]);
    }
    const code = number(record.slice(0, 2));
    return { bits: code <= 4000 ? code / 100 : 40 + (code - 4000) / 10, predictions };
  });
}

const hostileText = fc.oneof(
  fc.string({ unit: "binary", minLength: 2 }),
  fc.string({ unit: "grapheme", minLength: 2 }),
  fc.array(
    fc.constantFrom(
      ..."<>&\"'/ \n\t\r\0;#אب",
      ..."\u0085\u00a0\u0301\u200b\u200d\u202e\u2028\ufeff\ufffe\ue000\u{1f600}\u{10ffff}",
      "\ud800",
      "</p>",
      "</div>",
      "</style>",
      "</script>",
      "<script>alert(1)</script>",
      "<!--",
      "]]>",
      "&lt;",
      "&#60;",
      '" onmouseover="alert(1)',
    ),
    { minLength: 2 },
  ).map((parts) => parts.join("")),
);

Deno.test("scoreHtml() shows any text and name without letting them become markup", () => {
  fc.assert(
    fc.property(hostileText, hostileText, (text, name) => {
      const page = readPage(scoreHtml(scoreOf(text), name));
      assertEquals(page.text, text);
      assert(page.title.startsWith("Surprisal of "));
      assertMatch(page.title, /^[^\p{C}\p{Zl}\p{Zp}]*$/u);
      const [first, ...others] = text;
      const shown = shownBy(page);
      assertEquals(shown.length, others.length);
      for (const { predictions } of shown) {
        assertEquals(predictions, [[others[0], 50], [first, 0]]);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("scoreHtml() shows the totals, and the surprisal and predictions of each character", () => {
  const score: Score = {
    first: "T",
    characters: [
      { character: "h", nats: Math.log(2), top: [{ character: "h", probability: 0.5 }] },
      {
        character: " ",
        nats: 8 * Math.log(2),
        top: [
          { character: "\n", probability: 0.12345 },
          { character: "é", probability: 0.00001234 },
          { character: "x", probability: 1 },
        ],
      },
      { character: "y", nats: -1e-17, top: [] },
      { character: "z", nats: 1e9, top: [] },
    ],
    nats: 9000 * Math.log(2),
    natsPerChar: 3 * Math.log(2),
  };
  const page = scoreHtml(score, "a/b.txt");
  assertEquals(shownBy(readPage(page)), [
    { bits: 1, predictions: [["h", 50]] },
    { bits: 8, predictions: [["\n", 12.3], ["é", 0.00123], ["x", 100]] },
    { bits: 0, predictions: [] },
    { bits: 40 + (DIGITS.length ** 2 - 2 - 4000) / 10, predictions: [] },
  ]);
  assertMatch(page, /<dt>Per character<\/dt><dd>3\.0000 bits<small>2\.0794 nats</);
  assertMatch(page, /<dt>In total<\/dt><dd>9,000\.0 bits<small>6,238\.3 nats</);
  assertMatch(page, /<dt>Perplexity<\/dt><dd>8\.000</);
  assertMatch(page, /<dt>Predicted<\/dt><dd>4</);
  assertEquals(readPage(page).pieces.map(({ classes }) => classes), ["z", "c", "h", "a", "h"]);
  assertEquals(readPage(page).title, "Surprisal of a/b.txt");
});

Deno.test("scoreHtml() shows several texts, with the first character of each not predicted", () => {
  const scores = [scoreOf("ab\n", 1), scoreOf("x", 0), scoreOf("cd", 3)];
  const page = scoreHtml(scores, "two");
  const { text, pieces, data } = readPage(page);
  assertEquals(text, "ab\nxcd");
  assertEquals(pieces.map(({ text, classes }) => `${text} ${classes}`), [
    ...["a z", "b a", "\n c", "xc z", "d a"],
  ]);
  const size = 2 + data.top * (data.width + 2);
  const codes = Array.from(
    { length: 5 },
    (_, i) => number(data.records.slice(i * size).slice(0, 2)),
  );
  const notPredicted = DIGITS.length ** 2 - 1;
  assertEquals(codes, [0, Math.round(100 / Math.LN2), notPredicted, notPredicted, 0]);
  assertMatch(page, /<dt>Predicted<\/dt><dd>3</);
  assertMatch(page, /<dt>In total<\/dt><dd>5\.8 bits<small>4\.0 nats</);
  assertThrows(() => scoreHtml([], "none"), RangeError);
});

Deno.test("scoreHtml() rounds a probability as formatPercent() does", () => {
  const numbers = fc.oneof(fc.double({ min: 1e-6, max: 1, noNaN: true }), fc.constantFrom(0.09995));
  fc.assert(fc.property(numbers, (probability) => {
    const top = [{ character: "b", probability }];
    const score = { first: "a", characters: [{ character: "b", nats: 1, top }] };
    const [shown] = shownBy(readPage(scoreHtml({ ...score, nats: 1, natsPerChar: 1 }, "x")));
    assertEquals(shown!.predictions[0]![1], Number((100 * probability).toPrecision(3)));
  }));
});

/** What a page shows as one. */
const piecesOf = (text: string) => {
  // Neighbors of different levels, so that no two are one run.
  const [first = "", ...others] = text;
  const characters = others.map((character, i) => ({ character, nats: i % 2 * 4, top: [] }));
  const page = scoreHtml({ first, characters, nats: 1, natsPerChar: 1 }, "x");
  return readPage(page).pieces.map(({ text }) => text);
};

Deno.test("scoreHtml() keeps grapheme clusters whole", () => {
  const clusters = ["👨‍👩‍👧‍👦", "🇩🇪", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👍🏽", "❤️", "🏳️‍🌈", "e\u0301", "क्ष", "لُّ", "שָׁ", "ی\u200c"];
  for (const cluster of clusters) {
    assertEquals(piecesOf(`a${cluster}b`), ["a", cluster, "b"]);
  }
  // A cluster has the largest level of its characters.
  const characters = [0, 5, 1].map((nats, i) => ({ character: [..."👍🏽b"][i]!, nats, top: [] }));
  const page = scoreHtml({ first: "a", characters, nats: 1, natsPerChar: 1 }, "x");
  assertEquals(readPage(page).pieces[1], { text: "👍🏽", classes: "g k" });
  // Marks that could pile up over other lines, and joiners that join nothing.
  assertEquals(piecesOf(`a${"\u0301".repeat(40)}`).length, 41);
  assertEquals(piecesOf("a\n\u200db"), ["a", "\n", "\u200d", "b"]);
});

Deno.test("scoreHtml() shows each line in its own direction, with runs of a level in one element", () => {
  const page = scoreHtml(scoreOf("שלום 12\nabc\n\nمرحبا", 0), "x");
  const paragraphs = [...page.matchAll(/<p dir="auto">(.*)<\/p>/g)].map(([, inner]) => inner);
  assertEquals(paragraphs, [
    '<b class=z>ש</b>לום 12<b class="a n" data-c=a></b>',
    'abc<b class="a n" data-c=a></b>',
    '<b class="a n" data-c=a></b>',
    "مرحبا",
  ]);
  assert(!/bidi-override|direction:/.test(page));
});

Deno.test("scoreHtml() takes less than 24 bytes per character, whatever its level", () => {
  let state = 1;
  const random = () => (state = state * 48271 % 0x7fffffff) / 0x7fffffff;
  const letters = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ,.;:!?'\n"];
  const letter = () => letters[Math.floor(random() * letters.length)]!;
  const characters = Array.from({ length: 85_000 }, () => ({
    character: letter(),
    nats: 7 * random(),
    top: [0.6, 0.02, 0.001].map((probability) => ({ character: letter(), probability })),
  }));
  const page = scoreHtml({ first: "a", characters, nats: 1, natsPerChar: 1 }, "x");
  assert(new TextEncoder().encode(page).length < 2_000_000, `${page.length}`);
});

Deno.test("scoreHtml() writes a script that parses, and loads nothing", () => {
  const page = scoreHtml(scoreOf("ab"), "x");
  new Function(page.split("<script>\n")[1]!.split("</script>")[0]!);
  assert(!/https?:|src=|url\(|@import/.test(page), "the page loads nothing");
  assertMatch(page, /default-src 'none'/);
});

/** Background colors of the levels, and the text's color, in each color scheme. */
function* schemes(page: string) {
  for (const scheme of page.split("@media (prefers-color-scheme:dark)")) {
    const colors = [...scheme.matchAll(/\{background-color:(#\w+)\}/g)].map(([, color]) => color!);
    yield { text: luminance(/--text:(#\w+)/.exec(scheme)![1]!), levels: colors.map(luminance) };
  }
}

Deno.test("scoreHtml() defines every color level for light and dark, and lists it in the legend", () => {
  const page = scoreHtml(scoreOf("ab"), "x");
  for (const level of "abcdefgh") {
    assertEquals(
      page.match(new RegExp(`\\.${level}(,#text [abiu]:[^{]*)?\\{background`, "g"))?.length,
      2,
    );
    assertEquals(page.split(`<li class="${level}">`).length, 2, "the legend");
  }
});

Deno.test("scoreHtml() colors have a contrast of at least 4.5:1 with the text (WCAG 2.2, AA)", () => {
  for (const { text, levels } of schemes(scoreHtml(scoreOf("ab"), "x"))) {
    assertEquals(levels.length, 8);
    for (const level of levels) {
      const contrast = (Math.max(text, level) + 0.05) / (Math.min(text, level) + 0.05);
      assert(contrast >= 4.5, `${contrast}`);
    }
  }
});

Deno.test("scoreHtml() colors are ordered by luminance, for readers without color vision", () => {
  for (const { levels } of schemes(scoreHtml(scoreOf("ab"), "x"))) {
    const differences = levels.slice(1).map((level, i) => level - levels[i]!);
    assert(new Set(differences.map(Math.sign)).size === 1, `${levels}`);
  }
});

/** Relative luminance as WCAG 2.2 defines it. */
function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = parseInt(color.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
