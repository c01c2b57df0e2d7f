import { evaluate, type Evaluation } from "../evaluate/evaluate.ts";
import { readCheckpoint } from "../checkpoint/file.ts";
import type { Model } from "../model/model.ts";
import { type Corpus, readCorpus } from "../text/corpus.ts";
import { gzipNatsPerChar } from "../evaluate/baselines/gzip.ts";
import type { Command } from "./args.ts";
import { ProgressBar, readWithProgress } from "./progress_bar.ts";
import { table } from "./format.ts";

/** `deno task eval` measures how well a model predicts a text. */
export const evalCommand: Command = {
  name: "eval",
  summary: "Measure how well a trained model predicts a text",
  operands: ["<run|checkpoint>", "<text>"],
  options: [
    {
      name: "json",
      description: "Print one JSON object: chars, nats_per_char, bits_per_char, perplexity, " +
        "uniform_nats_per_char, unigram_nats_per_char, bigram_nats_per_char, gzip_nats_per_char",
    },
  ],
  examples: ["deno task eval runs/alice examples/alice.txt"],
  notes: [
    "The model reads the text once, from start to end, and predicts each character but the first " +
    "from all characters before it. A run folder stands for its latest checkpoint.",
    "Baselines are fitted to the evaluated text itself: bigram is the entropy of a character given " +
    "the one before, unigram the entropy of single characters, uniform the logarithm of the number " +
    "of distinct characters, and gzip -9 the size of the compressed text. On short texts ignore " +
    "the bigram figure: most pairs occur once.",
  ],
  async run(line) {
    const [run, path] = line.operands;
    const checkpoint = await readCheckpoint(run!);
    using corpus = await readWithProgress((options) =>
      readCorpus(path!, { ...options, vocabulary: checkpoint.vocabulary })
    );
    const result = evaluateWithProgress(checkpoint, corpus);
    const gzip = await gzipWithProgress(corpus);
    if (line.flag("json")) {
      console.log(JSON.stringify({
        chars: result.chars,
        nats_per_char: result.natsPerChar,
        bits_per_char: result.bitsPerChar,
        perplexity: result.perplexity,
        uniform_nats_per_char: result.uniformNatsPerChar,
        unigram_nats_per_char: result.unigramNatsPerChar,
        bigram_nats_per_char: result.bigramNatsPerChar,
        gzip_nats_per_char: gzip,
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
      row("bigram", result.bigramNatsPerChar),
      row("unigram", result.unigramNatsPerChar),
      row("uniform", result.uniformNatsPerChar),
      row("gzip -9", gzip),
    ];
    console.log(`${result.chars.toLocaleString("en")} characters predicted\n\n${table(rows, 1)}`);
    return 0;
  },
};

function evaluateWithProgress(model: Model, corpus: Corpus): Evaluation {
  using progress = new ProgressBar("Evaluating");
  return evaluate(model, watched(corpus, progress));
}

async function gzipWithProgress(corpus: Corpus): Promise<number> {
  using progress = new ProgressBar("Compressing");
  return await gzipNatsPerChar(watched(corpus, progress), [[0, corpus.length]]);
}

/** A view of a text that reports how far the first pass over it has come. */
function watched(
  corpus: Corpus,
  progress: ProgressBar,
): Pick<Corpus, "path" | "length" | "counts" | "vocabulary" | "read"> {
  const { path, length, counts, vocabulary } = corpus;
  let furthest = -1;
  return {
    path,
    length,
    counts,
    vocabulary,
    read(start, count, into) {
      if (start > furthest) progress.update(furthest = start, length);
      return corpus.read(start, count, into);
    },
  };
}
