/** Whatever a user gets wrong: one line that names it, exit code 2, and nothing left behind. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { namesIn, run, succeed, testProgram } from "./program.ts";

/** Asserts that a command is refused with this line, and that it makes nothing. */
async function refused(folder: string, args: readonly string[], line: RegExp): Promise<void> {
  const before = namesIn(folder);
  const { code, out, err } = await run(folder, args);
  const what = `${args.join(" ")}: ${err}`;
  assertEquals(code, 2, what);
  assertEquals(out, "", what);
  assertMatch(err, /^error: [^\n]+\n$/, what);
  assertMatch(err.slice("error: ".length, -1), line, what);
  assert(!/ at (file:|async )/.test(err), what);
  assertEquals(namesIn(folder), before, what);
}

testProgram(
  "a text that cannot be read or is too short is named, with what is wrong",
  async (f) => {
    await Deno.writeTextFile(`${f}/empty.txt`, "");
    await Deno.writeTextFile(`${f}/short.txt`, "only 20 characters.\n");
    await Deno.writeFile(
      `${f}/latin1.txt`,
      new Uint8Array([99, 97, 102, 0xe9, 10, ...Array(99).fill(97)]),
    );
    await Deno.mkdir(`${f}/folder`);
    for (
      const [args, line] of [
        [["none.txt"], /^Cannot read the text "none.txt": there is no such file; /],
        [["empty.txt"], /^Cannot read the text "empty.txt": the file is empty; /],
        [["folder"], /^Cannot read the text "folder": it is a directory; /],
        [["latin1.txt"], /^Cannot read the text "latin1.txt": it is not UTF-8 at byte offset 3; /],
        [
          ["short.txt", "--seq-length", "25", "--batch-size", "1"],
          /^Cannot train on "short.txt": the text has 20 characters .* at least 27 .* --seq-length 18 or less/,
        ],
        [
          ["short.txt", "--seq-length", "8", "--batch-size", "3"],
          /^Cannot train on "short.txt": the text has 20 .*, 6 for each of 3 streams, .* least 10 /,
        ],
      ] as const
    ) await refused(f, ["train", ...args], line);
    await succeed(f, "train", "short.txt", "--steps", "1", "--out", "short");
    await succeed(
      f,
      "train",
      "short.txt",
      "--seq-length",
      "18",
      "--batch-size",
      "1",
      "--steps",
      "1",
      "--out",
      "just",
    );
    await refused(
      f,
      ["train", "short.txt", "--seq-length", "19", "--batch-size", "1"],
      /at least 21 \(seq \+ 2\)/,
    );
  },
);

testProgram("options that are unknown or out of range are named", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, "some text of some length. ".repeat(20));
  for (
    const [args, line] of [
      [
        ["--depth", "2"],
        /^Cannot run train with the option --depth: there is none of that name; /,
      ],
      [["-x"], /the option --x/],
      [["--hidden", "many"], /^Cannot use --hidden "many": it must be a number$/],
      [["--hidden", ""], /^Cannot use --hidden "": it must be a number$/],
      [["--hidden"], /^Cannot use --hidden without a value: write --hidden N$/],
      [["--hidden", "--seq-length", "3"], /^Cannot use --hidden without a value/],
      [["--hidden", "-3"], /"hidden" must be a whole number from 1 to 16384, not -3$/],
      [["--hidden=0"], /"hidden" must be a whole number from 1 to 16384, not 0$/],
      [["--hidden", "1.5"], /"hidden" must be a whole number/],
      [["--seq-length", "0"], /"seq" must be a whole number/],
      [["--batch-size", "Infinity"], /"batch" must be a whole number .*, not Infinity$/],
      [["--lr", "-1"], /"lr" must be a finite number above 0, not -1$/],
      [["--lr", "1e999"], /"lr" must be a finite number above 0, not Infinity$/],
      [["--lr", "NaN"], /--lr "NaN": it must be a number$/],
      [["--optimizer", "lion"], /"optimizer" must be one of adagrad, .*, adamw, not "lion"$/],
      [["--precision", "f16"], /"precision" must be one of f32, f32-strict, f64, not "f16"$/],
      [
        ["--preset", "lstm"],
        /the preset "lstm": it must be one of min-char-rnn, char-rnn, torch-rnn$/,
      ],
      [["--grad-clip", "-1"], /"clip" must be a finite number, 0 or above/],
      [["--init", "-1"], /"init" must be normal:S, uniform:S .*, not "-1"$/],
      [["--init", "normal:x"], /"init" must be normal:S, .*, not "normal:x"$/],
      [["--cell", "rgu"], /"cell" must be one of rnn, gru, lstm, not "rgu"$/],
      [["--layers", "17"], /"layers" must be a whole number from 1 to 16, not 17$/],
      [["--dropout", "0.5"], /"dropout" 0.5 has no meaning here; it goes with layers 2 or more/],
      [
        ["--dropout-until", "0.5"],
        /"dropoutUntil" 0.5 has no meaning here; it goes with dropout above 0, which ends there$/,
      ],
      [
        ["--layers", "2", "--dropout", "0.5", "--dropout-from", "0.9", "--dropout-until", "0.9"],
        /"dropoutFrom" 0.9 and "dropoutUntil" 0.9 leave nothing of the run to drop in; .* below the /,
      ],
      [["--cooldown", "1"], /"cooldown" must be a number from 0 up to, not including, 1, not 1$/],
      [
        ["--dropout-from", "0.5"],
        /"dropoutFrom" 0.5 has no meaning here; it goes with dropout above 0, which begins there$/,
      ],
      [
        ["--layers", "2", "--dropout", "0.5", "--dropout-until", "0"],
        /"dropoutUntil" must be a number above 0, at most 1, not 0$/,
      ],
      [["--layers", "2", "--dropout", "1"], /"dropout" must be a number from 0 up to, not incl/],
      [["--momentum", "0.9"], /"momentum" 0.9 has no meaning here; it goes with optimizer sgd$/],
      [
        ["--optimizer", "sgd", "--beta1", "0.5"],
        /"beta1" 0.5 has no meaning here; it goes with optimizer adam or adamw$/,
      ],
      [
        ["--lr-decay", "0.5"],
        /"decay" 0.5 has no meaning here; it goes with schedule step or plateau$/,
      ],
      [
        ["--lr-schedule", "cosine", "--minutes", "1"],
        /^Cannot train with the schedule cosine and no last step: .*; limit the run by steps/,
      ],
      [
        ["--lr-schedule", "inverse-sqrt", "--warmup", "0"],
        /"schedule" inverse-sqrt has no meaning here; it goes with warmup 1 or more, .*falls$/,
      ],
      [
        ["--weight-average", "1.5"],
        /"average" must be a number from 0 to 1 \(0: no average\), not 1.5$/,
      ],
      [
        ["--val-fraction", "0.5", "--test-fraction", "0.5"],
        /"val" 0.5 and "test" 0.5 leave nothing .* below 1$/,
      ],
      [
        ["--patience", "2", "--val-fraction", "0"],
        /"patience" 2 and no validation part: .* --val-fraction/,
      ],
      [
        ["--lr-schedule", "plateau", "--val-fraction", "0"],
        /schedule plateau and no validation part: .* --val-fraction/,
      ],
      [["--lr-patience", "3"], /"plateau" .* it goes with schedule plateau$/],
      [["--holdout", "start"], /"holdout" must be one of end, streams, not "start"$/],
      [["--val-fraction", "1"], /"val" must be a number from 0 up to, not including, 1, not 1$/],
      [["--seed", "0.5"], /"seed" must be a whole number/],
      [["--steps", "-1"], /"steps" must be a whole number, 0 or above, not -1$/],
      [["--epochs", "0"], /"epochs" must be a finite number above 0, not 0$/],
      [["--minutes", "-2"], /"minutes" must be a finite number above 0, not -2$/],
      [["--log-every", "0"], /"log-every" must be a whole number, 1 or above, not 0$/],
      [["--sample-every", "x"], /--sample-every "x": it must be a number$/],
      [
        ["more.txt"],
        /^Cannot run train: it takes <text> beside options; given: "text.txt" "more.txt"/,
      ],
      [["--hidden", "16384", "--seq-length", "400"], /at most 4 fit; use fewer hidden units/],
      [["--out", "text.txt"], /^Cannot create the run folder "text.txt": /],
    ] as const
  ) await refused(f, ["train", "text.txt", ...args], line);
  await refused(f, ["train"], /it takes <text> beside options; none was given/);
  await refused(f, ["tarin", "text.txt"], /^Cannot run "tarin": the commands are train, sample/);
  for (
    const [args, line] of [
      [["--cell", "x"], /^Cannot check gradients: "cell" must be one of rnn, gru, lstm, not "x"$/],
      [["--dropout", "0.5"], /with dropout and one layer: .*; give --layers 2 or more$/],
      [["--dropout", "1", "--layers", "2"], /"dropout" must be a number from 0 up to/],
    ] as const
  ) await refused(f, ["gradcheck", ...args], line);
  for (const name of ["hidden", "seq", "batch", "layers", "threads"]) {
    await refused(
      f,
      ["gradcheck", `--${name}`, "0"],
      new RegExp(`"${name}" must be a whole number`),
    );
  }
  const { code } = await run(f, []);
  assertEquals(code, 2);
});

testProgram(
  "a checkpoint that is none, a prime and a text that do not fit are named",
  async (f) => {
    await Deno.writeTextFile(`${f}/text.txt`, "some text of some length. ".repeat(20));
    await Deno.mkdir(`${f}/folder`);
    await succeed(f, "train", "text.txt", "--steps", "1", "--out", "run", "--hidden", "4");
    const file = `${f}/run/checkpoint.safetensors`;
    const bytes = await Deno.readFile(file);
    await Deno.writeFile(`${f}/half.safetensors`, bytes.subarray(0, bytes.length / 2));
    await Deno.writeTextFile(`${f}/other.txt`, "some\ntext – of");
    const reading = (name: string) => new RegExp(`^Cannot read the checkpoint "${name}": `);
    for (const name of ["none", "text.txt", "half.safetensors"]) {
      await refused(f, ["sample", name], reading(name));
      await refused(f, ["eval", name, "text.txt"], reading(name));
    }
    await refused(f, ["sample", "folder"], reading("folder/checkpoint.safetensors"));
    await refused(
      f,
      ["sample", "run", "--prompt", "Some"],
      /^Cannot sample with this --prompt: character 1, "S" \(U\+0053\), is not among /,
    );
    await refused(f, ["sample", "run", "--prompt", ""], /--prompt: it is empty/);
    await refused(f, ["sample", "run", "--length", "-1"], /--length must be a whole number/);
    await refused(
      f,
      ["sample", "run", "--temperature", "0"],
      /--temperature must be a finite number/,
    );
    await refused(f, ["sample", "run", "--greedy=yes"], /--greedy takes no value/);
    await refused(
      f,
      ["eval", "run", "other.txt"],
      /^Cannot read the text "other.txt": line 1, character 5, .*U\+000A.*, is not among /,
    );
    await refused(f, ["eval", "run"], /it takes <run\|checkpoint> and <text> beside options/);
  },
);

testProgram("training that diverges fails with 1 and one line", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, "some text of some length. ".repeat(20));
  const args = [
    "--cell",
    "rnn",
    "--optimizer",
    "sgd",
    "--lr",
    "1e38",
    "--grad-clip",
    "0",
    "--out",
    "run",
  ];
  const { code, err } = await run(f, ["train", "text.txt", ...args]);
  assertEquals(code, 1);
  assertMatch(err, /^error: Training diverged at step \d+: a weight is [^\n]*\n$/);
});
