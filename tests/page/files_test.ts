/** Checkpoints between the page and the command line, and links, in Chromium. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { commands, exitCodeOf } from "../../src/cli/main.ts";
import { readCheckpoint } from "../../src/files/mod.ts";
import { type Checkpoint, encodeCheckpoint } from "../../src/mod.ts";
import { type Page, testPage } from "./browser.ts";

const sentence = "she sells sea shells by the sea shore; naïve 🐚! ";
const content = sentence.repeat(80);
const settings = { cell: "gru", hidden: 24, layers: 1, seqLength: 20, batchSize: 4, seed: 5 };
const flags = ["--cell=gru", "--hidden=24", "--layers=1", "--seq-length=20", "--batch-size=4"];

/** Runs a function with a new folder that holds the text. */
async function withFolder(fn: (folder: string) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${folder}/shells.txt`, content);
    await fn(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Runs a command of the command line. */
async function run(...args: string[]): Promise<void> {
  assertEquals(await exitCodeOf(commands, args), 0, args.join(" "));
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

async function bytesOfFile(path: string): Promise<Uint8Array> {
  return await bytesOf(await readCheckpoint(path, { which: "latest" }));
}

/** Chooses a text of one's own. */
async function openText(page: Page, path: string): Promise<void> {
  await page.getByRole("radio", { name: /Your own/ }).focus();
  await page.getByRole("radio", { name: /Your own/ }).press(" ");
  await page.locator(".own input[type=file]").setInputFiles(path);
  await page.locator(".text-facts:has-text('3,840 characters')").waitFor();
}

/** Presses a button that saves a file, and saves it there. */
async function save(page: Page, button: RegExp, path: string): Promise<void> {
  const downloaded = page.waitForEvent("download");
  await page.getByRole("button", { name: button }).click();
  const download = await downloaded as { saveAs(path: string): Promise<void> };
  await download.saveAs(path);
}

const fragment = new URLSearchParams(
  Object.entries({ ...settings, steps: 8000 }).map(([key, value]) => [key, `${value}`]),
);

testPage(
  "A checkpoint of the page continues on the command line with the same bits",
  async ({ page }) => {
    await withFolder(async (folder) => {
      await page.getByText(/Set by the link: cell gru, hidden units 24, .*steps 8000/).waitFor();
      await openText(page, `${folder}/shells.txt`);
      await page.getByRole("button", { name: "Train", exact: true }).click();
      await page.getByRole("button", { name: "Pause" }).click();
      await page.getByRole("button", { name: "Resume" }).waitFor();
      await page.getByRole("button", { name: "One step" }).click();
      await page.waitForFunction(
        "!document.querySelector('.run-bar .buttons button:nth-child(2)').disabled",
      );
      const command = await page.getByLabel("Command that trains on").inputValue();
      assertEquals(
        command,
        "deno task train shells.txt --resume shells.safetensors --steps 8000",
      );
      await save(page, /Save the latest/, `${folder}/shells.safetensors`);
      await save(page, /Save the text/, `${folder}/saved.txt`);
      assertEquals(Deno.readTextFileSync(`${folder}/saved.txt`), content);
      const { step, ended } = (await readCheckpoint(`${folder}/shells.safetensors`)).progress;
      assert(step > 0 && step < 8000 && !ended, `it was paused at step ${step}`);

      const words = command.replace("deno task ", "").split(" ")
        .map((word) => /shells/.test(word) ? `${folder}/${word}` : word);
      await run(...words, "--out", `${folder}/resumed`);
      const whole = ["train", `${folder}/shells.txt`, ...flags, "--seed=5", "--steps=8000"];
      await run(...whole, "--out", `${folder}/whole`);
      assertEquals(await bytesOfFile(`${folder}/resumed`), await bytesOfFile(`${folder}/whole`));
    });
  },
  { hash: `#${fragment}` },
);

testPage(
  "A checkpoint of the command line continues in the page with the same bits",
  async ({ page }) => {
    await withFolder(async (folder) => {
      // A run with a higher limit begins likewise.
      const steady = ["--seed=5", "--lr-schedule=constant"];
      const train = ["train", `${folder}/shells.txt`, ...flags, ...steady];
      await run(...train, "--steps=150", "--out", `${folder}/half`);
      await run(...train, "--steps=300", "--out", `${folder}/whole`);
      await page.locator("#files input[type=file]").setInputFiles(
        `${folder}/half/checkpoint.safetensors`,
      );
      await page.locator("#files").getByText(/gru 1×24, step 150/).waitFor();
      await page.getByText(/To train it on, choose its text above.*3,840 characters/).waitFor();
      await openText(page, `${folder}/shells.txt`);
      await page.getByRole("button", { name: /Train it on/ }).click();
      await page.getByRole("button", { name: "Train on", exact: true }).click();
      await page.getByRole("button", { name: /Save the latest.*step 300/ }).waitFor();
      await save(page, /Save the latest/, `${folder}/page.safetensors`);
      assertEquals(
        await bytesOfFile(`${folder}/page.safetensors`),
        await bytesOfFile(`${folder}/whole`),
      );
    });
  },
);

testPage(
  "A broken checkpoint is refused in one line, and changes nothing",
  async ({ page }) => {
    await withFolder(async (folder) => {
      await page.getByRole("button", { name: "Train", exact: true }).click();
      await page.locator("#samples pre.sample:has-text('e')").waitFor();
      await page.getByRole("button", { name: "Pause" }).click();
      const files: [name: string, contents: string][] = [
        ["empty.safetensors", ""],
        ["text.safetensors", "no checkpoint at all, but a text <img src=x onerror=alert(1)>"],
      ];
      for (const [name, contents] of files) {
        Deno.writeTextFileSync(`${folder}/${name}`, contents);
        await page.locator("#files input[type=file]").setInputFiles(`${folder}/${name}`);
        await page.getByText(new RegExp(`^Cannot read the checkpoint "${name}": [^\\n]+$`))
          .waitFor();
        assertEquals(await page.locator("#files [role=alert]").count(), 1);
      }
      await page.getByRole("button", { name: "Resume" }).waitFor();
      assertEquals(await page.getByRole("button", { name: "Close it" }).count(), 0);
    });
  },
);

testPage(
  "A link with wrong settings changes nothing, and says why",
  async ({ page }) => {
    await page.getByText(/^Cannot use the settings of the link: “hidden units” must be/).waitFor();
    assertEquals(await page.getByRole("button", { name: "Undo my changes" }).count(), 0);
  },
  { hash: "#cell=gru&hidden=<script>alert(1)</script>" },
);

testPage(
  "The link carries settings, limits, seed and prompt, and no text",
  async ({ page }) => {
    await page.waitForFunction("document.querySelector('#prompt')?.value === 'Ω & more'");
    const link = await page.getByLabel("Link with the settings").inputValue();
    assertMatch(link, /\/#cell=lstm&seed=7&minutes=2&prompt=%CE%A9\+%26\+more$/);
  },
  { hash: "#cell=lstm&seed=7&minutes=2&prompt=%CE%A9+%26+more" },
);
