/** Runs that go badly: what `train` says of them, while they run and at their end. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readCheckpoint } from "../../src/files/checkpoint_file.ts";
import { run, succeed, testProgram } from "./program.ts";
import { readLatest } from "./runs.ts";

/** The start of Alice, of so many characters. */
function alice(chars?: number): string {
  const text = Deno.readTextFileSync(new URL("../../examples/alice.txt", import.meta.url));
  return text.slice(0, chars);
}
const quiet = ["--sample-every", "0", "--out", "run"];
/** Options with which a short text is overfitted soon. */
const unregularized = ["--hidden", "64", "--layers", "1", "--weight-decay", "0"];

testProgram(
  "train says when it overfits and where the best was, and sample uses the best",
  async (f) => {
    await Deno.writeTextFile(`${f}/text.txt`, alice(6000));
    const options = [...unregularized, "--steps", "1200", "--log-every", "20", ...quiet];
    const out = await succeed(f, "train", "text.txt", ...options);
    assertEquals(out.match(/Overfitting: since step/g)?.length, 1);
    const [, from, to] = /training loss fell from (\d\.\d{4}) to (\d\.\d{4})\. The best/.exec(out)!;
    assert(Number(to) < Number(from));
    const [best, latest] = [await readCheckpoint(`${f}/run`), await readLatest(`${f}/run`)];
    const { step, validationLoss } = best.progress;
    assert(step < latest.progress.step);
    assertMatch(
      out,
      new RegExp(`Best validation loss: ${validationLoss!.toFixed(4)} .* step ${step} `),
    );
    assertMatch(out, /Overfitted: .* more text, .*--hidden 32.*--patience 5/);
    // The run stands for its best model, whatever uses it.
    for (
      const command of [["sample", "run"], ["eval", "run", "text.txt"], [
        "score",
        "run",
        "text.txt",
      ]]
    ) {
      const [name, , ...text] = command as [string, string, ...string[]];
      const of = (...words: string[]) => succeed(f, name, ...words);
      const [folder, file] = [await of("run", ...text), await of("run/best.safetensors", ...text)];
      assertEquals(folder, file);
      const newest = await of("run", ...text, "--latest");
      assertEquals(newest, await of("run/checkpoint.safetensors", ...text));
      assert(newest !== folder);
    }

    // The latest checkpoint alone does not have the best model.
    const last = `${latest.progress.step + 40}`;
    await Deno.copyFile(`${f}/run/checkpoint.safetensors`, `${f}/late.safetensors`);
    const late = ["--resume", "late.safetensors", "--steps", last, "--out", "late"];
    const resumed = await succeed(f, "train", "text.txt", ...late, "--sample-every", "0");
    assertMatch(
      resumed,
      new RegExp(`Best validation loss: .* at step ${step}, .* not in this run`),
    );
    assert(!resumed.includes("late/best.safetensors"));
  },
);

testProgram(
  "train with a time limit ends when it is overfitted, and says how to go on",
  async (f) => {
    await Deno.writeTextFile(`${f}/text.txt`, alice(4000));
    const options = [...unregularized, "--minutes", "3", "--log-every", "20", ...quiet];
    const out = await succeed(f, "train", "text.txt", ...options);
    const [, patience] = /Stopped early: .* to train on: .*--resume run --patience (\d+)/.exec(
      out,
    )!;
    assertMatch(await succeed(f, "train", "--resume", "run"), /^Nothing to do/);
    const more = await succeed(
      f,
      ...[
        "train",
        "--resume",
        "run",
        "--patience",
        patience!,
        "--minutes",
        "4",
        ...quiet.slice(0, 2),
      ],
    );
    assertMatch(more, /Stopped early: no improvement in/);
  },
);

testProgram("train says that both losses have risen, and advises a lower rate", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, alice(20_000));
  // The rate rises until it is far too high.
  const rate = ["--lr", "1", "--lr-schedule", "constant", "--warmup", "2000"];
  const args = ["text.txt", "--hidden", "16", "--steps", "1200", ...rate, ...quiet];
  const out = await succeed(f, "train", ...args);
  const found =
    /\nGot worse: since step (\d+) .* rose to (\S+), .* from (\S+) to (\S+)\. .*: --lr 0\.002\n/
      .exec(out)!;
  const [best, latest] = [await readCheckpoint(`${f}/run`), await readLatest(`${f}/run`)];
  const { progress } = latest;
  assertEquals(found.slice(1).map(Number), [
    best.progress.step,
    ...[progress.validationLoss!, best.progress.loss!, progress.loss!].map((x) =>
      Number(x.toFixed(4))
    ),
  ]);
  assert(!out.includes("Overfitted"), out);
});

testProgram("train promises no early end where nothing is validated", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, "abc");
  const out = await succeed(f, "train", "text.txt", "--minutes", "0.05", ...quiet);
  assertMatch(out, /\nAbout \d+ seconds? left, until [^;\n]*\n/);
});

testProgram("train says that a model is no better than guessing, and what to change", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, alice(20_000));
  for (
    const [options, expected] of [
      [["--optimizer=rmsprop", "--lr=1", "--steps=60"], /no better than guessing.*--lr 0\.002/],
      [["--optimizer=sgd", "--lr=1e-6", "--steps=1200"], /frequencies of characters.*higher/],
      [["--steps=5"], /frequencies of characters.*too few.*--resume run --steps 1000/],
    ] as const
  ) {
    const out = await succeed(
      f,
      "train",
      "text.txt",
      "--hidden=16",
      "--force",
      ...options,
      ...quiet,
    );
    assertMatch(out, /\nEnded after \d[\d,]* steps; saved in run\n/);
    assertMatch(out, expected);
    assert(!out.includes("To sample:"), out);
  }
});

testProgram(
  "train ends at losses worse than uniform for long, and says what to lower",
  async (f) => {
    await Deno.writeTextFile(`${f}/text.txt`, alice(20_000));
    const wild = ["--optimizer", "sgd", "--lr", "50", "--grad-clip", "0", "--hidden", "16"];
    const args = ["text.txt", "--layers", "1", "--steps", "20000", ...wild, ...quiet];
    const { code, err } = await run(f, ["train", ...args]);
    assertEquals(code, 1);
    assertMatch(err, /^error: Training diverged .*worse than uniform.*--lr 0\.5 --grad-clip 5\n$/);
  },
);

testProgram("train hints at --holdout streams if the end of the text differs", async (f) => {
  const lines = Array.from({ length: 300 }, (_, i) => `${i * 7919 % 1000}.${i}: OK #${i}\n`).join(
    "",
  );
  await Deno.writeTextFile(`${f}/text.txt`, alice() + lines);
  const train = (...options: string[]) =>
    succeed(f, "train", "text.txt", "--steps=1", "--hidden=8", "--force", ...options, ...quiet);
  assertMatch(await train(), /\nNote: the end of the text.*--holdout streams/);
  assert(!(await train("--holdout", "streams")).includes("Note:"));
});
