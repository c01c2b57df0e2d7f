/** The page for everyone: by keyboard, with a screen reader, on a phone, in both schemes. */
import { assert, assertEquals } from "@std/assert";
import { assertAccessible } from "./accessibility.ts";
import { train, waitUntilReady } from "./actions.ts";
import { testPage } from "./browser.ts";

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1200, 360]) {
    testPage(
      `The page has no violations that axe-core finds: ${colorScheme}, ${width} pixels`,
      async ({ page }) => {
        await waitUntilReady(page);
        await assertAccessible(page, "before training");
        await train(page);
        await page.locator(".steps-learned li").nth(1).waitFor();
        await page.getByRole("button", { name: "Pause" }).click();
        await page.getByRole("button", { name: "Resume" }).waitFor();
        await assertAccessible(page, "training");
      },
      { context: { colorScheme, viewport: { width, height: 800 } } },
    );
  }
}

for (const [colorScheme, ...widths] of [["light", 360, 1200], ["dark", 1200, 360]] as const) {
  testPage(
    `Each panel in use has no violations that axe-core finds: ${colorScheme}, 360 and 1200 pixels`,
    async ({ page }) => {
      const check = (what: string) => assertAccessible(page, what, { widths });
      await train(page);
      await page.locator(".candidates li").first().waitFor();
      await page.getByRole("button", { name: "Pause" }).click();
      await page.getByRole("button", { name: "Resume" }).waitFor();
      for (const mode of ["One unit", "Connections"]) {
        await page.locator(`#inside .segments label:has-text("${mode}")`).click();
        await page.locator(".inside-text").focus();
        await page.locator(".inside-detail dl").waitFor();
        await check(mode);
      }
      for (const method of ["Greedy", "Beam search"]) {
        await page.locator(`#write .segments label:has-text("${method}")`).click();
      }
      await page.locator("#compare").getByRole("button", { name: "Compare" }).click();
      await page.waitForFunction(
        "[...document.querySelectorAll('.contestants .sample')]" +
          ".filter(({ textContent }) => textContent.length > 20).length === 3",
      );
      await page.locator("#compare").getByRole("button", { name: "Pause all" }).click();
      await page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)");
      await page.waitForTimeout(500);
      await check("all tables open");
      // Each chart has a table behind it.
      assertEquals(await page.locator("figure.line-chart").count(), 2);
      assertEquals(await page.locator("figure.line-chart table").count(), 2);
    },
    { context: { colorScheme, viewport: { width: widths[0], height: 800 } } },
  );
}

testPage("The page can be used by keyboard alone", async ({ page }) => {
  await waitUntilReady(page);
  const focused = () =>
    page.evaluate<string>(
      '(document.activeElement.getAttribute("aria-label") ?? "") + document.activeElement.textContent',
    );
  const tabTo = async (text: string) => {
    for (let presses = 0; presses < 150; presses++) {
      if ((await focused()).startsWith(text)) return;
      await page.keyboard.press("Tab");
    }
    throw new Error(`The keyboard does not reach ${text}`);
  };
  // The radio buttons of the texts come after the links of the introduction; arrows choose another.
  for (let i = 0; i < 3; i++) await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowRight");
  await page.getByText("154 sonnets").waitFor();
  await tabTo("Train");
  await waitUntilReady(page);
  await page.keyboard.press("Enter");
  await page.locator(".steps-learned li").nth(2).waitFor();
  assert((await focused()).startsWith("Pause"));
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Resume" }).waitFor();
  await page.waitForTimeout(200);
  const step = async () => await page.locator(".sample-facts").textContent();
  const latest = await step();
  await tabTo("Earlier sample");
  await page.keyboard.press("Enter");
  assert(await step() !== latest);
  // The slider, which has no text.
  await tabTo("Sample");
  await page.keyboard.press("ArrowRight");
  assertEquals(await step(), latest);
});

testPage("Comparing, looking inside and writing work by keyboard alone", async ({ page }) => {
  await train(page);
  await page.locator(".candidates li").first().waitFor();
  const press = async (selector: string, key: string) => {
    for (let presses = 0; presses < 250; presses++) {
      const isThere = `document.activeElement?.matches(${JSON.stringify(selector)}) === true`;
      if (await page.evaluate<boolean>(isThere)) return await page.keyboard.press(key);
      await page.keyboard.press("Tab");
    }
    throw new Error(`The keyboard does not reach ${selector}`);
  };
  await press("#write .write-controls [type=submit]", "Enter");
  await page.waitForFunction('document.querySelector("#write textarea").value.length > 40');
  await press('#inside [name="inside-mode"]', "ArrowRight");
  await page.locator(".ranking li").first().waitFor();
  await press(".inside-text", "ArrowRight");
  await page.getByRole("button", { name: "Follow the pointer" }).waitFor();
  await press("#compare button.primary", "Enter");
  await page.locator(".contestants > section").nth(2).waitFor();
  await press("#compare button.primary", "Enter");
  await page.getByRole("button", { name: "Resume all" }).waitFor();
  await press("#files input[type=file]", "Tab");
});

testPage("The page announces changes, and the chart has a table", async ({ page }) => {
  await train(page);
  assertEquals(await page.locator('[role="status"]').first().textContent(), "Training");
  await page.getByText("Table of the losses").click();
  await page.locator(".loss-table td").first().waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.waitForFunction(
    'document.querySelector("[role=status]").textContent.startsWith("paused at step")',
  );
});
