/** Comparing models, in Chromium. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { testPage } from "./browser.ts";

testPage(
  "Three models are trained side by side, paused, resumed and written with",
  async ({ page }) => {
    await page.getByRole("button", { name: "Train", exact: true }).isEnabled();
    const panel = page.locator("#compare");
    await panel.getByLabel("hidden units").first().fill("48");
    await panel.getByLabel("hidden units").first().press("Enter");
    await panel.locator("select").last().selectOption("0.25");
    await page.waitForFunction("!document.querySelector('#compare button.primary').disabled");
    await panel.getByRole("button", { name: "Compare" }).click();
    await page.waitForFunction(
      "[...document.querySelectorAll('.contestants .sample')]" +
        ".filter(({ textContent }) => textContent.length > 20).length === 3",
    );
    assertEquals(await panel.locator(".contestants > section").count(), 3);
    assertMatch(
      (await panel.locator(".contestants h3").first().textContent())!,
      /rnn 2×48/,
    );
    await panel.getByRole("button", { name: "Pause all" }).click();
    await panel.getByRole("button", { name: "Resume all" }).waitFor();
    const figures = await panel.locator(".contestants").textContent();
    await page.waitForTimeout(1000);
    assertEquals(await panel.locator(".contestants").textContent(), figures);

    await panel.getByRole("button", { name: "Write with it" }).last().click();
    await page.locator("#write .candidates").waitFor();
    await page.locator("#write .model-note").getByRole("button", { name: "Close it" }).click();
    await page.locator("#write .placeholder").waitFor();

    await panel.getByRole("button", { name: "Resume all" }).click();
    await panel.getByText("As a table").click();
    await page.waitForFunction(
      "document.querySelector('#compare button.primary').disabled",
    );
    const table = (await panel.locator("figure table").textContent())!;
    assertMatch(table, /time.*rnn 2×48.*gru.*lstm/);
    assert(/1[4-6](\.\d)? s/.test(table), table);
    await panel.getByRole("button", { name: "Start over" }).click();
    assertEquals(await panel.locator(".contestants").count(), 0);
  },
);
