import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import type { Score } from "../../src/evaluate/score.ts";
import { scoreHtml } from "../../src/evaluate/score_html.ts";

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

/** Decodes escaped text, and fails on anything but numeric character references. */
function unescape(html: string): string {
  assert(!/[<>"']/.test(html), html);
  return html.replace(/&(?:#(\d+);)?/g, (_, code) => {
    assert(code !== undefined, `a bare ampersand in ${html}`);
    return String.fromCodePoint(Number(code));
  });
}

/** Parses a page, and fails on any markup that the page should not have. */
function readPage(page: string): { text: string; title: string; tooltips: string[] } {
  const [head, rest] = page.split("<pre>") as [string, string];
  const [body, foot, ...more] = rest.split("</pre>");
  assertEquals(more, []);
  assertEquals(foot, "\n</html>\n");
  const titles = [...head.matchAll(/<(title|h1)>([^<]*)<\/\1>/g)].map(([, , text]) => text!);
  assertEquals(titles.length, 2);
  assertEquals(titles[0], titles[1]);
  assertEquals(
    head.match(/<\w+/g)!.join(""),
    "<html<meta<meta<title<style<h1<p<b<b<b<p" +
      "<span".repeat(9),
  );
  const tooltips: string[] = [];
  let text = "";
  const left = body!.replace(
    /<span class="c\d?(?: s)?" title="([^"]*)">((?:<i>.<\/i>)?)(?:<b>U\+([0-9A-F]+)<\/b>|([^<]*))<\/span>/gu,
    (_, tooltip, mark, code, shown) => {
      tooltips.push(unescape(tooltip));
      if (code !== undefined) text += String.fromCodePoint(parseInt(code, 16));
      else {
        const character = unescape(shown);
        assertEquals([...character].length, 1);
        const symbol = { "\n": "<i>↵</i>", "\t": "<i>→</i>" }[character] ??
          (/\p{M}/u.test(character) ? "<i>◌</i>" : "");
        assertEquals(mark, symbol);
        // No character that an HTML parser replaces, or that changes the direction of text.
        assert(/^[^\p{C}\p{Zl}\p{Zp}]$|^[\n\t]$/u.test(character), JSON.stringify(character));
        text += character;
      }
      return "";
    },
  );
  assertEquals(left, "");
  return { text, title: unescape(titles[0]!), tooltips };
}

const hostileText = fc.oneof(
  fc.string({ unit: "binary", minLength: 2 }),
  fc.string({ unit: "grapheme", minLength: 2 }),
  fc.array(
    fc.constantFrom(
      ..."<>&\"'/ \n\t\r\0;#",
      ..."\u0085\u00a0\u0301\u200b\u200d\u202e\u2028\ufeff\ufffe\ue000\u{1f600}\u{10ffff}",
      "\ud800",
      "</pre>",
      "</style>",
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
      assertEquals(page.tooltips.length, [...text].length);
      for (const tooltip of page.tooltips) {
        assertMatch(tooltip, /^[^\p{C}\p{Zl}\p{Zp}]*(\n\P{C}*)?$/u);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("scoreHtml() shows the totals, and each character's predictions as its tooltip", () => {
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
        ],
      },
      { character: "\u0301", nats: -1e-17, top: [] },
    ],
    nats: 9 * Math.log(2),
    natsPerChar: 3 * Math.log(2),
  };
  const page = scoreHtml(score, "a/b.txt");
  assertEquals(readPage(page).tooltips, [
    "“T”: the first character, not predicted",
    "“h”: 50 %, 0.69 nats = 1.00 bits\nmost probable: “h” 50 %",
    "space: 0.391 %, 5.55 nats = 8.00 bits\nmost probable: line break 12.3 %, “é” 0.00123 %",
    "U+0301: 100 %, 0.00 nats = 0.00 bits",
  ]);
  assertMatch(page, /3 characters predicted: <b>6\.2 nats = 9\.0 bits<\/b> in total/);
  assertMatch(
    page,
    /<b>2\.0794 nats = 3\.0000 bits<\/b> per character, perplexity <b>8\.000</,
  );
  const classes = [...page.split("<pre>")[1]!.matchAll(/class="([^"]*)"/g)].map(([, name]) => name);
  assertEquals(classes, ["c", "c2", "c7 s", "c0"]);
  assertEquals(readPage(page).title, "Surprisal of a/b.txt");
});

Deno.test("scoreHtml() defines every color level for light and dark, and lists it in the legend", () => {
  const page = scoreHtml(scoreOf("ab"), "x");
  for (let level = 0; level < 8; level++) {
    assertEquals(page.split(`.c${level}{background-color:#`).length, 3, "light and dark");
    assertEquals(page.split(`<span class="c${level}">`).length, 2, "the legend");
  }
  assertMatch(page, /@media \(prefers-color-scheme:dark\)/);
  assert(!/https?:|src=|url\(|@import/.test(page), "the page loads nothing");
});

Deno.test("scoreHtml() colors have a contrast of at least 4.5:1 with the text (WCAG 2.2, AA)", () => {
  const page = scoreHtml(scoreOf("ab"), "x");
  const [light, dark] = page.split("@media") as [string, string];
  for (const scheme of [light, dark]) {
    const text = luminance(/--text:(#\w+)/.exec(scheme)![1]!);
    for (const [, color] of scheme.matchAll(/\{background-color:(#\w+)\}/g)) {
      const other = luminance(color!);
      const contrast = (Math.max(text, other) + 0.05) / (Math.min(text, other) + 0.05);
      assert(contrast >= 4.5, `${color}: ${contrast}`);
    }
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
