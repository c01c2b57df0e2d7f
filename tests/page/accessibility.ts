/** Whether everyone can use what the page shows. */
import { assertEquals } from "@std/assert";
import type { Page } from "./browser.ts";

const HEIGHT = 800;

/**
 * Asserts that axe-core finds no violations of accessibility rules, and that the page does not scroll
 * sideways.
 *
 * @param what What the page shows, for the message.
 * @param options `widths`: in pixels, of which the page has the first; it ends with that, too.
 */
export async function assertAccessible(
  page: Page,
  what: string,
  { widths }: { readonly widths?: readonly number[] } = {},
): Promise<void> {
  for (const width of widths ?? [undefined]) {
    if (width !== undefined) await resize(page, width);
    const name = width === undefined ? what : `${what}, ${width} pixels`;
    assertEquals(await violationsOf(page), [], name);
    const overflow = "document.documentElement.scrollWidth - innerWidth";
    assertEquals(await page.evaluate<number>(overflow), 0, name);
  }
  if (widths !== undefined) await resize(page, widths[0]!);
}

async function resize(page: Page, width: number): Promise<void> {
  await page.setViewportSize({ width, height: HEIGHT });
  // Charts and colored texts are drawn again in the frames that follow.
  await page.waitForTimeout(300);
}

/** Violations of accessibility rules that axe-core finds. */
async function violationsOf(page: Page): Promise<string[]> {
  // Looked up when it is needed, so that other tests do not download it.
  const name = "npm:axe-core@4.14.1";
  const { default: axe } = await import(name);
  await page.addScriptTag({ content: axe.source });
  return await page.evaluate(`axe.run().then(({ violations }) => violations.flatMap(
    ({ id, nodes }) => nodes.map(({ html, any }) => id + ": " + html.slice(0, 160) +
      (any[0] ? " (" + any[0].message + ")" : ""))))`);
}
