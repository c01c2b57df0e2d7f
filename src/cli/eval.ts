import { evaluate, type Evaluation } from "../evaluate/evaluate.ts";
import { readCheckpoint } from "../model/checkpoint_file.ts";
import type { Model } from "../model/model.ts";
import { type Corpus, readCorpusWith } from "../text/corpus.ts";
import type { Command } from "./options.ts";
import { ProgressLine, readWithProgress } from "./progress.ts";
import { table } from "./table.ts";

/** `deno task eval`: how well a model predicts a text. */
export const evalCommand: Command = {
  name: "eval",
  summary: "Measure how well a trained model predicts a text",
  operands: ["<run|checkpoint>", "<text>"],
  options: [
    {
      name: "json",
      meaning: "Write one JSON object: chars, nats_per_char, bits_per_char, perplexity, " +
        "uniform_nats_per_char, unigram_nats_per_char",
    },
  ],
  notes: [
    "The model reads the text once from start to end and predicts each character but the first",
    "from all before it. For comparison: a uniform guess among the text's distinct characters, and",
    "the entropy of the text's own character frequencies (unigram).",
    "",
    "  deno task eval runs/alice examples/alice.txt",
  ],
  async run(line) {
    const [run, path] = line.operands;
    const checkpoint = await readCheckpoint(run!);
    using corpus = await readWithProgress((options) =>
      readCorpusWith(path!, checkpoint.vocabulary, options)
    );
    const result = evaluateWithProgress(checkpoint, corpus);
    if (line.flag("json")) {
      console.log(JSON.stringify({
        chars: result.chars,
        nats_per_char: result.natsPerChar,
        bits_per_char: result.bitsPerChar,
        perplexity: result.perplexity,
        uniform_nats_per_char: result.uniformNatsPerChar,
        unigram_nats_per_char: result.unigramNatsPerChar,
      }));
      return 0;
    }
    const row = (name: string, nats: number) => [
      name,
      nats.toFixed(4),
      (nats / Math.LN2).toFixed(4),
      Math.exp(nats).toFixed(3),
    ];
    const rows = [
      ["", "nats/char", "bits/char", "perplexity"],
      row("model", result.natsPerChar),
      row("unigram", result.unigramNatsPerChar),
      row("uniform", result.uniformNatsPerChar),
    ];
    console.log(`${result.chars.toLocaleString("en")} characters predicted\n\n${table(rows, 1)}`);
    return 0;
  },
};

function evaluateWithProgress(model: Model, corpus: Corpus): Evaluation {
  using progress = new ProgressLine("Evaluating");
  const { path, length, counts } = corpus;
  return evaluate(model, {
    path,
    length,
    counts,
    read(start, count, into) {
      progress.update(start, length);
      return corpus.read(start, count, into);
    },
  });
}
