/** Training in the page. */
import { assert, assertEquals } from "@std/assert";
import { limitSteps, openText, train, waitUntilReady } from "./actions.ts";
import { testPage } from "./browser.ts";

testPage("The page is isolated, trains, pauses and takes one step", async ({ page }) => {
  assertEquals(await page.evaluate<boolean>("crossOriginIsolated"), true);
  await train(page);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Resume" }).waitFor();
  const step = async () =>
    Number((await page.locator(".figures dd").first().textContent())!.replaceAll(",", ""));
  const paused = await step();
  await page.getByRole("button", { name: "One step" }).click();
  await page.waitForFunction(
    `document.querySelector(".figures dd").textContent !== "${paused.toLocaleString("en")}"`,
  );
  await page.getByRole("button", { name: "Resume" }).waitFor();
  assertEquals(await step(), paused + 1);
  assert((await page.locator(".sample").textContent())!.startsWith("Alice "));
  await page.getByRole("button", { name: "Reset" }).click();
  await page.getByText("The first sample is").waitFor();
});

testPage("A double click on Train trains", async ({ page }) => {
  await waitUntilReady(page);
  await page.getByRole("button", { name: "Train", exact: true }).dblclick();
  await page.locator(".sample .prompt").first().waitFor({ state: "attached" });
  await page.getByRole("button", { name: "Pause" }).waitFor();
});

testPage("A training that is paused before its first step can be resumed", async ({ page }) => {
  await waitUntilReady(page);
  await page.evaluate(`{
    const { click } = HTMLElement.prototype;
    click.call(document.querySelector(".run-bar .primary"));
    setTimeout(() => click.call(document.querySelector(".run-bar .primary")), 5);
  }`);
  await page.getByRole("button", { name: "Resume" }).click();
  await page.locator(".sample .prompt").first().waitFor({ state: "attached" });
});

testPage("The page says why a training has ended, and shows its best model", async ({ page }) => {
  await waitUntilReady(page);
  await limitSteps(page, 60);
  await train(page);
  await page.getByText("All 60 steps are done.").waitFor();
  await page.getByRole("button", { name: "Train on" }).click();
  await page.getByText("All 120 steps are done.").waitFor();
  await page.getByRole("button", { name: "Reset" }).click();
  assertEquals(await page.getByLabel("limit", { exact: true }).inputValue(), "60");
});

testPage("The page says that a training has stopped because it overfits", async ({ page }) => {
  // Letters without a pattern: nothing can be learned of them but themselves.
  let state = 1;
  const letters = Array.from({ length: 2000 }, () => {
    state = state * 48271 % 2147483647;
    return String.fromCharCode(97 + state % 20);
  });
  await openText(page, { name: "noise.txt", contents: letters.join("") });
  await page.locator(".text-facts:has-text('2,000 characters')").waitFor();
  await train(page);
  await page.getByText(/^Stopped early: the validation loss has not fallen in/).waitFor();
  await page.getByText(/use the best model, that of step/).waitFor();
}, { hash: "#hidden=64&layers=1&seqLength=20&batchSize=4" });

testPage("A training of some time is not lost without a question", async ({ page }) => {
  const questions: string[] = [];
  let isAccepted = false;
  page.on("dialog", async (dialog) => {
    questions.push(dialog.type());
    await (isAccepted ? dialog.accept() : dialog.dismiss());
  });
  await page.getByLabel("end of the training").selectOption("minutes");
  await train(page);
  await page.waitForFunction(
    'parseFloat(/after ([\\d.]+) s/.exec(document.querySelector(".sample-facts").textContent)?.[1]) > 11',
  );
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Resume" }).waitFor();
  await page.getByRole("button", { name: "Reset" }).click();
  await page.getByRole("button", { name: "Resume" }).waitFor();
  assertEquals(questions, ["confirm"]);
  isAccepted = true;
  // The browser keeps it.
  await page.reload();
  assertEquals(questions, ["confirm"]);
});

testPage("The code of a panel opens beside the training", async ({ page }) => {
  await train(page);
  const opened = page.context().waitForEvent("page");
  await page.locator("#samples .computed-by a").click();
  assert(await opened !== undefined);
  await page.getByRole("button", { name: "Pause" }).waitFor();
});
