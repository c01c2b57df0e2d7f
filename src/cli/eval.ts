import { evaluate, type Evaluation } from "../evaluate/evaluate.ts";
import { readCheckpoint } from "../files/checkpoint_file.ts";
import type { Model } from "../model/model.ts";
import type { Corpus } from "../text/corpus.ts";
import type { EncodedText } from "../text/reencode.ts";
import { gzipNatsPerChar } from "../evaluate/baselines/gzip.ts";
import type { Command } from "./args.ts";
import { latestOption, whichCheckpoint } from "./which_checkpoint.ts";
import { ProgressBar } from "./progress_bar.ts";
import {
  readModelTextOptions,
  readText,
  textNote,
  textOptions,
  unknownOption,
} from "./read_text.ts";
import { formatCount, formatLoss, formatNumber, table } from "./format.ts";
import { printJson, printResult, tableWidth } from "./output.ts";

/** `deno task eval` measures how well a model predicts a text. */
export const evalCommand: Command = {
  name: "eval",
  summary: "Measure how well a trained model predicts a text",
  operands: ["<run|checkpoint>", "<text...>"],
  options: [
    latestOption,
    ...textOptions,
    unknownOption,
    {
      name: "json",
      description: "Print one JSON object: chars, nats_per_char, bits_per_char, perplexity, " +
        "uniform_nats_per_char, unigram_nats_per_char, bigram_nats_per_char, gzip_nats_per_char",
    },
  ],
  examples: ["deno task eval runs/alice examples/alice.txt"],
  notes: [
    textNote,
    "The model reads each text once, from start to end, and predicts each character but the first " +
    "from all characters before it. A run folder stands for its best checkpoint; see --latest.",
    "Baselines learn from the evaluated text alone. bigram and unigram are adaptive: they predict " +
    "each character from the one before, or from none, by counts of the characters that they have " +
    "passed. gzip is the size of the text compressed at level 9. uniform is the logarithm of the size of " +
    "the model's vocabulary. In the summary after training, the same baselines have learned from the training part.",
  ],
  async run(line) {
    const [run, ...paths] = line.operands as [string, ...string[]];
    const model = await readCheckpoint(run, whichCheckpoint(line));
    using corpus = await readText(paths, {
      ...readModelTextOptions(line),
      vocabulary: model.vocabulary,
      ...mayWrite(TEMPORARY_FOLDER) ? { temporaryFolder: TEMPORARY_FOLDER } : {},
    });
    const result = await evaluateWithProgress(model, corpus);
    const gzip = await gzipWithProgress(corpus);
    if (line.flag("json")) printJson(toRecord(result, gzip));
    else printResult(losses(result, gzip, model.progress.step));
    return 0;
  },
};

/** The folder of the temporary file for a long text that no file holds as it is read. */
const TEMPORARY_FOLDER = ".";

/** Whether files may be written there; without a long text `eval` needs no such permission. */
function mayWrite(path: string): boolean {
  return Deno.permissions.querySync({ name: "write", path }).state === "granted";
}

function toRecord(result: Evaluation, gzipNatsPerChar: number) {
  return {
    chars: result.chars,
    nats_per_char: result.natsPerChar,
    bits_per_char: result.bitsPerChar,
    perplexity: result.perplexity,
    uniform_nats_per_char: result.uniformNatsPerChar,
    unigram_nats_per_char: result.unigramNatsPerChar,
    bigram_nats_per_char: result.bigramNatsPerChar,
    gzip_nats_per_char: gzipNatsPerChar,
  };
}

/** The losses of the model and of the baselines, as a table. */
function losses(result: Evaluation, gzipNatsPerChar: number, step: number): string {
  const row = (name: string, nats: number) => [
    name,
    formatLoss(nats),
    formatLoss(nats / Math.LN2),
    formatLoss(Math.exp(nats), 3),
  ];
  const rows = [
    ["", "nats/char", "bits/char", "perplexity"],
    row(`model of step ${formatNumber(step)}`, result.natsPerChar),
    row("bigram", result.bigramNatsPerChar),
    row("unigram", result.unigramNatsPerChar),
    row("uniform", result.uniformNatsPerChar),
    row("gzip", gzipNatsPerChar),
  ];
  const losses = table(rows, { rightFrom: 1, width: tableWidth() });
  return `${formatCount(result.chars, "character")} predicted\n\n${losses}\n\n` +
    "(bigram, unigram, gzip: learned from this text alone, while it is read)";
}

async function evaluateWithProgress(model: Model, corpus: Corpus): Promise<Evaluation> {
  using bar = new ProgressBar("Evaluating");
  return await evaluate(model, corpus, {
    onProgress: ({ chars, total }) => bar.update(chars, total),
  });
}

async function gzipWithProgress(corpus: Corpus): Promise<number> {
  using bar = new ProgressBar("Compressing");
  return await gzipNatsPerChar(withProgress(corpus, bar), [[0, corpus.length]]);
}

/** A view of a text whose first pass moves a progress bar. */
function withProgress(
  corpus: Corpus,
  bar: ProgressBar,
): EncodedText {
  const { path, length, vocabulary } = corpus;
  let furthest = -1;
  return {
    path,
    length,
    vocabulary,
    read(start, count, options) {
      if (start > furthest) bar.update(furthest = start, length);
      return corpus.read(start, count, options);
    },
  };
}
