import type { Config } from "../../src/model/config.ts";
import type { Corpus } from "../../src/text/corpus.ts";
import { Trainer } from "../../src/train/trainer.ts";

/**
 * unroll's mean loss over the first characters, however many: programs differ in how far they get
 * in a second.
 */
export class UnrollLoss {
  readonly #trainer: Trainer;
  /** `#sums[n]` is the sum of the losses of the first n steps. */
  readonly #sums = [0];

  /** Declare it with `using`, or the threads of its trainer keep running. */
  constructor(corpus: Corpus, config: Config) {
    this.#trainer = Trainer.create(corpus, config);
  }

  /**
   * The mean loss in nats per character.
   *
   * @param chars Characters since the initial weights, a multiple of T·B.
   */
  mean(chars: number): number {
    const steps = chars / this.#trainer.charsPerStep;
    while (this.#sums.length <= steps) this.#sums.push(this.#sums.at(-1)! + this.#trainer.step());
    return this.#sums[steps]! / steps;
  }

  /** Ends the threads of the trainer. */
  [Symbol.dispose](): void {
    this.#trainer[Symbol.dispose]();
  }
}
