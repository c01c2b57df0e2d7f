/** Parsing of arguments, help, and error messages, without a process. */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import {
  type Command,
  type CommandLine,
  helpOf,
  optionGroups,
  optionOf,
  propertyOf,
  readCommandLine,
} from "../../src/cli/args.ts";
import { commands } from "../../src/cli/main.ts";
import { exitCodeOf, messageOf } from "../../src/cli/program.ts";
import { suggest, synonyms } from "../../src/suggest.ts";
import { readConfig, readLimits } from "../../src/cli/train_options.ts";
import { resolveConfig } from "../../src/model/resolve_config.ts";
import { InputError } from "../../src/errors.ts";
import { textOptions } from "../../src/cli/read_text.ts";
import { baseConfig } from "../../src/model/presets.ts";
import { DivergenceError } from "../../src/train/divergence.ts";
import { runInside } from "./program.ts";

function commandOf(name: string): Command {
  const command = commands.find((command) => command.name === name);
  assert(command);
  return command;
}

function read(words: string): CommandLine {
  const [name, ...args] = words.split(" ");
  return readCommandLine(commandOf(name!), args);
}

function assertMessage(words: string, message: string): void {
  const error = assertThrows(() => read(words), InputError);
  assertEquals(error.message, message);
}

Deno.test("readCommandLine() reads any number of operands where the last one ends with dots", () => {
  const command = { ...commandOf("sample"), operands: ["[run...]"] };
  for (const args of [[], ["a"], ["a", "b", "c"]]) {
    assertEquals(readCommandLine(command, args).operands, args);
  }
});

Deno.test("readCommandLine() reads options, values and operands", () => {
  const line = read("train text.txt --hidden=64 --force --lr 1e-3 --out=a=b");
  assertEquals(line.operands, ["text.txt"]);
  assertEquals([line.number("hidden"), line.number("lr")], [64, 0.001]);
  assertEquals(line.text("out"), "a=b");
  assertEquals([line.flag("force"), line.has("force"), line.has("out")], [true, true, true]);
  assertEquals([line.flag("out"), line.text("force"), line.number("steps")], [
    false,
    undefined,
    undefined,
  ]);
  assertEquals(read("train -- --force").operands, ["--force"]);
  assertEquals(read("score run -").operands, ["run", "-"]);
  assertEquals(read("train --resume runs/a").operands, []);
});

Deno.test("readCommandLine() takes values that begin with dashes, unless they read like options", () => {
  const prompt = (...args: string[]) =>
    readCommandLine(commandOf("sample"), ["run", ...args]).text("prompt");
  for (const value of ["-- note", "--", "-b", "--c", "-1", "--- 1 of 3 ---", ""]) {
    if (value !== "--") assertEquals(prompt("--prompt", value), value);
    assertEquals(prompt(`--prompt=${value}`), value);
  }
  assertEquals(prompt("--prompt=--length"), "--length");
  assertEquals(read("train a --lr -1").number("lr"), -1);
  assertMessage(
    "sample run --prompt --length 5",
    "Cannot use --prompt without a value: write --prompt TEXT, or --prompt=--length if " +
      '"--length" is the value',
  );
  assertThrows(() => read("sample run --prompt --lenght 5"), InputError, "--prompt=--lenght");
});

Deno.test("readCommandLine() names the option that was probably meant", () => {
  assertMessage(
    "sample run --prime x",
    "Cannot run sample with --prime: there is no such option; did you mean --prompt?",
  );
  for (
    const [command, written, meant] of [
      ["train", "--batch", "--batch-size"],
      ["train", "--batchSize", "--batch-size"],
      ["train", "--seq", "--seq-length"],
      ["train", "--rnn_size", "--hidden"],
      ["train", "--hiden=3", "--hidden"],
      ["train", "--learning-rate", "--lr"],
      ["train", "--schedule", "--lr-schedule"],
      ["train", "--decay", "--lr-decay"],
      ["train", "--plateau", "--lr-patience"],
      ["train", "--clip", "--grad-clip"],
      ["train", "--clip-by", "--grad-clip-mode"],
      ["train", "--average", "--weight-average"],
      ["train", "--val", "--val-fraction"],
      ["train", "--test", "--test-fraction"],
      ["train", "--fresh-every", "--reset-every"],
      ["train", "--report-every", "--log-every"],
      ["train", "--save-every", "--checkpoint-every"],
      ["train", "--num_layers", "--layers"],
      ["train", "--depth", "--layers"],
      ["train", "--optimiser", "--optimizer"],
      ["train", "--max-epochs", "--epochs"],
      ["sample", "--temp", "--temperature"],
      ["sample", "--top_k", "--top-k"],
      ["sample", "--tempreature", "--temperature"],
      ["sample", "--num-samples", "--count"],
      ["eval", "--jsno", "--json"],
      ["gradcheck", "--batch", "--batch-size"],
      ["gradcheck", "--halp", "--help"],
    ] as const
  ) {
    const error = assertThrows(() => read(`${command} ${written} 1`), InputError);
    assert(error.message.endsWith(`; did you mean ${meant}?`), error.message);
  }
  assertMessage(
    "train text.txt --colour red",
    "Cannot run train with --colour: there is no such option; deno task train --help lists all options",
  );
});

Deno.test("readCommandLine() rejects long options with one dash", () => {
  assertMessage(
    "sample run -length 5",
    "Cannot run sample with -length: options begin with two hyphens; write --length",
  );
  assertThrows(() => read("train text.txt -hidden=3"), InputError, "write --hidden");
  assertThrows(() => read("train text.txt -x"), InputError, "with -x: there is no such option");
  assertThrows(() => read("sample run -n 3"), InputError, "did you mean --count?");
});

Deno.test("readCommandLine() rejects missing and superfluous values and operands", () => {
  for (
    const [words, message] of [
      ["train a --hidden", "Cannot use --hidden without a value: write --hidden N"],
      ["train a --hidden --", "Cannot use --hidden without a value: write --hidden N"],
      ["train a --force=yes", "Cannot use --force=yes: --force takes no value"],
      ["train", "Cannot run train: it takes <text...>; none is given; see deno task train --help"],
      [
        "sample a b",
        'Cannot run sample: it takes <run|checkpoint>; given: "a" "b"; see deno task sample --help',
      ],
      [
        "eval run",
        'Cannot run eval: it takes <run|checkpoint> and <text...>; given: "run"; see deno task eval --help',
      ],
      [
        "gradcheck x",
        'Cannot run gradcheck: it takes no arguments; given: "x"; see deno task gradcheck --help',
      ],
    ] as const
  ) assertMessage(words, message);
});

Deno.test("CommandLine.number() rejects what is not a number", () => {
  for (const value of ["many", "", " ", "1,5", "NaN"]) {
    const line = readCommandLine(commandOf("train"), ["a", `--hidden=${value}`]);
    const error = assertThrows(() => line.number("hidden"), InputError);
    assertEquals(
      error.message,
      `Cannot use --hidden ${JSON.stringify(value)}: it must be a number`,
    );
  }
  for (const value of ["0x10", "0b1", " 7", "7 "]) {
    const line = readCommandLine(commandOf("train"), ["a", `--hidden=${value}`]);
    assertThrows(() => line.number("hidden"), InputError, "it must be a decimal number, such as 5");
  }
  for (
    const [text, number] of [["+5", 5], ["5.0", 5], [".5", 0.5], ["1E3", 1000], ["-1e-3", -0.001], [
      "Infinity",
      Infinity,
    ]]
  ) assertEquals(read(`train a --lr ${text}`).number("lr"), number);
});

Deno.test("readCommandLine() takes the last value of an option", () => {
  assertEquals(read("eval run a --json --json").flag("json"), true);
  assertEquals(read("train a --lr 0.1 --hidden 8 --lr=0.2").number("lr"), 0.2);
});

Deno.test("readCommandLine() takes no word for the value of an option without one", () => {
  for (const word of ["true", "false"]) {
    assertThrows(() => read(`sample run --json ${word}`), InputError, `"run" "${word}"`);
  }
});

Deno.test("readCommandLine() rejects dashes that are no two hyphens", () => {
  for (const dash of ["—", "–", "−", "‐‐", "---"]) {
    assertThrows(() => read(`train a ${dash}steps 5`), InputError, "write --steps");
  }
  assertEquals(read("train —alice.txt").operands, ["—alice.txt"]);
});

Deno.test("suggest() finds every synonym, none of which is an option of the same command", () => {
  const optionsOf = commands.map(({ options }) => options.map(({ name }) => name));
  for (const [name, words] of Object.entries(synonyms)) {
    const withName = optionsOf.filter((options) => options.includes(name));
    assert(withName.length > 0, name);
    for (const word of words) {
      assert(!withName.some((options) => options.includes(word)), word);
      assertEquals(suggest(word, [name]), name);
    }
  }
});

Deno.test("suggest() finds no name in words that are far from all", () => {
  const names = ["hidden", "layers", "lr", "out"];
  for (const word of ["x", "z9", "verbose", "", "-"]) assertEquals(suggest(word, names), undefined);
  assertEquals(suggest("layer", names), "layers");
  assertEquals(suggest("laeyrs", names), "layers");
});

Deno.test("readConfig() and readLimits() read every option of train that is theirs", () => {
  const { options } = commandOf("train");
  const others = [
    "out",
    "resume",
    "initFrom",
    "lines",
    "force",
    "threads",
    "minCount",
    "tensorboard",
    ...textOptions.map(({ name }) => name),
  ];
  const keys = options.map(({ name }) => propertyOf(name)).filter((key) => !others.includes(key));
  const args = options.flatMap(({ name, value }) => value === undefined ? [] : [`--${name}`, "1"]);
  const line = readCommandLine(commandOf("train"), ["a", ...args]);
  const given = { ...readConfig(line), ...readLimits(line) };
  assertEquals(Object.keys(given).toSorted(), keys.toSorted());
  for (const key of Object.keys(baseConfig)) {
    assert(options.some(({ name }) => name === optionOf(key)), key);
  }
});

Deno.test("helpOf() lists every option once, with its default, within the width", () => {
  for (const command of commands) {
    for (const width of [80, 100]) {
      const help = helpOf(command, width);
      const listed = [...help.matchAll(/^ {2}--([a-z0-9-]+)/gm)].map(([, name]) => name);
      const names = command.options.map(({ name }) => name);
      assertEquals(listed, [...names, "help", "version"]);
      assertMatch(help, new RegExp(`^Usage: deno task ${command.name} `, "m"));
      const words = help.replace(/\s+/g, " ");
      for (const { description, default: value } of command.options) {
        const suffix = value === undefined ? "" : ` [default: ${value}]`;
        assert(words.includes(description + suffix), description);
      }
      assertEquals(help.split("\n").filter((line) => line.length > width), []);
    }
  }
});

Deno.test("helpOf() prints the options of train in groups, the most needed first", () => {
  const groups = [...optionGroups(commandOf("train")).keys()];
  assertEquals(groups[0], "Run folder");
  assertEquals(groups.at(-1), "General");
  const help = helpOf(commandOf("train"));
  let at = 0;
  for (const group of groups) {
    const found = help.indexOf(`\n${group}:\n`);
    assert(found > at, group);
    at = found;
  }
});

Deno.test("exitCodeOf() prints help and version of the program and of each command", async () => {
  const { code, out, err } = await runInside(["--help"]);
  assertEquals([code, err], [0, ""]);
  for (const { name, summary } of commands) {
    assertMatch(out, new RegExp(`^ {2}${name} +${summary}$`, "m"));
    const help = await runInside([name, "--help"]);
    assertEquals(help, { code: 0, out: `${helpOf(commandOf(name))}\n`, err: "" });
    // Whatever else is on the line.
    assertEquals(await runInside([name, "--no-such-option", "a", "b", "c", "-h"]), help);
    assertEquals(await runInside([name, "x", "--version"]), await runInside(["--version"]));
  }
  assertMatch((await runInside(["--version"])).out, /^unroll \d+\.\d+\.\d+\n$/);
  assertEquals(await runInside([]), { code: 2, out, err: "" });
});

Deno.test("exitCodeOf() names the command that was probably meant", async () => {
  for (const [name, hint] of [["tarin", "did you mean train?"], ["x", "the commands are train,"]]) {
    const { code, out, err } = await runInside([name!, "text.txt"]);
    assertEquals([code, out], [2, ""]);
    assert(err.startsWith(`error: Cannot run "${name}": there is no such command; ${hint}`), err);
  }
});

Deno.test("exitCodeOf() rejects what is no command or no argument", async () => {
  for (const wrong of [[NaN], [commandOf("train"), {}], [[]], "train", [{ name: "x" }]]) {
    const given = wrong as unknown as Command[];
    await assertRejects(() => exitCodeOf(given, ["train"]), TypeError, "commands");
  }
  await assertRejects(() => exitCodeOf(commands, [1 as unknown as string]), TypeError, "strings");
});

Deno.test("messageOf() writes the library's properties as options", () => {
  const { options } = commandOf("train");
  const message = (text: string, option?: string) =>
    messageOf(new InputError(text, { option }), options);
  assertEquals(
    message('Cannot train: "gradClip" must be a number, not "hidden"', "gradClip"),
    'Cannot train: --grad-clip must be a number, not "hidden"',
  );
  assertEquals(
    message('"patience" 2 needs a validation part: raise "valFraction", not "unknown"', "patience"),
    '--patience 2 needs a validation part: raise --val-fraction, not "unknown"',
  );
  // A path is not an option.
  const path = 'Cannot read the text "steps": there is no such file';
  assertEquals(message(path), path);
  const config = resolveConfig({ gradClip: 0 });
  assertMatch(
    messageOf(new DivergenceError({ step: 3, reason: "the loss is NaN", config }), options),
    /; use a lower --lr, such as 0\.005, --grad-clip 5$/,
  );
  assertEquals(messageOf("text", options), "text");
  // A folder may have the name of an option.
  assertEquals(
    messageOf(new InputError('Cannot create "hidden"', { option: "path" }), options),
    'Cannot create "hidden" (--out)',
  );
});
