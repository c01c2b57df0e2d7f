import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import type { Score } from "../../src/evaluate/score.ts";
import { figures, nameOf, percent, scoreHtml } from "../../src/evaluate/score_html.ts";

/** A score of any characters, even of halves of surrogate pairs. */
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

/** Text that was escaped for HTML: numbers are all that stands after an ampersand. */
function unescape(html: string): string {
  assert(!/[<>"']/.test(html), html);
  return html.replace(/&(?:#(\d+);)?/g, (_, code) => {
    assert(code !== undefined, `an ampersand by itself in ${html}`);
    return String.fromCodePoint(Number(code));
  });
}

/** Reads a page as a browser would if it knew no more than what may be there; fails on all else. */
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
        const wanted = { "\n": "<i>↵</i>", "\t": "<i>→</i>" }[character] ??
          (/\p{M}/u.test(character) ? "<i>◌</i>" : "");
        assertEquals(mark, wanted);
        // Nothing that a parser of HTML would change, or that turns text around.
        assert(/^[^\p{C}\p{Zl}\p{Zp}]$|^[\n\t]$/u.test(character), JSON.stringify(character));
        text += character;
      }
      return "";
    },
  );
  assertEquals(left, "");
  return { text, title: unescape(titles[0]!), tooltips };
}

const nasty = fc.oneof(
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

Deno.test("a page shows any text, and nothing of it becomes a part of the page", () => {
  fc.assert(
    fc.property(nasty, nasty, (text, name) => {
      const page = readPage(scoreHtml(scoreOf(text), name));
      assertEquals(page.text, text);
      assert(page.title.startsWith("Surprise of "));
      assertMatch(page.title, /^[^\p{C}\p{Zl}\p{Zp}]*$/u);
      assertEquals(page.tooltips.length, [...text].length);
      for (const tooltip of page.tooltips) {
        assertMatch(tooltip, /^[^\p{C}\p{Zl}\p{Zp}]*(\n\P{C}*)?$/u);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("the page says the sums, and each character its probability and the likeliest", () => {
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
    "“T”: the first character, only read",
    "“h”: 50 %, 0.69 nats = 1.00 bits\nlikeliest: “h” 50 %",
    "space: 0.391 %, 5.55 nats = 8.00 bits\nlikeliest: line break 12.3 %, “é” 0.00123 %",
    "U+0301: 100 %, 0.00 nats = 0.00 bits",
  ]);
  assertMatch(page, /3 characters predicted: in all <b>6\.2 nats = 9\.0 bits<\/b>/);
  assertMatch(
    page,
    /in the mean <b>2\.0794 nats = 3\.0000 bits<\/b> per character, perplexity <b>8\.000</,
  );
  const classes = [...page.split("<pre>")[1]!.matchAll(/class="([^"]*)"/g)].map(([, name]) => name);
  assertEquals(classes, ["c", "c2", "c7 s", "c0"]);
  assertEquals(readPage(page).title, "Surprise of a/b.txt");
});

Deno.test("the legend has every level of colour, and so has each scheme", () => {
  const page = scoreHtml(scoreOf("ab"), "x");
  for (let level = 0; level < 8; level++) {
    assertEquals(page.split(`.c${level}{background-color:#`).length, 3, "light and dark");
    assertEquals(page.split(`<span class="c${level}">`).length, 2, "the legend");
  }
  assertMatch(page, /@media \(prefers-color-scheme:dark\)/);
  assert(!/https?:|src=|url\(|@import/.test(page), "nothing is fetched");
});

Deno.test("text stands out from every colour behind it: 4.5 to 1 or more", () => {
  const page = scoreHtml(scoreOf("ab"), "x");
  const [light, dark] = page.split("@media") as [string, string];
  for (const scheme of [light, dark]) {
    const text = luminance(/--text:(#\w+)/.exec(scheme)![1]!);
    for (const [, colour] of scheme.matchAll(/\{background-color:(#\w+)\}/g)) {
      const other = luminance(colour!);
      const contrast = (Math.max(text, other) + 0.05) / (Math.min(text, other) + 0.05);
      assert(contrast >= 4.5, `${colour}: ${contrast}`);
    }
  }
});

/** Relative luminance by WCAG 2.2. */
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = parseInt(colour.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

Deno.test("names, percentages and figures are short", () => {
  assertEquals([..." \n\te<\u0301\u200d\x1b\u00a0🌧"].map(nameOf), [
    ...["space", "line break", "tab", "“e”", "“<”"],
    ...["U+0301", "U+200D", "U+001B", "U+00A0", "“🌧”"],
  ]);
  assertEquals([1, 0.5, 0.123456, 0.000123456, 0].map(percent), [
    ...["100 %", "50 %", "12.3 %", "0.0123 %", "0 %"],
  ]);
  assertEquals(figures(Math.LN2, 2), "0.69 nats = 1.00 bits");
});
