import { InputError } from "../errors.ts";
import { charactersOf, type Score, score, totalOf } from "../evaluate/score.ts";
import { formatCharacter, formatNats, formatPercent } from "../evaluate/score_format.ts";
import { scoreHtml } from "../evaluate/score_html.ts";
import { BEST_CHECKPOINT, LATEST_CHECKPOINT, readCheckpoint } from "../files/checkpoint_file.ts";
import type { Model } from "../model/model.ts";
import { escapeInvisible, toJson } from "../printable.ts";
import type { Corpus } from "../text/corpus.ts";
import type { Command } from "./args.ts";
import { latestOption, whichCheckpoint } from "./which_checkpoint.ts";
import { columnsOf, fold, formatBytes, formatCount } from "./format.ts";
import {
  readModelTextOptions,
  readText,
  textNote,
  textOptions,
  unknownOption,
} from "./read_text.ts";
import { listTexts } from "../files/text_paths.ts";
import { printResult, tableWidth, TextOutput } from "./output.ts";
import { checkOutput, STANDARD_OUTPUT, writeOutput } from "./output_file.ts";

/** Browsers are slow to show a page of more characters. */
const MAX_BYTES = 1_000_000;

/** `deno task score` shows how well a model predicts each character of a text. */
export const scoreCommand: Command = {
  name: "score",
  summary: "Show how well a trained model predicts each character of a text",
  operands: ["<run|checkpoint>", "<text...>"],
  options: [
    latestOption,
    ...textOptions,
    unknownOption,
    {
      name: "html",
      value: "FILE",
      description: "Write an HTML page that colors the text by surprisal and shows the most " +
        "probable characters at each place, some 20 bytes per character; an existing page is " +
        "replaced, but no other file; - is standard output",
    },
    {
      name: "json",
      description: "Print one JSON object: nats, nats_per_char, and characters, each with " +
        "character, nats (null for the first of a text), probability and top, the most probable characters",
    },
  ],
  examples: [
    "deno task score runs/alice page.txt --html page.html",
    'echo "Alice was tired" | deno task score runs/alice -',
  ],
  notes: [
    "The surprisal of a character is -ln of the probability that the model gives it after all " +
    "characters before it, in nats; divided by ln 2, in bits. The mean is the loss that eval prints, " +
    "but for rounding: score computes in double precision, eval in that of the model.",
    textNote,
    `The texts may have ${
      MAX_BYTES.toLocaleString("en")
    } bytes together. The model reads each from a zero ` +
    "hidden state, as eval does; the first character of each is not predicted.",
  ],
  async run(line) {
    const [run, ...paths] = line.operands as [string, ...string[]];
    const html = line.text("html");
    if (line.flag("json") && html !== undefined) {
      throw new InputError(
        "Cannot use both --json and --html: the output has one format; leave one of them out",
      );
    }
    if (html !== undefined) {
      const checkpoints = [LATEST_CHECKPOINT, BEST_CHECKPOINT].map((name) => `${run}/${name}`);
      const inputs = [run, ...checkpoints, ...listTexts(paths).map(({ path }) => path)];
      checkOutput(html, { what: "page", inputs });
    }
    const model = await readCheckpoint(run, whichCheckpoint(line));
    using corpus = await readText(paths, {
      ...readModelTextOptions(line),
      ...{ vocabulary: model.vocabulary, maxBytes: MAX_BYTES },
    });
    const result = scoreTexts(model, corpus);
    if (html !== undefined) {
      const bytes = await writeOutput("page", html, scoreHtml(result, corpus.path));
      if (html !== STANDARD_OUTPUT) {
        printResult(summaryOf(result));
        printResult(`Page: ${escapeInvisible(html)}, ${formatBytes(bytes)}`);
      }
      return 0;
    }
    await using output = new TextOutput();
    for (const piece of line.flag("json") ? json(result) : rows(result, tableWidth())) {
      await output.write(piece);
    }
    return 0;
  },
};

/** The scores of each text of a corpus; a model of lines reads each line from a zero state anyway. */
function scoreTexts(model: Model, corpus: Corpus): Score[] {
  const { vocabulary, config } = model;
  const starts = config.holdout === "lines" ? [0] : corpus.texts.map(({ start }) => start);
  const pieces = starts.map((start, i) =>
    vocabulary.decode(corpus.read(start, (starts[i + 1] ?? corpus.length) - start))
  );
  // A text of one character has nothing to predict; alone it is refused.
  return pieces.map((text) =>
    pieces.length > 1 && [...text].length === 1
      ? { first: text, characters: [], nats: 0, natsPerChar: 0 }
      : score(model, text)
  );
}

function summaryOf(scores: readonly Score[]): string {
  const { chars, nats, natsPerChar } = totalOf(scores);
  return `${formatCount(chars, "character")} predicted: ${formatNats(nats, 1)} in total, ` +
    `${formatNats(natsPerChar, 4)} per character`;
}

/** Columns of the longest name of a character, `line break`. */
const CHARACTER_COLUMNS = 10;

/**
 * One line per character, in aligned columns.
 *
 * @param width Columns that a line may take; what does not fit is left out.
 */
function* rows(scores: readonly Score[], width: number): Generator<string> {
  yield `${fold(summaryOf(scores), width)}\n\n`;
  const all = [...charactersOf(scores)];
  const text = all.map(({ character }) => character).join("");
  const lines = text.split("\n");
  const longest = lines.reduce((length, line) => Math.max(length, line.length + 1), 0);
  const [lineWidth, columnWidth] = [lines.length, longest].map((n) =>
    1 + Math.max(4, `${n}`.length)
  );
  const place = (line: string, column: string, character: string) => {
    const padding = " ".repeat(Math.max(0, CHARACTER_COLUMNS - columnsOf(character)));
    return ` ${line.padStart(lineWidth!)}${column.padStart(columnWidth!)}  ${character}${padding}`;
  };
  const numbers = numberColumns(width - place("", "", "").length);
  const begin = place("line", "col", "character") + numbers.map(({ head }) => head).join("");
  const rest = width - begin.length - 2;
  const last = ["most probable", "top"].find((head) => head.length <= rest);
  yield `${last === undefined ? begin.trimEnd() : `${begin}  ${last}`}\n`;
  let [line, column] = [1, 1];
  for (const { character, nats, top } of all) {
    const cells = nats === null
      ? ""
      : numbers.map(({ head, format }) => format(nats).padStart(head.length)).join("");
    const predictions = top.map(({ character, probability }) =>
      `${formatCharacter(character)} ${formatPercent(probability)}`
    );
    while (columnsOf(predictions.join(", ")) > rest) predictions.pop();
    const row = `${place(`${line}`, `${column}`, formatCharacter(character))}${cells}  `;
    yield `${(row + predictions.join(", ")).trimEnd()}\n`;
    column = character === "\n" ? 1 : column + 1;
    if (character === "\n") line++;
  }
}

/** A column of numbers. */
interface NumberColumn {
  readonly head: string;
  readonly format: (nats: number) => string;
}

/** The columns of numbers that have room; bits, which are nats in another unit, last. */
function numberColumns(room: number): readonly NumberColumn[] {
  const nats = { head: "      nats", format: (nats: number) => nats.toFixed(4) };
  const bits = { head: "     bits", format: (nats: number) => (nats / Math.LN2).toFixed(4) };
  const probability = {
    head: "  probability",
    format: (nats: number) => formatPercent(Math.exp(-nats)),
  };
  const choices = [[nats, bits, probability], [nats, probability], [nats]];
  const widthOf = (columns: readonly NumberColumn[]) =>
    columns.reduce((sum, { head }) => sum + head.length, 0);
  // Bits leave room for the most probable character.
  return choices.find((columns) => widthOf(columns) + (columns.length === 3 ? 20 : 0) <= room) ??
    [nats];
}

/** One JSON object, in pieces, as it may be larger than a string can be. */
function* json(scores: readonly Score[]): Generator<string> {
  const { nats, natsPerChar } = totalOf(scores);
  const head = toJson({ nats, nats_per_char: natsPerChar });
  yield `${head.slice(0, -1)},"characters":[`;
  let comma = "";
  for (const { character, nats, top } of charactersOf(scores)) {
    const probability = nats === null ? null : Math.exp(-nats);
    yield comma + toJson({ character, nats, probability, top });
    comma = ",";
  }
  yield "]}\n";
}
