import { InputError } from "../errors.ts";
import { type Score, score } from "../evaluate/score.ts";
import { figures, nameOf, percent, scoreHtml } from "../evaluate/score_html.ts";
import { readCheckpoint } from "../checkpoint/file.ts";
import { quote } from "../json.ts";
import type { Command } from "./args.ts";
import { readKnownText } from "./read_text.ts";
import { TextOutput } from "./text_output.ts";

/** More characters of a page are more than browsers like to show. */
const MOST_BYTES = 1_000_000;

/** `deno task score`: how much each character of a text surprises a model. */
export const scoreCommand: Command = {
  name: "score",
  summary: "Show how much each character of a text surprises a trained model",
  operands: ["<run|checkpoint>", "<text>"],
  options: [
    {
      name: "json",
      description:
        "Write one JSON object: nats, nats_per_char, and characters, each with character, " +
        "nats (null for the first), probability, likeliest",
    },
    {
      name: "html",
      value: "FILE",
      description:
        "Write a page in which each character is coloured by its surprise; a file of that " +
        "name is replaced",
    },
  ],
  notes: [
    "A character's surprise is −ln of the probability that the model gave it, having read all before",
    "it: in nats, or divided by ln 2 in bits. The mean is what eval gives. The text, a file in UTF-8",
    `of at most ${MOST_BYTES.toLocaleString("en")} bytes, may come from standard input: -`,
    "",
    "  deno task score runs/alice page.txt --html page.html",
    '  echo "Alice was tired" | deno task score runs/alice -',
  ],
  async run(line) {
    const [run, path] = line.operands as [string, string];
    const html = line.text("html");
    if (line.flag("json") && html !== undefined) {
      throw new InputError("Cannot use --json with --html: there is one form at a time");
    }
    const model = await readCheckpoint(run);
    const text = await readKnownText(path, MOST_BYTES, model.vocabulary);
    const result = score(model, text);
    if (html !== undefined) {
      await writePage(html, scoreHtml(result, path === "-" ? "standard input" : path));
      console.log(summaryOf(result));
      return 0;
    }
    await using output = new TextOutput();
    for (const piece of line.flag("json") ? json(result) : rows(result)) await output.write(piece);
    return 0;
  },
};

function summaryOf({ characters, nats, natsPerChar }: Score): string {
  const count = characters.length.toLocaleString("en");
  return `${count} characters predicted: in all ${figures(nats, 1)}, ` +
    `in the mean ${figures(natsPerChar, 4)} per character`;
}

/** A line for each character, as aligned columns. */
function* rows(result: Score): Generator<string> {
  yield `${summaryOf(result)}\n\n`;
  yield "  line  col  character       nats     bits  probability  likeliest\n";
  let line = 1;
  let column = 1;
  const place = (character: string) => {
    const text = `${String(line).padStart(6)}${String(column).padStart(5)}  ${
      nameOf(character).padEnd(10)
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
      percent(Math.exp(-nats)).padStart(13),
    ];
    const guesses = top.map(({ character, probability }) =>
      `${nameOf(character)} ${percent(probability)}`
    );
    yield `${place(character)}${numbers.join("")}  ${guesses.join(", ")}\n`;
  }
}

/** One JSON object, in pieces. */
function* json({ first, characters, nats, natsPerChar }: Score): Generator<string> {
  const head = JSON.stringify({ nats, nats_per_char: natsPerChar });
  yield `${head.slice(0, -1)},"characters":[`;
  yield JSON.stringify({ character: first, nats: null, probability: null, top: [] });
  for (const { character, nats, top } of characters) {
    yield `,${JSON.stringify({ character, nats, probability: Math.exp(-nats), top })}`;
  }
  yield "]}\n";
}

async function writePage(path: string, page: string): Promise<void> {
  try {
    await Deno.writeTextFile(path, page);
  } catch (error) {
    // A folder that is missing or may not be written, a full disk: each has a code.
    if (!(error instanceof Error && "code" in error)) throw error;
    const reason = error.message.replace(/ \(os error.*/s, "");
    throw new InputError(
      `Cannot write the page ${quote(path, 1000)}: ${reason}; it must be a file in a folder that ` +
        `is there and can be written`,
    );
  }
}
