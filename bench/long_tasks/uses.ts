/** Uses of the page that give its main thread most to do. */
import { corpusFromText } from "../../src/mod.ts";
import { Run } from "../../src/run/mod.ts";
import { limitSteps, train, waitUntilReady } from "../../tests/page/actions.ts";
import { type Page, withPage } from "../../tests/page/browser.ts";
import { appendMetrics } from "../../tests/page/long_run.ts";
import { type MainThreadTasks, traceMainThread } from "./main_thread.ts";

/** A use of the page. */
export interface Use {
  /** What is done, for a table. */
  readonly name: string;
  /** Uses the page, and measures its main thread while it does. */
  measure(): Promise<MainThreadTasks>;
}

/** All uses, in the order in which they are measured. */
export const uses: readonly Use[] = [
  {
    name: "train, table open, earlier samples",
    measure: () =>
      withPage(async ({ page }) => {
        await waitUntilReady(page);
        await limitSteps(page, 1_000_000);
        return await traceMainThread(page, () => trainWithTable(page));
      }),
  },
  {
    name: "compare three models",
    measure: () =>
      withPage(async ({ page }) => {
        await waitUntilReady(page);
        return await traceMainThread(page, () => compareModels(page));
      }),
  },
  {
    name: "train, write and look inside",
    measure: () =>
      withPage(async ({ page }) => {
        await train(page);
        await page.locator("#write textarea").waitFor();
        return await traceMainThread(page, () => writeAndLook(page));
      }),
  },
  { name: "look into a text of 5 MB", measure: lookIntoLongText },
  { name: "follow a run of 20,300 metrics", measure: followLongRun },
];

async function trainWithTable(page: Page): Promise<void> {
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
}

async function compareModels(page: Page): Promise<void> {
  await page.locator("#compare").getByRole("button", { name: "Compare" }).click();
  await page.locator("#compare").getByText("As a table").click();
  await page.waitForTimeout(6000);
  await page.locator("#compare").getByRole("button", { name: "Write with it" }).first().click();
  await page.waitForTimeout(1500);
}

async function writeAndLook(page: Page): Promise<void> {
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
}

async function lookIntoLongText(): Promise<MainThreadTasks> {
  const path = await Deno.makeTempFile({ suffix: ".txt" });
  try {
    const line = "The quick brown fox jumps over the lazy dog, and sleeps. ";
    const lines = Array.from({ length: 85_000 }, (_, i) => `${i} ${line}`);
    await Deno.writeTextFile(path, lines.join("\n"));
    return await withPage(async ({ page }) => {
      await train(page);
      await page.locator('#inside summary:has-text("another text")').click();
      await page.locator("#inside form input[type=file]").focus();
      return await traceMainThread(page, async () => {
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
    });
  } finally {
    await Deno.remove(path);
  }
}

async function followLongRun(): Promise<MainThreadTasks> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/run`;
  const corpus = corpusFromText("she sells sea shells by the sea shore. ".repeat(60));
  const config = { cell: "gru", hidden: 32, seqLength: 10, batchSize: 2 } as const;
  const limits = { steps: 300, logEvery: 20, sampleEvery: 0 };
  try {
    return await withPage(({ page }) =>
      traceMainThread(page, async () => {
        {
          using training = await Run.create(corpus, { path, config, limits });
          await training.train();
        }
        await page.locator("#samples pre.sample:has-text('s')").waitFor();
        appendMetrics(path, 20_000);
        await page.getByRole("cell", { name: "20,300", exact: true }).waitFor();
        await page.getByText("Table of the losses").click();
        await page.locator(".inside-text").focus();
        await page.waitForTimeout(2000);
      }), { runs: [path], hash: "?follow" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
