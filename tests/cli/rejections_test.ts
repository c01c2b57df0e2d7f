/** Wrong input: one line that names it, exit code 2, and no file. */
import { assertEquals } from "@std/assert";
import { assertOneLine, assertRejected, run, succeed, testProgram, tiny } from "./program.ts";

const text = "some text of some length. ".repeat(20);

testProgram("train names a text that cannot be read or is too short", async (f) => {
  await Deno.writeTextFile(`${f}/empty.txt`, "");
  await Deno.writeTextFile(`${f}/short.txt`, "only 20 characters.\n");
  const latin1 = new Uint8Array([99, 97, 102, 0xe9, 10, ...Array(99).fill(97)]);
  await Deno.writeFile(`${f}/latin1.txt`, latin1);
  await Deno.mkdir(`${f}/folder`);
  const size = (seqLength: number, batchSize: number) =>
    ["short.txt", `--seq-length=${seqLength}`, `--batch-size=${batchSize}`] as const;
  for (
    const [args, line] of [
      [["none.txt"], /^Cannot read the text "none.txt": there is no such file; /],
      [["empty.txt"], /^Cannot read the text "empty.txt": .*empty/],
      [["folder"], /^Cannot read the folder "folder": it has no file /],
      [["latin1.txt"], /^Cannot read the text "latin1.txt": .* UTF-8 .*offset 3 /],
      [size(25, 1), /^Cannot train on "short.txt": .* 20 characters .* at least 27.* at most 18/],
      [size(8, 3), /^Cannot train on "short.txt": .* 20 .*, 6 .* 3 streams.* least 10/],
      [size(19, 1), /at least 21/],
    ] as const
  ) await assertRejected(f, ["train", ...args], line);
  await succeed(f, "train", "short.txt", "--steps", "1", "--out", "short");
  await succeed(f, "train", ...size(18, 1), "--steps", "1", "--out", "just");
});

testProgram("train names options that are out of range or have no effect", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text);
  const dropout = ["--layers=2", "--dropout=0.5"];
  for (
    const [args, line] of [
      [["--hidden", "many"], /^Cannot use --hidden "many": it must be a number$/],
      [["--sample-every", "x"], /^Cannot use --sample-every "x": it must be a number$/],
      [["--hidden", "-3"], /--hidden must be a whole number from 1 to 16384, not -3$/],
      [["--hidden=0"], /--hidden must be a whole number from 1 to 16384, not 0$/],
      [["--hidden", "1.5"], /--hidden must be a whole number/],
      [["--seq-length", "0"], /--seq-length must be a whole number/],
      [["--batch-size", "Infinity"], /--batch-size must be a whole number .*, not Infinity$/],
      [["--lr", "-1"], /--lr must be a finite number above 0, not -1$/],
      [["--lr", "1e999"], /--lr must be a finite number above 0, not Infinity$/],
      [["--optimizer", "lion"], /--optimizer must be one of adagrad, .*, adamw, not "lion"$/],
      [["--precision", "f16"], /--precision must be one of f32, f32-strict, f64, not "f16"$/],
      [["--preset", "lstm"], /preset.* must be one of min-char-rnn, char-rnn, torch-rnn/],
      [["--grad-clip", "-1"], /--grad-clip must be a finite number, 0 or above/],
      [["--init", "-1"], /--init must be normal:S, uniform:S .*, not "-1"$/],
      [["--init", "normal:x"], /--init must be normal:S, .*, not "normal:x"$/],
      [["--cell", "rgu"], /--cell must be one of rnn, gru, lstm, not "rgu"$/],
      [["--layers", "17"], /--layers must be a whole number from 1 to 16, not 17$/],
      [["--layers", "1", "--dropout", "0.5"], /--dropout 0.5 has no .* --?layers/],
      [["--layers", "1", "--dropout-until", "0.5"], /--dropout-until 0.5 has no .*dropout/],
      [[...dropout, "--dropout-from=0.9", "--dropout-until=0.9"], /--dropout-from 0.9 .* below/],
      [["--cooldown", "1"], /--cooldown must be a number from 0 up to, not including, 1, not 1$/],
      [["--layers", "1", "--dropout-from", "0.5"], /--dropout-from 0.5 has no .*dropout/],
      [
        [...dropout, "--dropout-until=0"],
        /--dropout-until must be a number above 0, at most 1, not/,
      ],
      [["--layers", "2", "--dropout", "1"], /--dropout must be a number from 0 up to, not incl/],
      [["--momentum", "0.9"], /--momentum 0.9 has no .*optimizer.* sgd/],
      [["--optimizer", "sgd", "--beta1", "0.5"], /--beta1 0.5 has no .*optimizer.* adam or adamw/],
      [["--lr-decay", "0.5"], /--lr-decay 0.5 has no .* step or plateau/],
      [["--lr-schedule", "inverse-sqrt", "--warmup", "0"], /inverse-sqrt.* requires .*warmup/],
      [["--weight-average", "1.5"], /--weight-average must be a number from 0 to 1.*, not 1.5$/],
      [
        ["--val-fraction=0.5", "--test-fraction=0.5"],
        /--val-fraction 0.5 .*--test-fraction 0.5.*below 1/,
      ],
      [
        ["--patience", "2", "--val-fraction", "0"],
        /--patience 2: it counts validations.*--val-fraction/,
      ],
      [
        ["--lr-schedule", "plateau", "--val-fraction", "0"],
        /plateau.*validation.*--val-fraction/,
      ],
      [["--lr-patience", "3"], /--lr-patience 3 has no .* plateau/],
      [["--holdout", "start"], /--holdout must be one of end, streams, lines, not "start"$/],
      [["--val-fraction", "1"], /--val-fraction must be a number from 0 up to, .*, not 1$/],
      [["--seed", "0.5"], /--seed must be a whole number/],
      [["--steps", "-1"], /--steps must be a whole number, 0 or above, not -1$/],
      [["--epochs", "0"], /--epochs must be a finite number above 0, not 0$/],
      [["--minutes", "-2"], /--minutes must be a finite number above 0, not -2$/],
      [["--log-every", "0"], /--log-every must be a whole number, 1 or above, not 0$/],
      [["--threads", "0"], /--threads must be auto or a whole number from 1 to 64, not 0$/],
      [["--on-divergence", "x"], /--on-divergence must be stop or rollback, not "x"$/],
      [["--hidden", "16384", "--seq-length", "400"], /at most 4 fit/],
      [["--out", "text.txt"], /^Cannot create the run folder "text.txt": /],
    ] as const
  ) await assertRejected(f, ["train", "text.txt", ...args], line);
});

testProgram("gradcheck names options that are out of range", async (f) => {
  for (
    const [args, line] of [
      [["--cell", "x"], /^Cannot check gradients: --cell must be one of rnn, gru, lstm, not "x"$/],
      [["--dropout", "0.5"], /--dropout 0.5 has no effect with one layer.*; --layers must be 2 /],
      [["--dropout", "1", "--layers", "2"], /--dropout must be a number from 0 up to/],
    ] as const
  ) await assertRejected(f, ["gradcheck", ...args], line);
  for (const name of ["hidden", "seq-length", "batch-size", "layers", "threads"]) {
    const line = new RegExp(`^Cannot check gradients: --${name} must be a whole number from 1 to `);
    await assertRejected(f, ["gradcheck", `--${name}`, "0"], line);
  }
});

testProgram("sample and eval name a checkpoint, a prompt and a text that do not fit", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text);
  await Deno.mkdir(`${f}/folder`);
  await succeed(f, "train", "text.txt", "--steps", "1", "--out", "run", "--hidden", "4");
  const bytes = await Deno.readFile(`${f}/run/checkpoint.safetensors`);
  await Deno.writeFile(`${f}/half.safetensors`, bytes.subarray(0, bytes.length / 2));
  await Deno.writeTextFile(`${f}/other.txt`, "some\ntext – of");
  const reading = (name: string) => new RegExp(`^Cannot read the checkpoint "${name}": `);
  for (const name of ["none", "text.txt", "half.safetensors"]) {
    await assertRejected(f, ["sample", name], reading(name));
    await assertRejected(f, ["eval", name, "text.txt"], reading(name));
  }
  for (
    const [args, line] of [
      [["sample", "folder"], reading("folder/checkpoint.safetensors")],
      [
        ["sample", "run", "--prompt", "Some"],
        /prompt.*: .*not know, "S" \(U\+0053\) once; .*--unknown/,
      ],
      [["sample", "run", "--prompt", ""], /prompt.*empty/],
      [["sample", "run", "--length", "-1"], /--length must be a whole number/],
      [["sample", "run", "--temperature", "0"], /--temperature must be a finite number/],
      [["eval", "run", "other.txt"], /^Cannot read the text "other.txt": line 1, character 5, /],
    ] as const
  ) await assertRejected(f, args, line);
});

testProgram("the program prints one line and exits with 2, or with 1 on divergence", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text);
  const rejected = ["train", "text.txt", ...tiny, "--lr", "x"];
  assertOneLine(await run(f, rejected), 2, /^Cannot use --lr "x": it must be a number$/);
  const wild = ["--cell", "rnn", "--optimizer", "sgd", "--lr", "1e38", "--grad-clip", "0"];
  const { code, err } = await run(f, ["train", "text.txt", ...wild, "--out", "run"]);
  assertOneLine({ code, out: "", err }, 1, /^Training diverged at step \d+: a weight is /);
  assertEquals((await run(f, [])).code, 2);
});
