import type { Corpus } from "../../src/text/corpus.ts";
import { resolveConfig } from "../../src/model/resolve_config.ts";
import { Trainer } from "../../src/train/trainer.ts";
import type { NetworkSize } from "../network_size.ts";
import { configOf } from "./hyperparams.ts";

/** What unroll's loss is after any number of characters, from the first weights on. */
export class UnrollLoss {
  readonly #trainer: Trainer;
  /** Sum of the losses of the first n steps. */
  readonly #sums = [0];

  constructor(corpus: Corpus, size: NetworkSize) {
    this.#trainer = Trainer.create(corpus, resolveConfig(configOf(size), { chars: corpus.length }));
  }

  /** Mean loss over the first characters, a multiple of T·B, in nats per character. */
  mean(chars: number): number {
    const steps = chars / this.#trainer.charsPerStep;
    while (this.#sums.length <= steps) this.#sums.push(this.#sums.at(-1)! + this.#trainer.step());
    return this.#sums[steps]! / steps;
  }

  /** Ends the threads. */
  [Symbol.dispose](): void {
    this.#trainer.close();
  }
}
