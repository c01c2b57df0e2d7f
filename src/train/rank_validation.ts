import { countChunks, Evaluator } from "../evaluate/evaluator.ts";
import type { Exchange } from "../exchange.ts";
import { SLICE_MS } from "../event_loop.ts";
import type { Config } from "../model/config.ts";
import { sizesOf } from "../model/model.ts";
import { type ParameterSet, zeroParameters } from "../model/parameters.ts";
import { agree, gatherWords } from "../rank_jobs.ts";
import type { Corpus } from "../text/corpus.ts";
import { countPredicted, type Span } from "../text/split.ts";

/** What {@linkcode RankValidation} is made of. */
export interface RankValidationOptions {
  readonly corpus: Pick<Corpus, "vocabulary" | "read">;
  readonly config: Config;
  readonly exchange: Exchange;
  readonly threads: number | "auto";
  /** The spans of each rank, in the order of the text. */
  readonly spans: readonly (readonly Span[])[];
}

/**
 * The validation of a part of many spans by several ranks: each reads its own spans. Losses are added
 * in the order of the text, so that the sum has the bits of one rank.
 *
 * The ranks work in slices, between which rank 0 may stop.
 */
export class RankValidation implements Disposable {
  readonly #options: RankValidationOptions;
  #evaluator: Evaluator | undefined;
  #chunks: Iterator<{ readonly nats: number }> | undefined;
  readonly #losses: number[] = [];

  constructor(options: RankValidationOptions) {
    this.#options = options;
  }

  /**
   * Begins a measurement; an earlier one that was not ended is forgotten.
   *
   * @param parameters Those of rank 0, which the others receive.
   */
  begin(parameters?: ParameterSet): void {
    const { corpus, config, exchange, spans, threads } = this.#options;
    const { vocabulary } = corpus;
    const set = parameters ?? zeroParameters(sizesOf({ config, vocabulary }), config.precision);
    for (const { buffer, byteOffset, byteLength } of Object.values(set)) {
      exchange.broadcast(new Uint8Array(buffer, byteOffset, byteLength));
    }
    this.#losses.length = 0;
    const own = spans[exchange.rank]!;
    if (own.length === 0) {
      this.#chunks = undefined;
      return;
    }
    this.#evaluator ??= new Evaluator({ config, vocabulary }, { threads });
    this.#chunks = this.#evaluator.chunks(corpus, { parameters: set, spans: own });
  }

  /** Measures for a moment; returns whether all ranks are done. */
  measureSlice(): boolean {
    const { exchange } = this.#options;
    const isDone = agree(exchange, () => {
      if (this.#chunks === undefined) return true;
      const begin = performance.now();
      do {
        const { value, done } = this.#chunks.next();
        if (done) return true;
        this.#losses.push(value.nats);
      } while (performance.now() - begin < SLICE_MS);
      return false;
    });
    if (isDone) this.#chunks = undefined;
    return gatherWords(exchange, [isDone ? 1 : 0]).every(([word]) => word === 1);
  }

  /** The mean loss of all spans, in nats per character. */
  end(): number {
    const { exchange, spans } = this.#options;
    let start = 0;
    const slices = spans.map((own) => {
      const length = countChunks(own);
      start += length;
      return { start: start - length, length };
    });
    const losses = new Float64Array(start);
    losses.set(this.#losses, slices[exchange.rank]!.start);
    exchange.allGather(losses, slices);
    return losses.reduce((sum, nats) => sum + nats, 0) / countPredicted(spans.flat());
  }

  /** Ends the threads. */
  [Symbol.dispose](): void {
    this.#evaluator?.[Symbol.dispose]();
  }
}
