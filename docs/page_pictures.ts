/**
 * Takes the pictures of the page that documents show, from a real training of `examples/alice.txt`.
 *
 *     deno task page-pictures
 *
 * It takes some minutes, and needs Chromium.
 */
import { checkArguments } from "../project_task.ts";
import { withPage } from "../tests/page/browser.ts";

/** A picture: the file, and how the page looks in it. */
interface Picture {
  readonly file: string;
  readonly colorScheme: "light" | "dark";
  readonly width: number;
  readonly height: number;
  /** The element at the upper edge. */
  readonly top: string;
}

/** Part of the training before the pictures, 0 to 1, so that they are alike on any machine. */
const TRAINED = 0.6;
/** Time that it may take, in milliseconds. */
const TRAINING_TIMEOUT_MS = 300_000;
/** Quality of the images, 0 to 100. */
const QUALITY = 82;

const pictures: readonly Picture[] = [
  {
    ...{ file: "docs/page-training.webp", colorScheme: "light", width: 1200, height: 890 },
    top: ".learning",
  },
  {
    ...{ file: "docs/page-inside.webp", colorScheme: "light", width: 1200, height: 805 },
    top: "#inside",
  },
  {
    ...{ file: "docs/page-phone.webp", colorScheme: "dark", width: 390, height: 844 },
    top: "#samples",
  },
];

async function take(picture: Picture): Promise<void> {
  const { file, colorScheme, width, height, top } = picture;
  const context = { colorScheme, viewport: { width, height }, deviceScaleFactor: 1.5 };
  await withPage(async ({ page }) => {
    await page.waitForFunction('document.querySelector(".run-bar .primary")?.disabled === false');
    await page.getByRole("button", { name: "Train", exact: true }).click();
    const isTrained = `document.querySelector(".run-bar progress")?.value >= ${TRAINED}`;
    await page.waitForFunction(isTrained, undefined, { timeout: TRAINING_TIMEOUT_MS });
    await page.mouse.move(1, 1);
    await page.evaluate(`{
      const top = document.querySelector(${JSON.stringify(top)}).getBoundingClientRect().top;
      const bar = document.querySelector(".run-bar").offsetHeight;
      // The bar has a rule, and covers that of the panel.
      scrollBy({ top: top - bar + 1, behavior: "instant" });
    }`);
    await page.waitForTimeout(300);
    const session = await page.context().newCDPSession(page);
    const options = { format: "webp", quality: QUALITY };
    const { data } = await session.send("Page.captureScreenshot", options);
    await Deno.writeFile(file, Uint8Array.fromBase64(data));
    console.log(`${file}: ${Math.round(0.75 * data.length / 1000)} kB`);
  }, { context });
}

if (import.meta.main) {
  await checkArguments("page-pictures", "Take the pictures of the page that documents show");
  Deno.chdir(new URL("../", import.meta.url));
  for (const picture of pictures) await take(picture);
  // Playwright keeps the process alive.
  Deno.exit(0);
}
