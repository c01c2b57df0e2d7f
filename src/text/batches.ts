import { InputError } from "../errors.ts";
import type { Corpus } from "./corpus.ts";
import { IdWindow } from "./window.ts";

/**
 * The training part of a text, cut into B contiguous streams that are read side by side, T
 * characters at a time.
 *
 *     part      start                                      end
 *                 │ stream 0 │ stream 1 │ … │ stream B − 1 │ rest
 *                  ← L chars →                               (fewer than B, not used)
 *
 * Where something is held out at the end of each stream, L is what is left.
 *
 * Each stream goes on where its last batch ended, so that a hidden state carried from batch to
 * batch has read all characters before. All start anew together, by the rule of the notebooks: with
 * p the position in the stream, p becomes 0 before a batch for which p + T + 1 ≥ L. One stream is
 * exactly the notebooks' loop.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "./corpus.ts";
 * import { BatchLoader } from "./batches.ts";
 *
 * const corpus = corpusFromText("abcdefghijkl");
 * const streams = new BatchLoader(corpus, 0, corpus.length, 2, 3);
 * const inputs = new Uint32Array(6), targets = new Uint32Array(6);
 * console.log(streams.next(inputs, targets)); // true
 * console.log(inputs, targets); // [0, 6, 1, 7, 2, 8] [1, 7, 2, 8, 3, 9]
 * ```
 */
export class BatchLoader {
  /** B · T, how many characters a batch reads. */
  readonly charactersPerStep: number;
  /** How many batches there are from one start to the next. */
  readonly batchesPerEpoch: number;
  readonly #windows: readonly IdWindow[];
  /** Where each stream begins. */
  readonly #starts: readonly number[];
  readonly #streams: number;
  readonly #steps: number;
  /** L, characters in a stream. */
  readonly #length: number;
  #position = 0;

  /**
   * Cuts the characters [start, end) of a text into streams, all at their start.
   *
   * @param text Where the characters come from, in the course of training.
   * @param start Where the training part begins.
   * @param end Where it ends, itself not included.
   * @param batchSize B, 1 or above.
   * @param seqLength T, 1 or above.
   * @param doing What the streams are wanted for, for an error's first words.
   * @param window How many characters of each stream are kept in memory, T + 1 or above. By default
   * so many that reading them takes a small part of the time, and 32 MiB for all streams together,
   * more only where T + 1 characters of each take more.
   * @param held How many characters at the end of each stream are left out.
   * @throws {InputError} when a stream would have fewer than T + 2 characters.
   * @throws {RangeError} when [start, end) is no part of the text, B or T is not a whole number
   * above 0, or the window is too small.
   */
  constructor(
    text: Pick<Corpus, "length" | "read">,
    start: number,
    end: number,
    batchSize: number,
    seqLength: number,
    doing = "Cannot train",
    window = defaultWindow(batchSize, seqLength),
    held = 0,
  ) {
    const part = Number.isInteger(start) && Number.isInteger(end) &&
      0 <= start && start <= end && end <= text.length;
    if (!part) {
      throw new RangeError(
        `Cannot cut the characters from ${start} to ${end} into streams: they must be part of the text, which has ${text.length}`,
      );
    }
    for (const [name, value] of Object.entries({ batchSize, seqLength })) {
      if (!Number.isSafeInteger(value) || value < 1) {
        throw new RangeError(
          `Cannot cut a text into streams: ${name} must be a whole number above 0, not ${value}`,
        );
      }
    }
    const apart = Math.floor((end - start) / batchSize);
    const length = apart - held;
    if (length < seqLength + 2) {
      const all = end - start - batchSize * held;
      throw new InputError(`${doing}: ${tooShort(all, length, batchSize, seqLength)}`);
    }
    if (!Number.isSafeInteger(window) || window <= seqLength) {
      throw new RangeError(
        `Cannot read streams through windows of ${window} characters: a step needs ${
          seqLength + 1
        }`,
      );
    }
    this.#starts = Array.from({ length: batchSize }, (_, b) => start + b * apart);
    this.#windows = this.#starts.map((from) => {
      return new IdWindow(text, from + length, Math.min(window, length));
    });
    this.#streams = batchSize;
    this.#steps = seqLength;
    this.#length = length;
    this.charactersPerStep = batchSize * seqLength;
    // Batches are taken at p = 0, T, 2T, … as long as p < L − T − 1.
    this.batchesPerEpoch = Math.ceil((length - seqLength - 1) / seqLength);
  }

  /** p, how many characters of each stream were read since its start. */
  get position(): number {
    return this.#position;
  }

  /**
   * Goes on at another position, for example a checkpoint's; 0 starts anew.
   *
   * @throws {InputError} unless it is a whole number from 0 up to, not including, L.
   */
  set position(value: number) {
    if (!Number.isInteger(value) || value < 0 || value >= this.#length) {
      throw new InputError(
        `Cannot go on at position ${value} of the text: it must be a whole number from 0 to ${
          this.#length - 1
        }, the end of each stream`,
      );
    }
    this.#position = value;
  }

  /**
   * Takes the next batch, and moves on by T.
   *
   * @param inputs Filled with ids, [T, B]: row t · B + b is character p + t of stream b.
   * @param targets Filled with ids, [T, B]: the character after each input.
   * @returns Whether this batch is at the start of the streams, so that the hidden state must be
   * set to zero before it.
   * @throws {RangeError} when an array is not of length T · B.
   * @throws {TextError} as {@linkcode Corpus.read} does; the position is then as it was.
   */
  next(inputs: Uint32Array, targets: Uint32Array): boolean {
    const size = this.charactersPerStep;
    if (inputs.length !== size || targets.length !== size) {
      throw new RangeError(
        `Cannot take a batch into arrays of ${inputs.length} and ${targets.length} ids: each must have ${size}`,
      );
    }
    const ended = this.#position + this.#steps + 1 >= this.#length;
    const position = ended ? 0 : this.#position;
    for (let b = 0; b < this.#streams; b++) {
      const ids = this.#windows[b]!.ids(this.#starts[b]! + position, this.#steps + 1);
      for (let t = 0, row = b; row < size; t++, row += this.#streams) {
        inputs[row] = ids[t]!;
        targets[row] = ids[t + 1]!;
      }
    }
    this.#position = position + this.#steps;
    return position === 0;
  }
}

/** What is wrong with a text of so few characters, and which streams it could feed. */
function tooShort(all: number, length: number, batchSize: number, seqLength: number): string {
  const chars = `the text has ${all} character${all === 1 ? "" : "s"} to train on`;
  const each = batchSize === 1 ? "" : `, ${Math.max(0, length)} for each of ${batchSize} streams`;
  const fed = Math.floor(all / (seqLength + 2));
  const right = batchSize > 1 && fed > 0
    ? `--batch-size ${fed} or less, or a smaller --seq-length`
    : all > 2
    ? `--seq-length ${all - 2} or less${batchSize === 1 ? "" : " with --batch-size 1"}`
    : "";
  return `${chars}${each}, and --seq-length ${seqLength} needs at least ${
    seqLength + 2
  } (seq + 2); take a longer ` +
    `text${right === "" ? "" : ` or ${right}`}`;
}

/** Characters of a window, and of all windows together. */
const MOST_IN_WINDOW = 1 << 17;
const MOST_IN_WINDOWS = 1 << 23;

function defaultWindow(batchSize: number, seqLength: number): number {
  const share = Math.floor(MOST_IN_WINDOWS / batchSize);
  return Math.max(seqLength + 1, Math.min(share, MOST_IN_WINDOW));
}
