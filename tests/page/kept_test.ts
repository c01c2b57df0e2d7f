/** Trainings that the browser keeps: reloads, crashes, several tabs, and no storage. */
import { assert, assertEquals } from "@std/assert";
import { commands, exitCodeOf } from "../../src/cli/main.ts";
import { readCheckpoint } from "../../src/files/mod.ts";
import { type Checkpoint, encodeCheckpoint } from "../../src/mod.ts";
import { openText, waitUntilReady } from "./actions.ts";
import { type Page, testPage } from "./browser.ts";

const contents = "she sells sea shells by the sea shore; naïve 🐚! ".repeat(80);
const settings = { cell: "gru", hidden: 24, layers: 1, seqLength: 20, batchSize: 4, seed: 5 };
const flags = ["--cell=gru", "--hidden=24", "--layers=1", "--seq-length=20", "--batch-size=4"];

/** Settings in the address of the page. */
const hashOf = (steps: number) =>
  `#${new URLSearchParams(Object.entries({ ...settings, steps }).map(([k, v]) => [k, `${v}`]))}`;

/** Chooses the text, and starts to train. */
async function startOnShells(page: Page): Promise<void> {
  await waitUntilReady(page);
  await openText(page, { name: "shells.txt", contents });
  await page.locator(".text-facts:has-text('3,840 characters')").waitFor();
  await page.getByRole("button", { name: "Train", exact: true }).click();
}

/** Waits until the browser keeps a state of the training. */
async function waitUntilKept(page: Page): Promise<void> {
  await page.getByText(/This browser, and nothing else, keeps a copy of step/)
    .waitFor();
}

async function pause(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Resume" }).waitFor();
}

const offer = (page: Page) =>
  page.getByRole("button", { name: /^Continue the training of shells\.txt, step/ });

/** Saves the latest model. */
async function saveLatest(page: Page): Promise<Checkpoint> {
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    const downloaded = page.waitForEvent("download");
    await page.getByRole("button", { name: /Save the latest/ }).click();
    await (await downloaded as { saveAs(path: string): Promise<void> }).saveAs(path);
    return await readCheckpoint(path);
  } finally {
    await Deno.remove(path);
  }
}

/** The bytes of a checkpoint without its elapsed time. */
async function bytesOf(checkpoint: Checkpoint): Promise<Uint8Array> {
  const { progress, corpus } = checkpoint;
  return await encodeCheckpoint({
    ...checkpoint,
    corpus: { ...corpus!, path: "shells.txt" },
    progress: { ...progress, elapsedSeconds: 0 },
  });
}

/** The checkpoint that the command line makes in one run. */
async function trainInOneRun(steps: number): Promise<Checkpoint> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/shells.txt`, contents);
    const args = ["train", `${folder}/shells.txt`, ...flags, "--seed=5", `--steps=${steps}`];
    assertEquals(await exitCodeOf(commands, [...args, "--out", `${folder}/run`]), 0);
    return await readCheckpoint(`${folder}/run`, { which: "latest" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

testPage(
  "A training continues after a reload, with its text, limits and samples",
  async ({ page }) => {
    await startOnShells(page);
    await page.locator("#samples .steps-learned li").nth(1).waitFor();
    await pause(page);
    await waitUntilKept(page);
    const { progress: { step, elapsedSeconds } } = await saveLatest(page);
    await page.getByText(`keeps a copy of step ${step.toLocaleString("en")} until`).waitFor();
    await page.reload();
    await page.getByText("Kept in this browser only").waitFor();
    await offer(page).click();
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await pause(page);
    assertEquals(await offer(page).count(), 0);
    const { progress } = await saveLatest(page);
    assert(progress.step >= step, `step ${progress.step} after step ${step}`);
    assert(progress.elapsedSeconds > elapsedSeconds);
    assertEquals(await page.getByLabel("limit", { exact: true }).inputValue(), "500000");
    assert(await page.locator("#samples .steps-learned li").count() > 1, "earlier samples");

    // What is reset or discarded is not offered again.
    await page.getByRole("button", { name: "Reset" }).click();
    await page.reload();
    await waitUntilReady(page);
    assertEquals(await offer(page).count(), 0);
  },
  { hash: hashOf(500_000) },
);

const CRASH_STEPS = 8000;
testPage("A training continues after a crash with the same bits", async ({ page, address }) => {
  const context = page.context();
  await startOnShells(page);
  await page.locator(".sample .prompt").first().waitFor({ state: "attached" });
  await pause(page);
  await waitUntilKept(page);
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
  const session = await context.newCDPSession(page);
  const crashed = page.waitForEvent("crash");
  // It is never answered.
  session.send("Page.crash", {}).catch(() => {});
  await crashed;
  const other = await context.newPage();
  await other.goto(address);
  await offer(other).click();
  await other.getByText(`All ${CRASH_STEPS.toLocaleString("en")} steps are done.`)
    .waitFor();
  assertEquals(
    await bytesOf(await saveLatest(other)),
    await bytesOf(await trainInOneRun(CRASH_STEPS)),
  );
}, { hash: hashOf(CRASH_STEPS) });

testPage(
  "Of several tabs one has a training, and the others do not offer it",
  async ({ page, address }) => {
    const context = page.context();
    await startOnShells(page);
    await page.locator(".sample .prompt").first().waitFor({ state: "attached" });
    await pause(page);
    await waitUntilKept(page);
    const second = await context.newPage();
    await second.goto(address);
    await waitUntilReady(second);
    await second.waitForTimeout(500);
    assertEquals(await offer(second).count(), 0);
    await page.close();
    await second.reload();
    await offer(second).waitFor();
    const third = await context.newPage();
    await third.goto(address);
    await offer(third).click();
    await third.getByRole("button", { name: "Pause" }).waitFor();
    await offer(second).click();
    await offer(second).waitFor({ state: "detached" });
    await second.getByRole("button", { name: "Train", exact: true }).waitFor();
    await third.close();
    await second.reload();
    await second.getByRole("button", { name: /^Discard the training of shells.txt/ }).click();
    await offer(second).waitFor({ state: "detached" });
    await second.reload();
    await waitUntilReady(second);
    assertEquals(await offer(second).count(), 0);
  },
  { hash: hashOf(500_000) },
);

testPage("A full storage gives one line, and training continues", async ({ page, address }) => {
  const session = await page.context().newCDPSession(page);
  const quota = { origin: address.slice(0, -1), quotaSize: 1000 };
  await session.send("Storage.overrideQuotaForOrigin", quota);
  await startOnShells(page);
  await page.locator(".sample .prompt").first().waitFor({ state: "attached" });
  await pause(page);
  await page.getByText("The storage of this browser is full, so a reload loses the training.")
    .waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
  // Once there is room, the next state is kept.
  await session.send("Storage.overrideQuotaForOrigin", { ...quota, quotaSize: 1e9 });
  await page.waitForTimeout(500);
  await pause(page);
  await waitUntilKept(page);
  assertEquals(await page.getByText("so a reload loses the training").count(), 0);
}, { hash: hashOf(500_000) });

testPage(
  "Without storage the page trains, and asks before it is left",
  async ({ page, address }) => {
    await page.addInitScript({
      content:
        "delete globalThis.indexedDB; Object.defineProperty(globalThis, 'indexedDB', { get() { throw new DOMException('', 'SecurityError') } })",
    });
    await page.reload();
    assert(address !== "");
    const questions: string[] = [];
    page.on("dialog", async (dialog) => {
      questions.push(dialog.type());
      await dialog.accept();
    });
    await startOnShells(page);
    await page.getByText(
      "This browser keeps nothing for this page, so a reload loses the training.",
    )
      .waitFor();
    // Only what has taken some time is worth a question.
    await page.waitForFunction(
      'parseFloat(/after ([\\d.]+) s/.exec(document.querySelector(".sample-facts").textContent)?.[1]) > 14',
    );
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await page.reload();
    assertEquals(questions, ["beforeunload"]);
  },
  { hash: hashOf(500_000) },
);
