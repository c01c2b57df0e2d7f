/** Training in the page. */
import { assert, assertEquals } from "@std/assert";
import { testPage } from "./browser.ts";

testPage("The page is isolated, trains, pauses and takes one step", async ({ page }) => {
  assertEquals(await page.evaluate<boolean>("crossOriginIsolated"), true);
  await page.getByRole("button", { name: "Train" }).click();
  await page.locator("#samples-title + pre:not(:empty)").waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("paused").waitFor();
  assert(await page.locator("#samples-title + pre").textContent());
});
