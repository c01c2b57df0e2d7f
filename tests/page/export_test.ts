/** A training as one HTML file, in Chromium. */
import { assert, assertEquals } from "@std/assert";
import { fillTemplate } from "../../page/files/export_record.ts";
import { waitUntilReady } from "./actions.ts";
import { launchBrowser, testPage } from "./browser.ts";

Deno.test("fillTemplate() puts data into a script that they cannot end", () => {
  const record = { training: { samples: [{ text: "</script><script>alert(1)<!--" }] } };
  const page = fillTemplate("<script>%RECORD%</script>", record as never);
  assertEquals(page.match(/<\/?script|<!--/g), ["<script", "</script"]);
  assertEquals(JSON.parse(page.slice(8, -9)), record);
});

testPage(
  "The exported page works from a file: curves, samples, writing and looking inside",
  async ({ page, address }) => {
    const folder = Deno.makeTempDirSync();
    try {
      await page.getByRole("radio", { name: /Your own/ }).focus();
      await page.getByRole("radio", { name: /Your own/ }).press(" ");
      const markup = "</script><img src=x onerror=alert(1)><!-- \u2028 “q” 🐚 ";
      await page.getByLabel("Your text").fill(markup.repeat(60));
      // It does not end before it is paused.
      await page.getByLabel("end of the training").selectOption("minutes");
      await waitUntilReady(page);
      await page.getByRole("button", { name: "Train", exact: true }).click();
      await page.locator("#samples pre.sample:has-text('i')").waitFor();
      await page.locator("#write textarea").waitFor();
      await page.getByRole("button", { name: "Pause" }).click();
      await page.getByRole("button", { name: "Resume" }).waitFor();
      const written = await page.locator("#samples pre.sample").textContent();
      const downloaded = page.waitForEvent("download");
      await page.getByRole("button", { name: "Export as one HTML file" }).click();
      const download = await downloaded as {
        saveAs(path: string): Promise<void>;
        suggestedFilename(): string;
      };
      assertEquals(download.suggestedFilename(), "pasted-text.html");
      const path = `${folder}/page.html`;
      await download.saveAs(path);

      const browser = await launchBrowser(address);
      try {
        const context = await browser.newContext();
        await context.setOffline(true);
        const exported = await context.newPage();
        const errors: string[] = [];
        exported.on("pageerror", (error) => errors.push(error.message));
        exported.on("console", (message) => {
          if (message.type() === "error") errors.push(message.text());
        });
        const requests: string[] = [];
        exported.on("request", (request) => requests.push(request.url()));
        await exported.goto(`file://${path}`);
        assertEquals(await exported.locator("#samples pre.sample").textContent(), written);
        assert(await exported.locator("#curves canvas").count() > 0);
        // The best model may be an earlier one than the latest.
        await exported.locator(".candidates tr, .candidates li").first().waitFor();
        await exported.getByRole("button", { name: "Continue" }).click();
        await exported.waitForFunction(
          "document.querySelector('.write-field textarea').value.length > 20",
        );
        await exported.locator(".inside-text").waitFor();
        assertEquals(await exported.locator("img").count(), 0);
        assertEquals(errors, []);
        assertEquals(requests.filter((url) => !/^(file|blob|data):/.test(url)), []);
      } finally {
        await browser.close();
      }
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
);
