/** Training in the page. */
import { assert, assertEquals } from "@std/assert";
import { type Page, testPage } from "./browser.ts";

/** Waits until the page has picked a configuration, and starts to train. */
async function train(page: Page): Promise<void> {
  await page.waitForFunction('document.querySelector(".primary")?.disabled === false');
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await page.locator(".sample .prompt").waitFor();
}

testPage("The page is isolated, trains, pauses and takes one step", async ({ page }) => {
  assertEquals(await page.evaluate<boolean>("crossOriginIsolated"), true);
  await train(page);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Resume" }).waitFor();
  const step = async () =>
    Number((await page.locator(".figures dd").first().textContent())!.replaceAll(",", ""));
  const paused = await step();
  await page.getByRole("button", { name: "One step" }).click();
  await page.waitForFunction(
    `document.querySelector(".figures dd").textContent !== "${paused.toLocaleString("en")}"`,
  );
  await page.getByRole("button", { name: "Resume" }).waitFor();
  assertEquals(await step(), paused + 1);
  assert((await page.locator(".sample").textContent())!.startsWith("Alice "));
  await page.getByRole("button", { name: "Reset" }).click();
  await page.getByText("The first sample comes").waitFor();
});
