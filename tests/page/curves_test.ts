/** The curves of the losses, in Chromium. */
import { assertEquals, assertMatch } from "@std/assert";
import { train } from "./actions.ts";
import { testPage } from "./browser.ts";

testPage(
  "The curves show the losses under the pointer, beside baselines, and select samples",
  async ({ page }) => {
    await train(page);
    await page.locator(".steps-learned li").nth(2).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Resume" }).waitFor();
    const legend = page.locator("#curves .legend");
    await page.locator("#curves .legend:has-text('baselines')").waitFor();
    assertMatch(
      (await page.locator("#curves figcaption").textContent())!,
      /the training loss is .* Baselines: uniform 4\.\d+, unigram 3\.\d+, bigram 2\.\d+, gzip/,
    );
    const latest = await legend.textContent();
    const shown = await page.locator(".sample-facts").textContent();
    await page.locator("#curves .u-over").click({ position: { x: 2, y: 40 } });
    await page.waitForFunction(
      `document.querySelector("#curves .legend").textContent !== ${JSON.stringify(latest)}`,
    );
    assertMatch((await legend.textContent())!, /training [34]\.\d{3}.*step \d{1,2}$/);
    await page.waitForFunction(
      `document.querySelector(".sample-facts").textContent !== ${JSON.stringify(shown)}`,
    );
    assertEquals(await page.locator(".steps-learned [aria-current=true]").count(), 1);
    assertEquals(
      await page.locator(".steps-learned li").first().locator("[aria-current=true]").count(),
      1,
    );
    // A change of the scheme draws the chart with other colors.
    const colorOfPixels = `(() => {
      const canvas = document.querySelector("#curves canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let sum = 0;
      for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200) sum += data[i] - 128;
      return Math.sign(sum);
    })()`;
    const before = await page.evaluate(colorOfPixels);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.waitForFunction(`${colorOfPixels} !== ${before}`);
  },
);
