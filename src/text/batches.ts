import { InputError } from "../errors.ts";
import type { Slice } from "../exchange.ts";
import type { Corpus } from "./corpus.ts";
import type { Span } from "./split.ts";
import { IdWindow } from "./window.ts";

/** Options of {@linkcode BatchLoader}. */
export interface BatchOptions {
  /** Where the training part starts, in characters from the start of the text. */
  readonly start: number;
  /** Where the training part ends: the position after its last character. */
  readonly end: number;
  /** B, the number of streams: 1 or above. */
  readonly batchSize: number;
  /** T, the characters of each stream in a batch: 1 or above. */
  readonly seqLength: number;
  /**
   * Characters of each stream that are read ahead: T + 1 or above. By default enough to make the
   * reading cheap, and at most 32 MiB for all streams together, unless T + 1 characters take more.
   */
  readonly window?: number;
  /** Characters at the end of each stream that are held out. Default: 0. */
  readonly heldOut?: number;
}

/**
 * Loads batches from the training part of a text, which is cut into B contiguous streams; each
 * batch has the next T characters of every stream.
 *
 *     part      start                                      end
 *                 │ stream 0 │ stream 1 │ … │ stream B − 1 │ rest
 *                 ← length →                                (fewer than B, unused)
 *
 * If characters are held out at the end of each stream, the length does not count them.
 *
 * A stream continues where its last batch ended, so a hidden state that is carried from batch to
 * batch has read all characters before. All streams restart together, by the rule of the notebooks:
 * with p the position in the stream, p becomes 0 before a batch for which p + T + 1 ≥ length. With
 * one stream, the batches are exactly those of the notebooks' loop.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "./corpus.ts";
 * import { BatchLoader } from "./batches.ts";
 *
 * const corpus = corpusFromText("abcdefghijkl");
 * const options = { start: 0, end: corpus.length, batchSize: 2, seqLength: 3 };
 * const loader = new BatchLoader(corpus, options);
 * const inputs = new Uint32Array(6), targets = new Uint32Array(6);
 * console.log(loader.next(inputs, targets)); // true
 * console.log(inputs, targets); // [0, 6, 1, 7, 2, 8] [1, 7, 2, 8, 3, 9]
 * ```
 */
export class BatchLoader {
  /** T·B, the characters of a batch. */
  readonly charsPerBatch: number;
  /** The number of batches in an epoch. */
  readonly batchesPerEpoch: number;
  readonly #corpus: Pick<Corpus, "read">;
  /** The window of each stream that was read. */
  readonly #windows: IdWindow[] = [];
  readonly #windowLength: number;
  /** Where each stream starts. */
  readonly #starts: readonly number[];
  readonly #allStreams: Slice;
  readonly #seqLength: number;
  /** The characters of a stream, without those held out. */
  readonly #length: number;
  #position = 0;

  /**
   * Cuts the characters from `start` to `end` into streams, all at their start.
   *
   * @param corpus The text. It is read when batches are taken.
   * @param options The training part, and the sizes of the batches.
   * @throws {InputError} if a stream has fewer than T + 2 characters.
   * @throws {RangeError} if `start` and `end` are not within the text, B or T is not a whole
   * number above 0, or the window is too small.
   */
  constructor(corpus: Pick<Corpus, "length" | "read">, options: BatchOptions) {
    checkOptions(options, corpus.length);
    const { start, end, batchSize, seqLength, heldOut = 0 } = options;
    const { window = defaultWindow(options) } = options;
    const stride = Math.floor((end - start) / batchSize);
    const length = stride - heldOut;
    if (length < seqLength + 2) throw tooShort(options, length);
    this.#starts = Array.from({ length: batchSize }, (_, b) => start + b * stride);
    this.#corpus = corpus;
    this.#windowLength = Math.min(window, length);
    this.#allStreams = { start: 0, length: batchSize };
    this.#seqLength = seqLength;
    this.#length = length;
    this.charsPerBatch = batchSize * seqLength;
    // Batches start at p = 0, T, 2T, … while p < length − T − 1.
    this.batchesPerEpoch = Math.ceil((length - seqLength - 1) / seqLength);
  }

  /** Where each stream starts, in characters from the start of the text. */
  get streamStarts(): readonly number[] {
    return this.#starts;
  }

  /** The characters that some streams are read from; none of no streams. */
  rangeOf({ start, length }: Slice): Span {
    if (length === 0) return [0, 0];
    return [this.#starts[start]!, this.#starts[start + length - 1]! + this.#length];
  }

  /** p, the number of characters of each stream that were read since its start. */
  get position(): number {
    return this.#position;
  }

  /**
   * Moves all streams to a position, for example a checkpoint's; 0 is their start.
   *
   * @throws {InputError} unless it is a whole number from 0 to below the length of a stream.
   */
  set position(value: number) {
    if (!Number.isInteger(value) || value < 0 || value >= this.#length) {
      throw new InputError(
        `Cannot continue at position ${value} of each stream: it must be a whole number from 0 to ` +
          `${this.#length - 1}`,
      );
    }
    this.#position = value;
  }

  /**
   * Reads the next batch, and advances by T characters.
   *
   * @param inputs Filled with ids, [T, B]: row t·B + b is character p + t of stream b.
   * @param targets Filled with ids, [T, B]: the character after each input.
   * @param options The streams to read, of B. Default: all.
   * @returns Whether the batch is at the start of the streams, so that the hidden state must be
   * reset before it.
   * @throws {RangeError} if an array does not have the length T·B, with B the streams that are read.
   * @throws {TextError} as {@linkcode Corpus.read} does; the position is then unchanged.
   */
  next(
    inputs: Uint32Array,
    targets: Uint32Array,
    { streams: { start, length } = this.#allStreams }: { readonly streams?: Slice } = {},
  ): boolean {
    const rows = length * this.#seqLength;
    if (inputs.length !== rows || targets.length !== rows) {
      throw new RangeError(
        `Cannot read a batch into arrays of ${inputs.length} and ${targets.length} ids: each must ` +
          `have ${rows}`,
      );
    }
    const isAtEnd = this.#position + this.#seqLength + 1 >= this.#length;
    const position = isAtEnd ? 0 : this.#position;
    for (let b = 0; b < length; b++) {
      const stream = start + b;
      const ids = this.#windowOf(stream).read(
        this.#starts[stream]! + position,
        this.#seqLength + 1,
      );
      for (let t = 0, row = b; row < rows; t++, row += length) {
        inputs[row] = ids[t]!;
        targets[row] = ids[t + 1]!;
      }
    }
    this.#position = position + this.#seqLength;
    return position === 0;
  }

  #windowOf(stream: number): IdWindow {
    return this.#windows[stream] ??= new IdWindow(this.#corpus, {
      end: this.#starts[stream]! + this.#length,
      size: this.#windowLength,
    });
  }
}

/** @throws {RangeError} if the options are no valid arguments for a text of this length. */
function checkOptions(options: BatchOptions, textLength: number): void {
  const { start, end, batchSize, seqLength, window = seqLength + 1 } = options;
  const isWithin = Number.isInteger(start) && Number.isInteger(end) &&
    0 <= start && start <= end && end <= textLength;
  if (!isWithin) {
    throw new RangeError(
      `Cannot cut the characters from ${start} to ${end} into streams: they must be within the ` +
        `text, which has ${textLength}`,
    );
  }
  for (const [name, value] of Object.entries({ batchSize, seqLength })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(
        `Cannot cut a text into streams: "${name}" must be a whole number above 0, not ${value}`,
      );
    }
  }
  if (!Number.isSafeInteger(window) || window <= seqLength) {
    throw new RangeError(
      `Cannot read streams through windows of ${window} characters: a batch needs ${seqLength + 1}`,
    );
  }
}

/** Returns the error for streams of fewer than T + 2 characters, with the sizes that would fit. */
function tooShort(options: BatchOptions, length: number): InputError {
  const { start, end, batchSize, seqLength, heldOut = 0 } = options;
  const chars = end - start - batchSize * heldOut;
  const found = `the text has ${chars} character${chars === 1 ? "" : "s"} to train on`;
  const each = batchSize === 1 ? "" : `, ${Math.max(0, length)} for each of ${batchSize} streams`;
  const maxBatchSize = Math.floor(chars / (seqLength + 2));
  const alternative = batchSize > 1 && maxBatchSize > 0
    ? ` or set "batchSize" to at most ${maxBatchSize}, or reduce "seqLength"`
    : chars > 2
    ? ` or set "seqLength" to at most ${chars - 2}${batchSize === 1 ? "" : ' and "batchSize" to 1'}`
    : "";
  const needed = seqLength + 2;
  return new InputError(
    `${found}${each}, but "seqLength" ${seqLength} needs at least ${needed}; use a longer text` +
      alternative,
    { option: "seqLength" },
  );
}

/** Limits of the characters of a window, and of all windows together. */
const MAX_WINDOW = 1 << 17;
const MAX_ALL_WINDOWS = 1 << 23;

function defaultWindow({ batchSize, seqLength }: BatchOptions): number {
  const share = Math.floor(MAX_ALL_WINDOWS / batchSize);
  return Math.max(seqLength + 1, Math.min(share, MAX_WINDOW));
}
