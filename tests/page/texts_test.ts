/** Texts of all kinds in the page. */
import { assert, assertEquals } from "@std/assert";
import { limitSteps, openText, train, waitUntilReady } from "./actions.ts";
import { type Page, testPage } from "./browser.ts";

/** Waits for the facts of a text. */
async function factsOf(page: Page, beginning: string): Promise<string> {
  await page.waitForFunction(
    `document.querySelector(".text-facts").textContent.includes(${JSON.stringify(beginning)})`,
  );
  return (await page.locator(".text-facts").textContent())!;
}

testPage("The page trains on each bundled text", async ({ page }) => {
  for (const [kind, chars] of [["Verse", "94,653"], ["Structure", "92,390"], ["Prose", "84,891"]]) {
    await page.getByRole("radio", { name: new RegExp(kind!) }).click();
    await factsOf(page, `${chars} characters`);
    await train(page);
    await page.getByRole("button", { name: "Reset" }).click();
  }
});

testPage("The page trains on a text of 5 MB without long tasks of its own", async ({ page }) => {
  await waitUntilReady(page);
  const line = "The quick brown fox jumps over the lazy dog, and the dog sleeps on. ";
  const contents = Array.from({ length: 75_000 }, (_, i) => `${i} ${line}`).join("\n");
  assert(contents.length > 5e6);
  await openText(page, { name: "long.txt", contents });
  await factsOf(page, "5,");
  await train(page);
  await page.locator(".steps-learned li").nth(1).waitFor();
});

testPage("The page trains on a text of one character", async ({ page }) => {
  await waitUntilReady(page);
  await openText(page, { name: "a.txt", contents: "a".repeat(2000) });
  await factsOf(page, "2,000 characters, 1 distinct");
  await limitSteps(page, 50);
  await train(page);
  await page.getByRole("button", { name: "Train on" }).waitFor();
  assert(/^a+$/.test((await page.locator(".sample").textContent())!));
});

testPage("The page says what is wrong with a text that is too short", async ({ page }) => {
  await waitUntilReady(page);
  await openText(page, { name: "short.txt", contents: "ab" });
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await page.getByRole("alert").waitFor();
  // Longer than a configuration takes, which would clear the message.
  await page.waitForTimeout(800);
  assert((await page.getByRole("alert").textContent())!.includes("characters"));
});

testPage("The page says that a file is not UTF-8", async ({ page }) => {
  await waitUntilReady(page);
  await openText(page, { name: "latin1.txt", contents: new Uint8Array([0x61, 0xe9, 0x62, 0x0a]) });
  await page.getByRole("alert").waitFor();
  assert((await page.getByRole("alert").textContent())!.includes("UTF-8"));
  assertEquals(await page.getByRole("button", { name: "Train", exact: true }).isEnabled(), false);
  assertEquals(await page.locator(".preview").textContent(), "");
  await openText(page, { name: "empty.txt", contents: "" });
  await page.getByText("it is empty").waitFor();
});

testPage("The page keeps emoji and right-to-left text whole", async ({ page }) => {
  await waitUntilReady(page);
  const contents = "שלום עולם 👩‍🚀🚀 مرحبا بالعالم 😀\n".repeat(120);
  await openText(page, { name: "mixed.txt", contents });
  await factsOf(page, `${[...contents].length.toLocaleString("en")} characters`);
  await train(page);
  await page.locator(".steps-learned li").nth(1).waitFor();
  const sample = (await page.locator(".sample").textContent())!;
  assert(sample.isWellFormed());
  assertEquals([...sample].filter((character) => !contents.includes(character)), []);
});

testPage("The page shows a text with markup as text", async ({ page }) => {
  await waitUntilReady(page);
  const contents = '<img src=x onerror="window.injected = true"><script>injected = 1</script>\n'
    .repeat(60);
  await page.getByRole("radio", { name: /Your own/ }).click();
  await page.getByLabel("Your text").fill(contents);
  await factsOf(page, "distinct");
  await train(page);
  await page.locator(".steps-learned li").nth(1).waitFor();
  assertEquals(await page.evaluate("window.injected ?? null"), null);
  assertEquals(await page.locator("#samples img").count(), 0);
});
