import { InputError } from "../errors.ts";
import { runToEnd } from "../event_loop.ts";
import { quotePath } from "../json.ts";
import type { Model } from "../model/model.ts";
import type { Corpus } from "../text/corpus.ts";
import type { Span } from "../text/split.ts";
import { BigramModel } from "./baselines/bigram.ts";
import { uniformEntropy, unigramEntropy } from "./baselines/entropy.ts";
import { Evaluator } from "./evaluator.ts";

/**
 * The loss of a model on a text, next to baselines; see {@linkcode evaluate}.
 *
 * The baselines are fitted to the evaluated text itself, which favors them: on a short text, where
 * most pairs of characters occur once, the bigram figure is lower than any model can reach.
 */
export interface Evaluation {
  /** Number of predicted characters: all but the first. */
  readonly chars: number;
  /** Mean cross-entropy of the predictions, in nats per character. */
  readonly natsPerChar: number;
  /** The same in bits per character. */
  readonly bitsPerChar: number;
  /** e to the loss in nats: the number of equally likely characters that are as hard to predict. */
  readonly perplexity: number;
  /** Baseline: a uniform prediction among the text's distinct characters, in nats per character. */
  readonly uniformNatsPerChar: number;
  /** Baseline: the entropy of the text's character frequencies, in nats per character. */
  readonly unigramNatsPerChar: number;
  /** Baseline: the entropy of a character given the one before it, in nats per character. */
  readonly bigramNatsPerChar: number;
}

/**
 * Measures how well a model predicts a text.
 *
 * The model reads the text once, from a hidden state of zeros, and predicts each character from all
 * before it.
 *
 * @param model A model, for example a checkpoint.
 * @param corpus The text in the ids of the model's vocabulary.
 * @throws {InputError} if the text has fewer than two characters, or the network does not fit into
 * memory.
 * @throws {TextError} as {@linkcode Corpus.read} does.
 *
 * @example
 * ```ts
 * import { corpusFromText, evaluate, resolveConfig, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("to be or not to be. ".repeat(50));
 * const config = resolveConfig({ hidden: 16, seqLength: 10, batchSize: 4 });
 * using trainer = Trainer.create(corpus, config);
 * for (let step = 0; step < 100; step++) trainer.step();
 * const { bitsPerChar, chars } = evaluate(trainer.model(), corpus);
 * console.log(chars, bitsPerChar < 3); // 999 true
 * ```
 */
export function evaluate(
  model: Model,
  corpus: Pick<Corpus, "path" | "length" | "counts" | "read">,
): Evaluation {
  const { path, length, counts } = corpus;
  if (length < 2) {
    throw new InputError(
      `Cannot evaluate on ${quotePath(path)}: it has ${
        length === 1 ? "1 character" : "no characters"
      }; ` +
        "it must have at least 2, since the first is not predicted",
    );
  }
  const all: Span = [0, length];
  using evaluator = new Evaluator(model);
  const natsPerChar = evaluator.loss(corpus, { parameters: model.parameters, spans: [all] });
  const bigram = new BigramModel(model.vocabulary.size);
  runToEnd(bigram.countInSlices(corpus, all));
  return {
    chars: length - 1,
    natsPerChar,
    bitsPerChar: natsPerChar / Math.LN2,
    perplexity: Math.exp(natsPerChar),
    uniformNatsPerChar: uniformEntropy(counts),
    unigramNatsPerChar: unigramEntropy(counts),
    bigramNatsPerChar: bigram.conditionalEntropy(),
  };
}
