/** Writing with the model. */
import { assert, assertEquals } from "@std/assert";
import { type Page, testPage } from "./browser.ts";
import { trainOn } from "./training.ts";

const TEXT = "row, row, row your boat, gently down the stream. ".repeat(60);

const field = (page: Page) => page.locator("#write textarea");
const candidates = (page: Page) => page.locator(".candidates button");
const value = (page: Page) => field(page).inputValue();

/** Replaces the text, and waits for the first candidate. */
async function write(page: Page, text: string, first: string): Promise<void> {
  await field(page).fill(text);
  await page.locator(`.candidates li:first-child bdi:text-is("${first}")`).waitFor();
}

testPage("Write lists candidates at the cursor, and accepts by Tab and click", async ({ page }) => {
  await trainOn(page, { text: TEXT });
  await write(page, "row, row, row your bo", "a");
  const labels: string[] = [];
  for (let i = 0; i < await candidates(page).count(); i++) {
    labels.push((await candidates(page).nth(i).textContent())!);
  }
  const percents = labels.map((label) => Number(/([\d.]+) %$/.exec(label)![1]));
  assertEquals(percents, percents.toSorted((a, b) => b - a));
  assert(percents[0]! > 50 && percents.reduce((a, b) => a + b) < 101, labels.join());

  await page.keyboard.press("Tab");
  assertEquals(await value(page), "row, row, row your boa");
  await page.locator('.candidates li:first-child bdi:text-is("t")').waitFor();
  await candidates(page).first().click();
  assertEquals(await value(page), "row, row, row your boat");

  // In the middle of the text, the candidates are those of the cursor.
  for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowLeft");
  await page.locator('.candidates li:first-child bdi:text-is("o")').waitFor();
});

testPage("Write lets the keyboard leave the field", async ({ page }) => {
  await trainOn(page, { text: TEXT });
  await field(page).focus();
  const before = await value(page);
  await page.keyboard.press("Tab");
  assertEquals(await page.evaluate("document.activeElement.tagName"), "BUTTON");
  assertEquals(await value(page), before);
  await write(page, "row, row, ro", "w");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  assertEquals(await value(page), "row, row, ro");
});

testPage(
  "Write continues by sampling, greedily and by beam search, and stops",
  async ({ page }) => {
    await trainOn(page, { text: TEXT });
    const go = async (method: string) => {
      await page.locator(`#write .segments label:has-text("${method}")`).click();
      await write(page, "row, row, row your boat, g", "e");
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByRole("button", { name: "Continue" }).waitFor();
      return await value(page);
    };
    const setLength = (n: number) =>
      page.evaluate(`{
      const input = [...document.querySelectorAll("#write .range")]
        .find((label) => label.textContent.startsWith("Length")).querySelector("input");
      input.value = ${n};
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }`);
    await setLength(40);
    const sampled = await go("Sample");
    assertEquals(sampled.length, 66);
    const greedy = await go("Greedy");
    assertEquals(greedy.length, 66);
    assert(greedy.startsWith("row, row, row your boat, gently"), greedy);
    assertEquals(await go("Greedy"), greedy);
    const searched = await go("Beam search");
    assertEquals(searched.length, 66);
    await setLength(1000);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("button", { name: "Stop" }).click();
    const stopped = await value(page);
    await page.waitForTimeout(300);
    assertEquals(await value(page), stopped);
    assert(stopped.length < 1066);
    // The second click of a double click does not stop what the first one has started.
    await setLength(40);
    await write(page, "row, row, row your boat, g", "e");
    await page.getByRole("button", { name: "Continue" }).dblclick();
    await page.waitForFunction('document.querySelector("#write textarea").value.length === 66');
  },
);

testPage("Write follows the filters", async ({ page }) => {
  await trainOn(page, { text: TEXT });
  await write(page, "row, row, ro", "w");
  const set = (name: string, n: number) =>
    page.evaluate(`{
      const input = [...document.querySelectorAll("#write .range")]
        .find((label) => label.textContent.startsWith("${name}")).querySelector("input");
      input.value = ${n};
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }`);
  await set("Top-k", 3);
  await page.waitForFunction('document.querySelectorAll(".candidates button").length === 3');
  await set("Top-k", 0);
  await set("Top-p", 0.05);
  await page.waitForFunction('document.querySelectorAll(".candidates button").length === 1');
  assert((await candidates(page).first().textContent())!.endsWith("100.0 %"));
});

testPage(
  "Write names characters that the model does not have, and injects nothing",
  async ({ page }) => {
    await trainOn(page, { text: `<img src=x onerror="hacked=1"> & <b>bold</b>. `.repeat(60) });
    await write(page, "<b>bol😀שd</b", ">");
    await page.getByText("Not in the model's vocabulary").waitFor();
    const note = (await page.getByText("Not in the model's vocabulary").textContent())!;
    assert(note.includes("😀") && note.includes("ש"), note);
    assertEquals(
      await page.evaluate(
        "[typeof hacked, document.querySelectorAll('#write b, #inside b').length]",
      ),
      ["undefined", 0],
    );
  },
);

testPage(
  "Write and Look inside skip or replace characters that the model does not know",
  async ({ page }) => {
    await trainOn(page, { text: TEXT });
    await write(page, "row, row, ", "r");
    const first = () => page.locator(".candidates li").first().textContent();
    const skipped = await first();
    await field(page).fill("row, row, É");
    const choice = page.locator("#write").getByLabel("Unknown characters");
    await choice.waitFor();
    assertEquals(await choice.inputValue(), "skip");
    await page.locator("#write").getByText("The model reads on without them.").waitFor();
    await page.waitForTimeout(500);
    assertEquals(await first(), skipped);
    await choice.selectOption("replace");
    await page.locator("#write").getByText("The model reads a similar character").waitFor();
    await page.waitForFunction(
      `document.querySelector(".candidates li").textContent !== ${JSON.stringify(skipped)}`,
    );
    const replaced = await first();
    await field(page).fill("row, row, e");
    await choice.waitFor({ state: "detached" });
    await page.waitForTimeout(500);
    assertEquals(await first(), replaced);

    // The choice is that of the other panel, too.
    await page.getByText("Look into another text").click();
    await page.getByLabel("Your text; it stays on this machine").fill("row, row, rów your boat");
    await page.locator("#inside form").getByRole("button").first().click();
    const inside = page.locator("#inside").getByLabel("Unknown characters");
    await inside.waitFor();
    assertEquals(await inside.inputValue(), "replace");
    await page.locator(".inside-text").focus();
    for (let i = 0; i < 30; i++) await page.keyboard.press("ArrowLeft");
    for (let i = 0; i < 11; i++) await page.keyboard.press("ArrowRight");
    await page.getByText(/does not know this character; it reads o in its place/).waitFor();
    await inside.selectOption("skip");
    await page.getByText("does not know this character; it reads on without it").waitFor();
  },
);

testPage("Write underlines what the model wrote, and says so in words", async ({ page }) => {
  await trainOn(page, { text: "she sells sea shells by the sea shore. ".repeat(60) });
  const field = page.locator("#write textarea");
  const marked = () =>
    page.evaluate<string[]>(
      '[...document.querySelectorAll(".write-marks u")].map((mark) => mark.textContent)',
    );
  await field.fill("she sells ");
  assertEquals(await marked(), []);
  await page.locator("#write").getByRole("button", { name: "Continue" }).click();
  await page.waitForFunction('document.querySelector("#write textarea").value.length >= 310');
  const text = await field.inputValue();
  assertEquals(await marked(), [text.slice("she sells ".length)]);
  await page.getByText("300 of 310 characters, written by the model").waitFor();
  await field.press("End");
  await page.evaluate(`{
    const field = document.querySelector("#write textarea");
    field.setSelectionRange(20, 20);
  }`);
  await page.keyboard.type("X");
  assertEquals(await marked(), [text.slice(10, 20), text.slice(20)]);
  // The lines are where the text is.
  assertEquals(
    await page.evaluate(`{
      const [field, marks] = ["textarea", ".write-marks"].map((s) => document.querySelector("#write " + s));
      [field.clientWidth - marks.clientWidth, field.scrollHeight - marks.scrollHeight];
    }`),
    [0, 0],
  );
  // Lines of either direction, too.
  await field.fill("she sells\nשלום");
  const [ofField, ofMarks] = await page.evaluate<string[]>(
    `["textarea", ".write-marks"].map((selector) => {
      const style = getComputedStyle(document.querySelector("#write " + selector));
      return [style.direction, style.unicodeBidi, style.textAlign].join();
    })`,
  );
  assertEquals(ofMarks, ofField);
});
