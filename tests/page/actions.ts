/** What tests do with the page. */
import type { Page } from "./browser.ts";

/** Waits until the page has picked a configuration for its text. */
export async function waitUntilReady(page: Page): Promise<void> {
  await page.waitForFunction('document.querySelector(".run-bar .primary")?.disabled === false');
}

/** Starts to train, and waits for the first sample. */
export async function train(page: Page): Promise<void> {
  await waitUntilReady(page);
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await page.locator(".sample .prompt").first().waitFor({ state: "attached" });
}

/** Chooses a text of one's own: a file, as if it was opened. */
export async function openText(
  page: Page,
  { name, contents }: { readonly name: string; readonly contents: string | Uint8Array },
): Promise<void> {
  await page.getByRole("radio", { name: /Your own/ }).click();
  const bytes = typeof contents === "string" ? new TextEncoder().encode(contents) : contents;
  const { Buffer } = await import("node:buffer");
  await page.locator('.own input[type="file"]').setInputFiles({
    ...{ name, mimeType: "text/plain", buffer: Buffer.from(bytes) },
  });
}

/** Drops a file on the page. */
export async function dropText(
  page: Page,
  { name, contents }: { readonly name: string; readonly contents: string },
): Promise<void> {
  await page.evaluate(`{
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([${JSON.stringify(contents)}], ${JSON.stringify(name)}));
    dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  }`);
}

/** Limits the training to a number of steps. */
export async function limitSteps(page: Page, steps: number): Promise<void> {
  await page.getByLabel("end of the training").selectOption("steps");
  await page.getByLabel("limit", { exact: true }).fill(String(steps));
  await page.getByLabel("limit", { exact: true }).press("Tab");
  await page.waitForTimeout(300);
}
