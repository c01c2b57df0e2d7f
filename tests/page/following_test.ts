/** Following runs of the command line, in Chromium. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readCorpus } from "../../src/files/mod.ts";
import { Run, RunFolder } from "../../src/run/mod.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { contentsOf, namesIn } from "../folders.ts";
import { assertAccessible } from "./accessibility.ts";
import { testPage } from "./browser.ts";
import { appendMetrics } from "./long_run.ts";

const sentence = "she sells sea shells by the sea shore. ";
const corpus = corpusFromText(sentence.repeat(60), "shells.txt");
const config = { cell: "rnn", layers: 1, hidden: 24, seqLength: 10, batchSize: 2 } as const;
const limits = { steps: 300, logEvery: 20, sampleEvery: 0 };

const temporary = Deno.permissions.querySync({ name: "write" }).state === "granted"
  ? Deno.makeTempDirSync()
  : "/nowhere";
addEventListener("unload", () => {
  if (temporary !== "/nowhere") Deno.removeSync(temporary, { recursive: true });
});

const one = `${temporary}/one`;
testPage(
  "The page follows a run from before its start to its end, and never writes into it",
  async ({ page }) => {
    const panel = page.locator("#follow");
    await panel.getByRole("cell", { name: "not started yet" }).waitFor();
    {
      using run = await Run.create(corpus, { path: one, config, limits });
      await panel.getByRole("cell", { name: /^training/ }).waitFor();
      await run.train();
    }
    await panel.getByRole("cell", { name: "finished" }).waitFor();
    // The text of this run is in no file; that of the next test is.
    await panel.getByText(/There are no baselines, because the text "shells.txt"/).waitFor();
    await panel.getByRole("cell", { name: "300", exact: true }).waitFor();
    assertEquals(await panel.getByRole("cell", { name: "rnn 1×24" }).count(), 1);
    await page.locator("#samples pre.sample:has-text('s')").waitFor();
    assertEquals(await page.getByRole("button", { name: "Train", exact: true }).count(), 0);

    const before = [namesIn(one), contentsOf(one)];
    const file = `${one}/best.safetensors`;
    const good = Deno.readFileSync(file);
    Deno.writeTextFileSync(file, "garbage");
    await panel.getByText(/Cannot read the checkpoint .*one\/best\.safetensors/).waitFor();
    assertEquals(await panel.locator(".problems li").count(), 1);
    Deno.writeFileSync(file, good);
    await page.waitForFunction("document.querySelectorAll('.problems li').length === 0");
    assertEquals([namesIn(one), contentsOf(one)], before);

    {
      using run = await Run.resume(await RunFolder.open(one), corpus, { limits: { steps: 400 } });
      await run.train();
    }
    await panel.getByRole("cell", { name: "400", exact: true }).waitFor();
    Deno.removeSync(one, { recursive: true });
    await panel.getByRole("cell", { name: "removed" }).waitFor();
    assert((await page.locator("#samples pre.sample").textContent())!.length > 10);
  },
  { runs: [one], hash: "?follow" },
);

const long = `${temporary}/long`;
testPage(
  "The page shows a hundred rows of the table at once, however many a run has",
  async ({ page }) => {
    {
      using run = await Run.create(corpus, { path: long, config, limits });
      await run.train();
    }
    const follow = page.locator("#follow");
    await follow.getByRole("cell", { name: "300", exact: true }).waitFor();
    appendMetrics(long, 20_000);
    await follow.getByRole("cell", { name: "20,300", exact: true }).waitFor();
    await page.getByText("Table of the losses").click();
    const table = page.locator(".loss-table");
    const first = table.locator("tbody tr").first().locator("td").first();
    await table.getByRole("cell", { name: "20,300", exact: true }).waitFor();
    assertEquals(await table.locator("tbody tr").count(), 100);
    assertEquals(await first.textContent(), "20,300");
    await table.getByRole("button", { name: "Earlier rows" }).click();
    await page.waitForFunction(
      `document.querySelector(".loss-table tbody td").textContent !== "20,300"`,
    );
    assertEquals(await table.locator("tbody tr").count(), 100);
    assert(Number((await first.textContent())!.replace(",", "")) <= 20_200);
  },
  { runs: [long], hash: "?follow" },
);

const several = ["rnn", "gru", "lstm"].map((cell) => `${temporary}/${cell}`);
testPage(
  "The page shows the curves of several runs together, and the model of one of them",
  async ({ page }) => {
    Deno.writeTextFileSync(`${temporary}/shells.txt`, sentence.repeat(60));
    using corpus = await readCorpus(`${temporary}/shells.txt`);
    for (const path of several) {
      const cell = path.split("/").at(-1) as "rnn";
      using run = await Run.create(corpus, { path, config: { ...config, cell }, limits });
      await run.train();
    }
    const panel = page.locator("#follow");
    for (const cell of ["rnn 1×24", "gru 1×24", "lstm 1×24"]) {
      await panel.getByRole("cell", { name: cell }).waitFor();
    }
    await page.waitForFunction(
      "document.querySelectorAll('#follow td').length === 21 && " +
        "[...document.querySelectorAll('#follow tr')].every((row) => !/–/.test(row.textContent))",
    );
    await page.locator("#follow .legend:has-text('baselines')").waitFor();
    await page.locator("#curves .legend:has-text('baselines')").waitFor();
    await panel.getByText("As a table").click();
    assertMatch(
      (await panel.locator("figure table").textContent())!,
      /characters *rnn *gru *lstm.*\d\.\d{3}/,
    );
    await panel.getByRole("radio", { name: /lstm/ }).focus();
    await panel.getByRole("radio", { name: /lstm/ }).press(" ");
    await page.locator("#samples pre.sample:has-text('s')").waitFor();
  },
  { runs: several, hash: "?follow" },
);

for (const [colorScheme, ...widths] of [["light", 360, 1200], ["dark", 1200, 360]] as const) {
  const pair = ["first", "second"].map((name) => `${temporary}/${colorScheme}/${name}`);
  testPage(
    `Followed runs have no violations that axe-core finds, and work by keyboard alone: ${colorScheme}`,
    async ({ page }) => {
      const panel = page.locator("#follow");
      await panel.getByText("not started yet").first().waitFor();
      await assertAccessible(page, "before the runs", { widths });
      Deno.mkdirSync(`${temporary}/${colorScheme}`);
      for (const path of pair) {
        using run = await Run.create(corpus, { path, config, limits });
        await run.train();
      }
      await page.waitForFunction(
        "document.querySelectorAll('#follow .model-choice input:enabled').length === 2 && " +
          "!/training|not started/.test(document.querySelector('#follow .runs').textContent)",
      );
      await page.locator("#samples pre.sample:has-text('s')").waitFor();
      const reach = async (selector: string) => {
        const isThere = `document.activeElement?.matches(${JSON.stringify(selector)}) === true`;
        for (let presses = 0; presses < 100; presses++) {
          if (await page.evaluate<boolean>(isThere)) return;
          await page.keyboard.press("Tab");
        }
        throw new Error(`The keyboard does not reach ${selector}`);
      };
      const isChecked = (selector: string) =>
        page.waitForFunction(`document.querySelector(${JSON.stringify(selector)}).checked`);
      await reach('#follow [name="followed-run"]');
      await page.keyboard.press("ArrowDown");
      await isChecked('#follow tr:last-child [name="followed-run"]');
      await reach('#follow [name="followed-model"]');
      await page.keyboard.press("ArrowRight");
      await isChecked('#follow .model-choice label:last-of-type [name="followed-model"]');
      await page.keyboard.press("ArrowLeft");
      await isChecked('#follow .model-choice label:first-of-type [name="followed-model"]');
      await reach("#follow .comparison select");
      await page.keyboard.press("ArrowDown");
      await page.waitForFunction(
        "document.querySelector('#follow .comparison select').value === 'training'",
      );
      await reach("#follow figure summary");
      await page.keyboard.press("Enter");
      await panel.locator("figure table td").first().waitFor();
      await page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)");
      await page.waitForTimeout(500);
      await assertAccessible(page, "all tables open", { widths });
      Deno.writeTextFileSync(`${pair[0]}/best.safetensors`, "garbage");
      await panel.locator(".problems li").waitFor();
      await assertAccessible(page, "a damaged checkpoint", { widths });
    },
    {
      ...{ runs: pair, hash: "?follow" },
      context: { colorScheme, viewport: { width: widths[0], height: 800 } },
    },
  );
}
