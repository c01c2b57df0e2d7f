import { Evaluator, type MeasuredStep } from "../evaluate/evaluator.ts";
import { countSums, type Piece, piecesOf } from "../evaluate/pieces.ts";
import type { Exchange, Slice } from "../exchange.ts";
import { SLICE_MS } from "../event_loop.ts";
import type { Config } from "../model/config.ts";
import { sizesOf } from "../model/model.ts";
import { type ParameterSet, zeroParameters } from "../model/parameters.ts";
import { agree, gatherWords } from "../rank_jobs.ts";
import type { Corpus } from "../text/corpus.ts";
import type { Span } from "../text/split.ts";

/** What {@linkcode RankValidation} is made of. */
export interface RankValidationOptions {
  readonly corpus: Pick<Corpus, "vocabulary" | "read">;
  readonly config: Config;
  readonly exchange: Exchange;
  readonly threads: number | "auto";
  /** The validation part, in the order of the text. */
  readonly spans: readonly Span[];
}

/** Whether spans have several pieces, so that ranks can share them. */
export function canShare(spans: readonly Span[]): boolean {
  const pieces = piecesOf(spans);
  return [pieces.next(), pieces.next()].every(({ done }) => done !== true);
}

/**
 * The validation by several ranks: each reads some of the pieces of the spans. Losses are added in the
 * order of the text, so that the sum has the bits of one rank.
 *
 * The ranks work in slices, between which rank 0 may stop.
 */
export class RankValidation implements Disposable {
  readonly #options: RankValidationOptions;
  /** The pieces of this rank. */
  readonly #pieces: readonly Piece[];
  /** The sums of losses of each rank, among those of all. */
  readonly #slices: readonly Slice[];
  readonly #predicted: number;
  #evaluator: Evaluator | undefined;
  #steps: Iterator<MeasuredStep> | undefined;
  readonly #sums: number[] = [];

  constructor(options: RankValidationOptions) {
    const { exchange: { rank, size }, spans } = options;
    this.#options = options;
    const byRank = shareOut([...piecesOf(spans)], size);
    this.#pieces = byRank[rank]!;
    let start = 0;
    this.#slices = byRank.map((pieces) => {
      const length = pieces.reduce((sum, piece) => sum + countSums(piece), 0);
      start += length;
      return { start: start - length, length };
    });
    this.#predicted = byRank.flat().reduce((sum, piece) => sum + countPredictions(piece), 0);
  }

  /** The characters that this rank reads, from the first to the last; none if it reads no piece. */
  get range(): Span {
    const [first] = this.#pieces;
    return first === undefined ? [0, 0] : [first.start, this.#pieces.at(-1)!.end];
  }

  /**
   * Begins a measurement; an earlier one that was not ended is forgotten.
   *
   * @param parameters Those of rank 0, which the others receive.
   */
  begin(parameters?: ParameterSet): void {
    const { corpus, config, exchange, threads } = this.#options;
    const { vocabulary } = corpus;
    const set = parameters ?? zeroParameters(sizesOf({ config, vocabulary }), config.precision);
    for (const { buffer, byteOffset, byteLength } of Object.values(set)) {
      exchange.broadcast(new Uint8Array(buffer, byteOffset, byteLength));
    }
    this.#sums.length = 0;
    this.#evaluator ??= new Evaluator({ config, vocabulary }, { threads });
    this.#steps = this.#evaluator.measure(corpus, { parameters: set, pieces: this.#pieces });
  }

  /** Measures for a moment; returns whether all ranks are done. */
  measureSlice(): boolean {
    const { exchange } = this.#options;
    const isDone = agree(exchange, () => {
      if (this.#steps === undefined) return true;
      const begin = performance.now();
      do {
        const { value, done } = this.#steps.next();
        if (done) return true;
        this.#sums.push(...value.sums);
      } while (performance.now() - begin < SLICE_MS);
      return false;
    });
    if (isDone) this.#steps = undefined;
    return gatherWords(exchange, [isDone ? 1 : 0]).every(([word]) => word === 1);
  }

  /** The mean loss of all spans, in nats per character. */
  end(): number {
    const { exchange } = this.#options;
    const slices = this.#slices;
    const { start, length } = slices.at(-1)!;
    const sums = new Float64Array(start + length);
    sums.set(this.#sums, slices[exchange.rank]!.start);
    exchange.allGather(sums, slices);
    return sums.reduce((total, sum) => total + sum, 0) / this.#predicted;
  }

  /** Ends the threads. */
  [Symbol.dispose](): void {
    this.#evaluator?.[Symbol.dispose]();
  }
}

/** Shares consecutive pieces among ranks, so that each predicts about as many characters. */
function shareOut(pieces: readonly Piece[], size: number): Piece[][] {
  const all = pieces.reduce((sum, piece) => sum + countPredictions(piece), 0);
  const byRank = Array.from({ length: size }, (): Piece[] => []);
  let before = 0;
  for (const piece of pieces) {
    const count = countPredictions(piece);
    byRank[Math.floor((before + count / 2) / all * size)]!.push(piece);
    before += count;
  }
  return byRank;
}

function countPredictions({ from, end }: Piece): number {
  return end - 1 - from;
}
