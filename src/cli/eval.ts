import { evaluate, type Evaluation } from "../evaluate/evaluate.ts";
import { readCheckpoint } from "../checkpoint/file.ts";
import type { Model } from "../model/model.ts";
import { type Corpus, readCorpus } from "../text/corpus.ts";
import { streamedGzipNats } from "../evaluate/gzip.ts";
import type { Command } from "./args.ts";
import { ProgressBar, readWithProgress } from "./progress_bar.ts";
import { table } from "./table.ts";

/** `deno task eval`: how well a model predicts a text. */
export const evalCommand: Command = {
  name: "eval",
  summary: "Measure how well a trained model predicts a text",
  operands: ["<run|checkpoint>", "<text>"],
  options: [
    {
      name: "json",
      description: "Write one JSON object: chars, nats_per_char, bits_per_char, perplexity, " +
        "uniform_nats_per_char, unigram_nats_per_char, bigram_nats_per_char, gzip_nats_per_char",
    },
  ],
  notes: [
    "The model reads the text once from start to end and predicts each character but the first",
    "from all before it. For comparison, all of the text itself: the entropy of its characters, each",
    "when the one before is known (bigram) and by their frequencies alone (unigram), a uniform guess",
    "among its distinct characters, and what gzip -9 makes of it. Of a short text bigram says little:",
    "where hardly any pair comes twice, the one before gives the next away.",
    "",
    "  deno task eval runs/alice examples/alice.txt",
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
  return await streamedGzipNats(watched(corpus, progress), [[0, corpus.length]]);
}

/** A text that tells how far it has been read, the first time. */
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
