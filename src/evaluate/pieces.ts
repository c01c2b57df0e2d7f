/** How spans are cut into pieces that are read side by side, in the streams of one engine. */
import type { Span } from "../text/split.ts";

/** T of an evaluation engine: enough rows for efficient matrix products. */
export const EVAL_SEQ_LENGTH = 128;

/** The fewest predicted characters of a piece of a long span. */
const MIN_PIECE = 8192;
/** The most pieces of a span: eight ranks then read eight streams each. */
const MAX_PIECES = 64;
/**
 * Characters that are read before a piece without being counted, so that each is predicted from at
 * least as many. What is further back hardly changes the loss (docs/design/overview.md).
 */
const CONTEXT = 4 * EVAL_SEQ_LENGTH;

/** A part of a span that is read from a zero hidden state. */
export interface Piece {
  /** The first character that is read. */
  readonly start: number;
  /** The first from which a prediction counts: the same, or after the context. */
  readonly from: number;
  /** The position after the last predicted character. */
  readonly end: number;
}

/**
 * Cuts spans into pieces, in the order of the text. The sizes alone decide, so that the loss does not
 * depend on how many pieces are read at once, and where.
 *
 * @param spans Each of at least two characters.
 */
export function* piecesOf(spans: Iterable<Span>): Generator<Piece, void> {
  for (const [start, end] of spans) {
    const predicted = end - start - 1;
    const count = Math.max(1, Math.min(MAX_PIECES, Math.floor(predicted / MIN_PIECE)));
    const length = EVAL_SEQ_LENGTH * Math.ceil(predicted / count / EVAL_SEQ_LENGTH);
    for (let from = start; from + 1 < end; from += length) {
      yield {
        start: Math.max(start, from - CONTEXT),
        from,
        end: Math.min(end, from + length + 1),
      };
    }
  }
}

/** The number of sums that make up the loss of a piece: of {@linkcode EVAL_SEQ_LENGTH} characters each. */
export function countSums({ from, end }: Piece): number {
  return Math.ceil((end - 1 - from) / EVAL_SEQ_LENGTH);
}
