import {
  type Config,
  Engine,
  type Model,
  type Precision,
  resolveConfig,
  Vocabulary,
} from "../../src/mod.ts";

/** How a sequence is learnt. */
export type Update = Pick<Config, "optimizer" | "lr" | "gradClip">;

/**
 * One short text, read as a whole from a zero hidden state, again and again: what three of the
 * notebooks do, and min-char-rnn's carried state does not come into.
 */
export class Sequence {
  /** The network. */
  readonly engine: Engine;
  /** The characters of both texts. */
  readonly vocabulary: Vocabulary;

  /**
   * @param inputs The text that is read.
   * @param targets What is to be predicted: as long as the inputs, a character for each.
   * @param hidden H.
   * @param precision The notebooks' is double; `f32-strict` shows the same in half the time, and on
   * every machine.
   */
  constructor(inputs: string, targets: string, hidden: number, precision: Precision) {
    this.vocabulary = Vocabulary.fromText(inputs + targets);
    const { size } = this.vocabulary;
    const ids = this.vocabulary.encode(inputs);
    this.engine = new Engine({
      precision,
      inputs: size,
      hidden,
      outputs: size,
      seqLength: ids.length,
      batchSize: 1,
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
    const { hidden, precision } = this.engine.options;
    return {
      config: resolveConfig({ hidden, precision }),
      vocabulary: this.vocabulary,
      parameters: this.engine.readParameters(),
    };
  }
}
