/** The page stays responsive: no task of its main thread takes 50 ms, whatever it does. */
import { corpusFromText } from "../../src/mod.ts";
import { Run } from "../../src/run/mod.ts";
import { limitSteps, train, waitUntilReady } from "./actions.ts";
import { testPage } from "./browser.ts";
import { assertNoLongTasks } from "./main_thread.ts";

testPage(
  "No task of the page takes 50 ms while it trains, with its table open",
  async ({ page }) => {
    await waitUntilReady(page);
    await limitSteps(page, 1_000_000);
    await assertNoLongTasks(page, async () => {
      await train(page);
      await page.waitForTimeout(5000);
      await page.getByText("Table of the losses").click();
      // There are as many samples before the last one as are gone back to.
      await page.waitForFunction(
        `document.querySelector('input[type="range"][aria-label="Sample"]').max >= 3`,
      );
      for (let i = 0; i < 3; i++) {
        await page.getByRole("button", { name: "Earlier sample" }).click();
        await page.waitForTimeout(500);
      }
    });
  },
);

testPage("No task of the page takes 50 ms while it compares three models", async ({ page }) => {
  await waitUntilReady(page);
  await assertNoLongTasks(page, async () => {
    await page.locator("#compare").getByRole("button", { name: "Compare" }).click();
    await page.locator("#compare").getByText("As a table").click();
    await page.waitForTimeout(6000);
    await page.locator("#compare").getByRole("button", { name: "Write with it" }).first().click();
    await page.waitForTimeout(1500);
  });
});

testPage(
  "No task of the page takes 50 ms while it is written with and looked into, and trains",
  async ({ page }) => {
    await train(page);
    await page.locator("#write textarea").waitFor();
    await assertNoLongTasks(page, async () => {
      await page.locator("#write textarea").focus();
      await page.keyboard.type(" and then she said");
      await page.getByRole("button", { name: "Continue" }).click();
      await page.waitForTimeout(2000);
      await page.locator(".inside-text").focus();
      await page.waitForTimeout(1500);
      for (const mode of ["One unit", "Connections", "Loss"]) {
        await page.locator(`#inside .segments label:has-text("${mode}")`).click();
        await page.locator(".inside-text").focus();
        for (let i = 0; i < 8; i++) await page.keyboard.press("ArrowDown");
        await page.waitForTimeout(1000);
      }
    });
  },
);

testPage(
  "No task of the page takes 50 ms while a text of 5 MB is looked into",
  async ({ page }) => {
    const path = await Deno.makeTempFile({ suffix: ".txt" });
    try {
      const line = "The quick brown fox jumps over the lazy dog, and sleeps. ";
      await Deno.writeTextFile(
        path,
        Array.from({ length: 85_000 }, (_, i) => `${i} ${line}`).join("\n"),
      );
      await train(page);
      await page.locator('#inside summary:has-text("another text")').click();
      await page.locator("#inside form input[type=file]").focus();
      await assertNoLongTasks(page, async () => {
        await page.locator("#inside form input[type=file]").setInputFiles(path);
        await page.getByText("Characters 1 to 50,000 of").waitFor();
        for (let i = 1; i <= 10; i++) {
          await page.evaluate(`{
          const text = document.querySelector(".inside-text");
          text.scrollTop = text.scrollHeight * ${i / 10};
        }`);
          await page.waitForTimeout(100);
        }
        await page.getByLabel("Part of the text").press("End");
        await page.waitForTimeout(3000);
      });
    } finally {
      await Deno.remove(path);
    }
  },
);

const temporary = Deno.permissions.querySync({ name: "write" }).state === "granted"
  ? Deno.makeTempDirSync()
  : "/nowhere";
addEventListener("unload", () => {
  if (temporary !== "/nowhere") Deno.removeSync(temporary, { recursive: true });
});

const run = `${temporary}/run`;
testPage(
  "No task of the page takes 50 ms while it follows a run of thousands of metrics",
  async ({ page }) => {
    const corpus = corpusFromText("she sells sea shells by the sea shore. ".repeat(60));
    await assertNoLongTasks(page, async () => {
      {
        const config = { cell: "gru", hidden: 32, seqLength: 10, batchSize: 2 } as const;
        const limits = { steps: 300, logEvery: 20, sampleEvery: 0 };
        using training = await Run.create(corpus, { path: run, config, limits });
        await training.train();
      }
      await page.locator("#samples pre.sample:has-text('s')").waitFor();
      const file = `${run}/metrics.jsonl`;
      const last = JSON.parse(Deno.readTextFileSync(file).trimEnd().split("\n").at(-1)!);
      const lines = Array.from(
        { length: 20_000 },
        (_, i) => JSON.stringify({ ...last, step: 301 + i, loss: 2 + Math.sin(i) }),
      );
      Deno.writeTextFileSync(file, `${lines.join("\n")}\n`, { append: true });
      await page.getByRole("cell", { name: "20,300", exact: true }).waitFor();
      await page.getByText("Table of the losses").click();
      await page.locator(".inside-text").focus();
      await page.waitForTimeout(2000);
    });
  },
  { runs: [run], hash: "?follow" },
);
