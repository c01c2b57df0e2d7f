/** What `train` chooses and sums up by itself. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readCheckpoint } from "../../src/checkpoint/file.ts";
import { autoConfig } from "../../src/train/auto_config.ts";
import { succeed, testProgram } from "./program.ts";

const text = "Which of us two is the witch, and which was the witness? ".repeat(60);

testProgram("without options train chooses by the text, and says what and why", async (f) => {
  await Deno.writeTextFile(`${f}/witch.txt`, text);
  const out = await succeed(f, "train", "witch.txt", "--steps", "3");
  const { config, reasons } = autoConfig([...text].length);
  assertEquals((await readCheckpoint(`${f}/runs/witch`)).config, config);
  for (const { choice, reason } of reasons) assert(out.includes(`\n  ${choice}: ${reason}\n`));
  const preset = await succeed(f, "train", "witch.txt", "--preset", "char-rnn", "--steps", "0");
  assert(!preset.includes("Chosen"));
  assertMatch(preset, / to validate at the end of each stream\n/);
});

testProgram("the end sums up every part, beside what knows less", async (f) => {
  await Deno.writeTextFile(`${f}/witch.txt`, text);
  const args = ["witch.txt", "--out", "run", "--hidden", "8", "--steps", "60"];
  const out = await succeed(f, "train", ...args, "--val-fraction", "0.1", "--test-fraction", "0.1");
  const figure = String.raw`\d\.\d{4} \(\d\.\d{3}\)`;
  assertMatch(out, /\nnats \(bits\) per character +training +validation +test\n/);
  for (const row of ["the model", "bigram", "unigram", "uniform", "gzip -9"]) {
    assertMatch(out, new RegExp(`\n  ${row}(  +${figure}){3}\n`));
  }
  const { progress } = await readCheckpoint(`${f}/run/best.safetensors`);
  assert(progress.bestValidationLoss !== null);
  const best = progress.bestValidationLoss.toFixed(4);
  assertMatch(out, new RegExp(`\n  the model  +${figure}  +${best} `));
});

testProgram("patience that is used up is told, and more of it goes on", async (f) => {
  await Deno.writeTextFile(`${f}/witch.txt`, text);
  const wild = ["--cell", "rnn", "--hidden", "8", "--optimizer", "sgd", "--lr", "9"];
  const args = ["witch.txt", "--out", "run", ...wild, "--log-every", "1", "--patience", "2"];
  const out = await succeed(f, "train", ...args, "--steps", "5000");
  assertMatch(out, /Stopped early: 2 validations in a row were not better than the best\n/);
  const { progress } = await readCheckpoint(`${f}/run`);
  assertEquals([progress.validationsSinceBest, progress.ended], [2, true]);
  assert(progress.step < 5000);
  assertMatch(out, /\nTry it: deno task sample run\/best\.safetensors\n$/);
  const again = await succeed(f, "train", "--resume", "run");
  assertMatch(
    again,
    /^Nothing to do: .*2 validations in a row without a better one; .*--patience /,
  );
  await succeed(f, "train", "--resume", "run", "--patience", "3");
  assert((await readCheckpoint(`${f}/run`)).progress.step > progress.step);
});
