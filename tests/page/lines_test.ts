/** Texts of lines, each an example, in the page. */
import { assert, assertEquals } from "@std/assert";
import { dropText, train, waitUntilReady } from "./actions.ts";
import { type Page, testPage } from "./browser.ts";

const starts = ["Al", "Be", "Car", "Dan", "El", "Flo", "Gre", "Ha", "Is", "Jo"];
const ends = ["bert", "dora", "ella", "fred", "gard", "hilde", "ina", "mar", "nor", "ton"];
const names = starts.flatMap((start) => ends.map((end) => start + end));
const contents = `${[...names, ...names, ...names].join("\n")}\n`;

/** Drops the names, chooses lines, and trains until there is a model that has learned something. */
async function trainOnNames(page: Page): Promise<void> {
  await waitUntilReady(page);
  await dropText(page, { name: "names.txt", contents });
  await page.locator(".text-facts:has-text('names.txt: ')").waitFor();
  await page.getByLabel("kind of text").selectOption("lines");
  await page.getByText("each is read from a zero hidden state").waitFor();
  await train(page);
  await page.locator("#write textarea").waitFor();
  await page.getByRole("button", { name: "Train on" }).waitFor();
}

const linesOf = async (page: Page) =>
  (await page.locator(".sample").first().textContent())!.split("\n");

testPage("The page trains on lines that are dropped, and writes whole lines", async ({ page }) => {
  await trainOnNames(page);
  const lines = await linesOf(page);
  assertEquals([lines.length, lines.at(-1)], [11, ""]);
  const known = lines.slice(0, -1).filter((line) => names.includes(line));
  assert(known.length >= 5, lines.join());

  // Each line from the prompt, which a model of lines reads as the beginning of one.
  await page.getByLabel("Samples begin with").fill("Flo");
  await page.getByRole("button", { name: "Train on" }).click();
  await page.locator(".sample .prompt:text-is('Flo')").nth(9).waitFor();
  for (const line of (await linesOf(page)).slice(0, -1)) assert(line.startsWith("Flo"), line);
});

testPage("Write reads and writes one line of a model of lines at a time", async ({ page }) => {
  await trainOnNames(page);
  const field = page.locator("#write textarea");
  const first = () => page.locator(".candidates li:first-child").textContent();
  const candidate = (name: string) =>
    page.locator(`.candidates li:first-child bdi:text-is("${name}")`).waitFor();
  await field.fill("Flofre");
  await candidate("d");
  const alone = await first();
  // Earlier lines change nothing.
  await field.fill("Be");
  await page.waitForFunction(
    `document.querySelector(".candidates li").textContent !== ${JSON.stringify(alone)}`,
  );
  await field.fill("Danton\nElina\nFlofre");
  await candidate("d");
  assertEquals(await first(), alone);

  // A line that has not begun may begin as any.
  await field.fill("Danton\n");
  await page.waitForFunction(
    `/[ABCDEFGHIJ]/.test(document.querySelector(".candidates li bdi").textContent)`,
  );
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForFunction(
    `/^Danton\\n.+\\n$/.test(document.querySelector("#write textarea").value)`,
  );
});
