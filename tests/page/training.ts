/** A model for tests of the panels that use one. */
import { limitSteps } from "./actions.ts";
import type { Page } from "./browser.ts";

/** How {@linkcode trainOn} trains. */
export interface TrainOnOptions {
  /** The text. */
  readonly text: string;
  /** Whether training continues. Default: it pauses at the first model. */
  readonly goesOn?: boolean;
}

/** Trains on a text of one's own until there is a model. */
export async function trainOn(page: Page, { text, goesOn = false }: TrainOnOptions): Promise<void> {
  await page.locator("input[name=text][value=own]").click();
  await page.getByLabel("Your text", { exact: true }).fill(text);
  await page.waitForFunction('document.querySelector(".primary")?.disabled === false');
  // The automatic limit of a short text is reached in seconds.
  if (goesOn) await limitSteps(page, 1_000_000);
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await page.locator("#write textarea").waitFor();
  if (goesOn) return;
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Resume" }).waitFor();
}
