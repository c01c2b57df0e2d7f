import {
  type Config,
  Engine,
  type Model,
  type ParameterSet,
  resolveConfig,
  Vocabulary,
} from "../../src/mod.ts";

/** How a sequence is learnt. */
export type Update = Pick<Config, "optimizer" | "lr" | "clip">;

/**
 * One short text, read as a whole from a zero hidden state, again and again: what three of the
 * notebooks do, and min-char-rnn's carried state does not come into.
 */
export class Sequence {
  /** The network, in the notebooks' double precision. */
  readonly engine: Engine;
  /** The characters of both texts. */
  readonly vocabulary: Vocabulary;
  readonly #hidden: number;

  /**
   * @param inputs The text that is read.
   * @param targets What is to be predicted: as long as the inputs, a character for each.
   * @param parameters The network to begin with, or zeros.
   */
  constructor(inputs: string, targets: string, hidden: number) {
    this.vocabulary = Vocabulary.fromText(inputs + targets);
    const { size } = this.vocabulary;
    const ids = this.vocabulary.encode(inputs);
    this.#hidden = hidden;
    this.engine = new Engine({
      precision: "f64",
      inputs: size,
      hidden,
      outputs: size,
      steps: ids.length,
      streams: 1,
    });
    this.engine.inputIds.set(ids);
    this.engine.targetIds.set(this.vocabulary.encode(targets));
  }

  /** The loss of the network as it is: −Σ ln p, in nats. */
  loss(): number {
    this.engine.forward();
    return this.engine.crossEntropy();
  }

  /** One update; gives the loss before it. */
  step(update: Update): number {
    const loss = this.loss();
    this.engine.backward();
    this.engine.update(update);
    return loss;
  }

  /** The network as a model to sample from. */
  model(): Model {
    const config = resolveConfig({ hidden: this.#hidden, precision: "f64" });
    return { config, vocabulary: this.vocabulary, parameters: this.parameters() };
  }

  /** The network's parameters, in arrays of their own. */
  parameters(): ParameterSet {
    return this.engine.readParameters();
  }
}
