import {
  type Config,
  type Model,
  type Precision,
  resolveConfig,
  Vocabulary,
} from "../../src/mod.ts";
import { Engine } from "../../src/engine/mod.ts";

/** The hyperparameters of an update. */
export type Update = Pick<Config, "optimizer" | "lr" | "gradClip">;

/** What a {@linkcode SequenceTrainer} learns. */
export interface SequenceTask {
  /** The text that is read, T characters. */
  readonly inputs: string;
  /** The character to predict at each step, T characters. */
  readonly targets: string;
}

/**
 * Trains a network on one short text: every update reads the whole text from a hidden state of
 * zeros. Three of the notebooks train like this.
 *
 * A {@linkcode Trainer} is the tool for longer texts, where an update reads a part of the text and
 * the hidden state is carried to the next one. Here the {@linkcode Engine} is used directly, so that
 * the four calls of an update can be seen in {@linkcode SequenceTrainer.step}.
 */
export class SequenceTrainer {
  /** The network. */
  readonly engine: Engine;
  /** The characters of the inputs and the targets. */
  readonly vocabulary: Vocabulary;

  /**
   * @param task Inputs and targets of the same length.
   * @param sizes H, and the precision. The notebooks compute in double precision, `f64`;
   * `f32-strict` takes half the time and also gives the same bits on every machine.
   */
  constructor(
    { inputs, targets }: SequenceTask,
    { hidden, precision }: { readonly hidden: number; readonly precision: Precision },
  ) {
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

  /** Computes the loss −Σ ln p of the whole text, in nats. */
  loss(): number {
    this.engine.forward();
    return this.engine.crossEntropy();
  }

  /** Makes one update, and returns the loss before it. */
  step(update: Update): number {
    this.engine.forward();
    const loss = this.engine.crossEntropy();
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
