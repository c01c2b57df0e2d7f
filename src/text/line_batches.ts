import { InputError } from "../errors.ts";
import type { Slice } from "../exchange.ts";
import { Xoshiro128 } from "../random.ts";
import type { Corpus } from "./corpus.ts";
import type { Lines } from "./lines.ts";
import type { Span } from "./split.ts";

/** Options of {@linkcode LineLoader}. */
export interface LineBatchOptions {
  /** All lines of the text. */
  readonly lines: Lines;
  /** The numbers of those to train on. */
  readonly train: Uint32Array;
  /** B, the lines of a batch: 1 or above. */
  readonly batchSize: number;
  /** T, the characters that a line may have, its line break counted: 1 or above. */
  readonly seqLength: number;
  /** The seed of the order of the lines. */
  readonly seed: number;
}

/**
 * Loads batches of lines: each stream of a batch is one line, from a line break, which is read, to
 * the next, which is predicted. Every batch starts from a zero hidden state.
 *
 * In each epoch the lines come in another order, which the seed determines. After the end of a line
 * its stream is filled up with line breaks, which no loss counts; of a line that is too long, only
 * the beginning is read.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "./corpus.ts";
 * import { LineLoader } from "./line_batches.ts";
 * import { findLines } from "./lines.ts";
 *
 * const corpus = corpusFromText("ab\n");
 * const options = { batchSize: 1, seqLength: 4, seed: 1, train: Uint32Array.of(0) };
 * const loader = new LineLoader(corpus, { ...options, lines: findLines(corpus) });
 * const [inputs, targets] = [new Uint32Array(4), new Uint32Array(4)];
 * loader.next(inputs, targets);
 * console.log(inputs, targets); // [0, 1, 2, 0] [1, 2, 0, 0]
 * ```
 */
export class LineLoader {
  /** T·B, the characters of a batch. */
  readonly charsPerBatch: number;
  /** The number of batches in an epoch. */
  readonly batchesPerEpoch: number;
  /** Lines that are longer than a sequence. */
  readonly cut: number;
  readonly #corpus: Pick<Corpus, "length" | "read">;
  readonly #options: LineBatchOptions;
  readonly #lineBreak: number;
  /** Characters of each line of the last batch that are predicted. */
  readonly #predicted: Uint32Array;
  #order = new Uint32Array(0);
  #epoch = -1;
  #position = 0;

  /**
   * Starts before the first batch.
   *
   * @throws {InputError} if there is no line to train on.
   */
  constructor(
    corpus: Pick<Corpus, "length" | "read" | "vocabulary">,
    options: LineBatchOptions,
  ) {
    const { lines, train, batchSize, seqLength } = options;
    if (train.length === 0) {
      throw new InputError("no line is left to train on; hold out less, or use more lines", {
        option: "valFraction",
      });
    }
    this.#corpus = corpus;
    this.#options = options;
    this.#lineBreak = corpus.vocabulary.idOf(0x0a)!;
    this.#predicted = new Uint32Array(batchSize);
    this.charsPerBatch = batchSize * seqLength;
    this.batchesPerEpoch = Math.ceil(train.length / batchSize);
    this.cut = train.reduce((sum, line) => sum + (lines.lengths[line]! >= seqLength ? 1 : 0), 0);
  }

  /** Streams have no places in the text. */
  get streamStarts(): readonly number[] {
    return [];
  }

  /** Batches so far. */
  get position(): number {
    return this.#position;
  }

  /** @throws {InputError} unless it is a whole number, 0 or above. */
  set position(value: number) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new InputError(
        `Cannot continue at batch ${value} of lines: it must be a whole number, 0 or above`,
      );
    }
    this.#position = value;
  }

  /** Any line may be read. */
  rangeOf(_: Slice): Span {
    return [0, this.#corpus.length];
  }

  /**
   * Reads the next batch.
   *
   * @param inputs Filled with ids, [T, B].
   * @param targets Filled with ids, [T, B]: the character after each input.
   * @param options The lines of the batch to read, of B. Default: all.
   * @returns Whether hidden states must be reset before it: always.
   * @throws {TextError} as {@linkcode Corpus.read} does; the position is then unchanged.
   */
  next(
    inputs: Uint32Array,
    targets: Uint32Array,
    { streams }: { readonly streams?: Slice } = {},
  ): boolean {
    const { batchSize, seqLength, lines } = this.#options;
    const { start, length: width } = streams ?? { start: 0, length: batchSize };
    inputs.fill(this.#lineBreak);
    targets.fill(this.#lineBreak);
    for (let b = 0; b < batchSize; b++) {
      const line = this.#lineAt(this.#position * batchSize + b);
      const length = Math.min(lines.lengths[line]!, seqLength);
      this.#predicted[b] = Math.min(length + 1, seqLength);
      const row = b - start;
      if (row < 0 || row >= width) continue;
      const ids = this.#corpus.read(lines.starts[line]!, length);
      for (const [t, id] of ids.entries()) {
        targets[t * width + row] = id;
        if (t + 1 < seqLength) inputs[(t + 1) * width + row] = id;
      }
    }
    this.#position++;
    return true;
  }

  /** The mean of the losses of the last batch, [T, B], over the characters of its lines. */
  meanLoss(losses: ArrayLike<number>): number {
    const { batchSize } = this.#options;
    let sum = 0;
    let count = 0;
    for (const [b, predicted] of this.#predicted.entries()) {
      for (let t = 0; t < predicted; t++) sum += losses[t * batchSize + b]!;
      count += predicted;
    }
    return sum / count;
  }

  /** The line at a place in the sequence of all epochs. */
  #lineAt(index: number): number {
    const { train } = this.#options;
    const epoch = Math.floor(index / train.length);
    if (epoch !== this.#epoch) {
      this.#order = shuffle(train, this.#options.seed + epoch);
      this.#epoch = epoch;
    }
    return this.#order[index % train.length]!;
  }
}

/** The numbers in a random order (R. Durstenfeld, "Algorithm 235: Random permutation", 1964). */
function shuffle(numbers: Uint32Array, seed: number): Uint32Array<ArrayBuffer> {
  // Stream 0 of the seed draws the initial weights, and the next ones draw samples.
  const random = new Xoshiro128(seed % Number.MAX_SAFE_INTEGER, 255);
  const order = new Uint32Array(numbers);
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random.uniform() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** The longest line that is not cut by default, its line break counted. */
const MAX_LINE = 256;

/** The sequence length for the lines of a text: that of the longest, unless it is very long. */
export function seqLengthOf({ lengths }: Lines): number {
  return Math.min(MAX_LINE, lengths.reduce((max, length) => Math.max(max, length), 0) + 1);
}
