/** Looking inside a model. */
import { assert, assertEquals } from "@std/assert";
import { type Page, testPage } from "./browser.ts";
import { trainOn } from "./training.ts";

const TEXT = 'He said "row, row" and left. "Now," she said, "go down the stream." It was 9 or 10.\n'
  .repeat(60);

/** Waits until a color is drawn behind the text: that of a custom property, such as `--loss-3`. */
async function waitForColor(page: Page, names: readonly string[]): Promise<void> {
  await page.waitForFunction(`{
    const probe = document.body.appendChild(document.createElement("i"));
    const colors = ${JSON.stringify(names)}.map((name) => {
      probe.style.color = "var(" + name + ")";
      return getComputedStyle(probe).color.match(/\\d+/g).slice(0, 3).join();
    });
    probe.remove();
    const canvases = [...document.querySelectorAll(".inside-text canvas")];
    canvases.some((canvas) => {
      const { width, height } = canvas;
      if (width * height === 0) return false;
      const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] === 255 && colors.includes([...data.subarray(i, i + 3)].join())) return true;
      }
      return false;
    });
  }`);
}

/** The custom properties of a scale, but its first. */
const scale = (name: string, levels: number) =>
  Array.from({ length: levels }, (_, level) => `--${name}-${level + 1}`);

async function choose(page: Page, mode: string): Promise<void> {
  await page.locator(`#inside .segments label:has-text("${mode}")`).click();
}

/** The middle of a character on the screen; the text is scrolled to it. */
async function pointOf(page: Page, text: string, offset: number): Promise<[number, number]> {
  return await page.evaluate(`(() => {
    document.querySelector(".inside-text").scrollIntoView({ block: "center" });
    const walker = document.createTreeWalker(document.querySelector(".inside-text"), 4);
    while (walker.nextNode()) {
      const at = walker.currentNode.data.indexOf(${JSON.stringify(text)});
      if (at < 0) continue;
      const range = document.createRange();
      range.setStart(walker.currentNode, at + ${offset});
      range.setEnd(walker.currentNode, at + ${offset} + 1);
      const { left, right, top, bottom } = range.getClientRects()[0];
      return [(left + right) / 2, (top + bottom) / 2];
    }
  })()`);
}

/** Characters that a model of the text knows, and cannot predict: a small loss has no color. */
const SURPRISING = [...TEXT].reverse().join("");

/** Looks into another text, and waits until it has been read. */
async function lookInto(page: Page, text: string): Promise<void> {
  await page.locator('#inside summary:has-text("another text")').click();
  await page.locator("#inside form textarea").fill(text);
  await page.getByRole("button", { name: "Look into it" }).click();
  await page.locator(".inside-text p").first().waitFor();
}

testPage("Look inside colors a text by loss, and has the numbers as a table", async ({ page }) => {
  await trainOn(page, { text: TEXT });
  await lookInto(page, SURPRISING);
  await page.locator(".inside-text").focus();
  await page.locator(".inside-detail dl").waitFor();
  await waitForColor(page, scale("loss", 7));
  await page.locator('#inside summary:has-text("as a table")').click();
  const rows = page.locator("#inside .numbers tbody tr");
  await rows.first().waitFor();
  assertEquals(await rows.count(), 41);
  const current = await page.locator("#inside .numbers [aria-current] td").nth(2).textContent();
  assertEquals(current, await page.locator(".inside-detail dd").first().textContent());
  assert(/^\d+\.\d\d bits$/.test(current!), current!);
});

testPage(
  "Look inside finds units by a feature and by a selection of the keyboard",
  async ({ page }) => {
    await trainOn(page, { text: TEXT });
    await choose(page, "One unit");
    // Searched without a click, since the text has quotations.
    await page.locator(".ranking li").first().waitFor();
    await page.locator('.features [aria-pressed=true]:text-is("inside quotation marks")').waitFor();
    await page.getByRole("button", { name: "vowel" }).click();
    await page.getByText(/Correlation with “vowel”/).waitFor();
    const ranking = page.locator(".ranking li button");
    await ranking.first().waitFor();
    assertEquals(await ranking.count(), 8);
    assertEquals(await page.locator(".ranking [aria-pressed=true]").count(), 1);
    await waitForColor(page, ["--signed-0", ...scale("signed", 8), ...scale("gate", 7)]);
    await ranking.nth(3).click();
    assertEquals(
      await page.evaluate(
        '[...document.querySelectorAll(".ranking button")].findIndex((b) => b.ariaPressed === "true")',
      ),
      3,
    );
    const number = Number(/unit (\d+)/.exec((await ranking.nth(3).textContent())!)![1]);
    assertEquals(Number(await page.locator("#inside input[type=number]").inputValue()), number);

    await page.locator(".inside-text").focus();
    for (let i = 0; i < 9; i++) await page.keyboard.press("Shift+ArrowRight");
    await page.getByRole("button", { name: "the 10 selected characters" }).click();
    await page.getByText(/Correlation with “the selected characters”/).waitFor();
    await waitForColor(page, ["--accent"]);
  },
);

testPage("Look inside shows connections by pointer and by key", async ({ page }) => {
  await trainOn(page, { text: TEXT });
  await choose(page, "Connections");
  const title = page.locator(".inside-detail h3");
  await page.mouse.move(...await pointOf(page, "She said".toLowerCase(), 5));
  await waitForColor(page, ["--depends-5"]);
  // Not the connections of the character that is looked at first.
  await page.getByText(`character ${TEXT.indexOf("she said") + 6}`, { exact: true }).waitFor();
  const position = async () => Number(/\d+/.exec((await title.textContent())!.slice(1))![0]);
  const pointed = await position();
  await page.getByText("Depends most on").waitFor();
  await page.locator(".inside-text").focus();
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(
    `document.querySelector(".inside-detail h3").textContent.endsWith(" ${pointed + 1}")`,
  );
  // What a screen reader says.
  await page.waitForFunction(
    '[...document.querySelectorAll("#inside [role=status]")].at(-1).textContent.includes("expected")',
  );
  // Pinned by the keyboard, it stays while the pointer moves, until Escape.
  const pinned = await position();
  await page.mouse.move(...await pointOf(page, "row, row", 1));
  await page.waitForTimeout(200);
  assertEquals(await position(), pinned);
  await page.keyboard.press("Escape");
  await page.mouse.move(...await pointOf(page, "row, row", 2));
  await page.waitForFunction('document.querySelector(".inside-detail h3 bdi").textContent === "w"');
});

testPage("Look inside shows on a tap what a pointer shows, at 360 px", async ({ page }) => {
  await trainOn(page, { text: TEXT });
  await choose(page, "Connections");
  await page.locator(".inside-detail dl").waitFor();
  await page.touchscreen.tap(...await pointOf(page, "she said", 5));
  await page.waitForFunction('document.querySelector(".inside-detail h3 bdi").textContent === "a"');
  await page.getByRole("button", { name: "Follow the pointer" }).waitFor();
  assertEquals(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
}, { context: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true } });

testPage("Look inside shows right-to-left text, emoji and markup as they are", async ({ page }) => {
  await trainOn(page, { text: TEXT });
  const text =
    '<img src=x onerror="hacked=1"><script>hacked=1</script>\nשלום עולם\nمرحبا 👩‍🚀🇩🇪 e\u0301 \u202eabc\n';
  await lookInto(page, text);
  await page.getByText("Not in the model's vocabulary").waitFor();
  assertEquals(
    await page.evaluate(
      `[typeof hacked, document.querySelectorAll(".inside-text :not(div, p, canvas)").length]`,
    ),
    ["undefined", 0],
  );
  const lines = await page.evaluate<[string, string][]>(
    `[...document.querySelectorAll(".inside-text p")].map((p) => [p.textContent, getComputedStyle(p).direction])`,
  );
  assertEquals(lines.map(([, direction]) => direction), ["ltr", "rtl", "rtl"]);
  assertEquals(lines[0]![0], '<img src=x onerror="hacked=1"><script>hacked=1</script>↵');
  assert(lines[2]![0].includes("👩‍🚀🇩🇪 e\u0301 ⟨U+202E⟩abc"), lines[2]![0]);

  // An emoji of three code points is one step of the cursor; to the left is forward.
  await page.locator(".inside-text").focus();
  await page.keyboard.press("Home");
  const end = page.locator(".inside-detail h3");
  await page.keyboard.press("ArrowDown");
  await page.waitForFunction(
    '!document.querySelector(".inside-detail h3").textContent.includes("<")',
  );
  assert((await end.textContent())!.includes("character"));
});

testPage(
  "Look inside shows a text of 5 MB in parts, and draws what is visible",
  async ({ page }) => {
    await trainOn(page, { text: TEXT });
    await page.locator('#inside summary:has-text("another text")').click();
    // A long text does not go through the text field, which would be slow.
    await page.evaluate(`{
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", ${JSON.stringify(SURPRISING)}.repeat(1000) + "She left.");
    document.querySelector("#inside form textarea")
      .dispatchEvent(new ClipboardEvent("paste", { clipboardData, cancelable: true, bubbles: true }));
  }`);
    const total = (1000 * TEXT.length + 9).toLocaleString("en");
    await page.getByText(`Characters 1 to 50,000 of ${total}.`).waitFor();
    assertEquals(await page.locator("#inside form textarea").inputValue(), "");
    for (let i = 1; i <= 20; i++) {
      await page.evaluate(`{
      const text = document.querySelector(".inside-text");
      text.scrollTop = text.scrollHeight * ${i / 20};
    }`);
      await page.waitForTimeout(30);
      assert(await page.locator(".inside-text p").count() < 300);
    }
    const isRead =
      `!document.querySelector("#inside .notes").textContent.includes("characters read")`;
    await page.waitForFunction(isRead);
    await waitForColor(page, scale("loss", 7));

    // The last part, by key; its first character is predicted from those before it.
    await page.getByLabel("Part of the text").press("End");
    await page.getByText(/the model begins to read 1,000 characters before them/).waitFor();
    await page.locator(".inside-text").focus();
    await page.keyboard.press("Home");
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowUp");
    const start = Math.floor(1000 * TEXT.length / 50_000) * 50_000;
    await page.getByText(`character ${(start + 1).toLocaleString("en")}`, { exact: true })
      .waitFor();
    await page.waitForFunction(isRead);
    await page.locator(".inside-detail dd").first().waitFor();

    await page.getByRole("button", { name: "Back to the training text" }).click();
    await page.getByText("Characters 1 to 4,000 of 5,040.").waitFor();
    await page.getByRole("button", { name: "Later part" }).click();
    await page.getByText(/^Characters 4,001 to 5,040 of 5,040/).waitFor();
  },
);

testPage("Look inside follows the model while it is trained", async ({ page }) => {
  // A text without a pattern, whose losses never settle.
  const text = Array.from(
    { length: 6000 },
    (_, i) => "abcdefghijklmnopq rstuvwxyz"[i * i * 7 % 101 % 27],
  );
  await trainOn(page, { text: text.join(""), goesOn: true });
  await page.locator(".inside-text").focus();
  await page.locator(".inside-detail dd").first().waitFor();
  const loss = await page.locator(".inside-detail dd").first().textContent();
  await page.waitForFunction(
    `document.querySelector(".inside-detail dd").textContent !== ${JSON.stringify(loss)}`,
  );
  await choose(page, "One unit");
  await page.getByRole("button", { name: "space", exact: true }).click();
  await page.locator(".ranking li button").first().waitFor();
});
