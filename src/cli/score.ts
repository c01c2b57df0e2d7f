import { InputError } from "../errors.ts";
import { type Score, score } from "../evaluate/score.ts";
import { formatCharacter, formatNats, formatPercent } from "../evaluate/score_format.ts";
import { scoreHtml } from "../evaluate/score_html.ts";
import { BEST_CHECKPOINT, LATEST_CHECKPOINT, readCheckpoint } from "../checkpoint/file.ts";
import { toJson } from "../printable.ts";
import type { Command } from "./args.ts";
import { latestOption, whichCheckpoint } from "./which_checkpoint.ts";
import { formatCount } from "./format.ts";
import { readKnownText } from "./read_text.ts";
import { printResult, TextOutput } from "./output.ts";
import { checkOutput, STANDARD_OUTPUT, writeOutput } from "./output_file.ts";

/** Browsers are slow to show a page of more characters. */
const MAX_BYTES = 1_000_000;

/** `deno task score` shows how well a model predicts each character of a text. */
export const scoreCommand: Command = {
  name: "score",
  summary: "Show how well a trained model predicts each character of a text",
  operands: ["<run|checkpoint>", "<text>"],
  options: [
    latestOption,
    {
      name: "html",
      value: "FILE",
      description: "Write an HTML page that colors each character by its surprisal; an existing " +
        "file is replaced, unless it is an input or a file of a run; - is standard output",
    },
    {
      name: "json",
      description: "Print one JSON object: nats, nats_per_char, and characters, each with " +
        "character, nats (null for the first), probability and top, the most probable characters",
    },
  ],
  examples: [
    "deno task score runs/alice page.txt --html page.html",
    'echo "Alice was tired" | deno task score runs/alice -',
  ],
  notes: [
    "The surprisal of a character is -ln of the probability that the model gives it after all " +
    "characters before it, in nats; divided by ln 2, in bits. The mean is the loss that eval prints.",
    `The text is a UTF-8 file of at most ${
      MAX_BYTES.toLocaleString("en")
    } bytes, or - for standard ` +
    "input.",
  ],
  async run(line) {
    const [run, path] = line.operands as [string, string];
    const html = line.text("html");
    if (line.flag("json") && html !== undefined) {
      throw new InputError(
        "Cannot use both --json and --html: the output has one format; leave one of them out",
      );
    }
    if (html !== undefined) {
      const checkpoints = [LATEST_CHECKPOINT, BEST_CHECKPOINT].map((name) => `${run}/${name}`);
      const inputs = [run, ...checkpoints, ...path === "-" ? [] : [path]];
      checkOutput("page", html, inputs);
    }
    const model = await readCheckpoint(run, whichCheckpoint(line));
    const text = await readKnownText(path, { vocabulary: model.vocabulary, maxBytes: MAX_BYTES });
    const result = score(model, text);
    if (html !== undefined) {
      await writeOutput("page", html, scoreHtml(result, path === "-" ? "standard input" : path));
      if (html !== STANDARD_OUTPUT) printResult(summaryOf(result));
      return 0;
    }
    await using output = new TextOutput();
    for (const piece of line.flag("json") ? json(result) : rows(result)) await output.write(piece);
    return 0;
  },
};

function summaryOf({ characters, nats, natsPerChar }: Score): string {
  return `${formatCount(characters.length, "character")} predicted: ${
    formatNats(nats, 1)
  } in total, ` +
    `${formatNats(natsPerChar, 4)} per character`;
}

/** One line per character, in aligned columns. */
function* rows(result: Score): Generator<string> {
  yield `${summaryOf(result)}\n\n`;
  yield "  line  col  character       nats     bits  probability  most probable\n";
  let line = 1;
  let column = 1;
  const place = (character: string) => {
    const text = `${String(line).padStart(6)}${String(column).padStart(5)}  ${
      formatCharacter(character).padEnd(10)
    }`;
    column = character === "\n" ? 1 : column + 1;
    if (character === "\n") line++;
    return text;
  };
  yield `${place(result.first).trimEnd()}\n`;
  for (const { character, nats, top } of result.characters) {
    const numbers = [
      nats.toFixed(4).padStart(10),
      (nats / Math.LN2).toFixed(4).padStart(9),
      formatPercent(Math.exp(-nats)).padStart(13),
    ];
    const predictions = top.map(({ character, probability }) =>
      `${formatCharacter(character)} ${formatPercent(probability)}`
    );
    yield `${place(character)}${numbers.join("")}  ${predictions.join(", ")}\n`;
  }
}

/** One JSON object, in pieces, as it may be larger than a string can be. */
function* json({ first, characters, nats, natsPerChar }: Score): Generator<string> {
  const head = toJson({ nats, nats_per_char: natsPerChar });
  yield `${head.slice(0, -1)},"characters":[`;
  yield toJson({ character: first, nats: null, probability: null, top: [] });
  for (const { character, nats, top } of characters) {
    yield `,${toJson({ character, nats, probability: Math.exp(-nats), top })}`;
  }
  yield "]}\n";
}
