import { checkOptions, optionsSchema } from "../arguments.ts";
import { InputError, withContext } from "../errors.ts";
import { checkLogits } from "../model/logits.ts";
import { checkModel, type Model, sizesOf } from "../model/model.ts";
import type { RealArray } from "../model/parameters.ts";
import { wholeNumber } from "../schemas.ts";
import { encodeText } from "../text/vocabulary.ts";
import { createEvalEngine } from "./eval_engine.ts";
import { EVAL_SEQ_LENGTH } from "./pieces.ts";
import { exp } from "../math.ts";

/** One of the most probable characters at a position. */
export interface TopPrediction {
  /** The character. */
  readonly character: string;
  /** Its probability. */
  readonly probability: number;
}

/** The score of one character of a text. */
export interface CharacterScore {
  /** The character. */
  readonly character: string;
  /** Its surprisal: −ln of its probability after all characters before it, in nats. */
  readonly nats: number;
  /** The most probable characters at its position, in descending order. */
  readonly top: readonly TopPrediction[];
}

/** The scores of all characters of a text; see {@linkcode score}. */
export interface Score {
  /** The first character, which is context only and not predicted. */
  readonly first: string;
  /** All other characters. */
  readonly characters: readonly CharacterScore[];
  /** Sum of the surprisals, in nats. */
  readonly nats: number;
  /**
   * Mean surprisal, in nats per character: the loss that {@linkcode evaluate} measures, but for the
   * rounding of a model in single precision, some 1e-8.
   */
  readonly natsPerChar: number;
}

/** A character of one of several texts. */
export interface TextCharacter extends Omit<CharacterScore, "nats"> {
  /** Its surprisal in nats; `null` for the first of a text. */
  readonly nats: number | null;
}

/** All characters of texts that were scored one by one, in order. */
export function* charactersOf(scores: readonly Score[]): Generator<TextCharacter> {
  for (const { first, characters } of scores) {
    yield { character: first, nats: null, top: [] };
    yield* characters;
  }
}

/** The sum and the mean of the surprisals of several texts. */
export function totalOf(
  scores: readonly Score[],
): { readonly chars: number } & Pick<Score, "nats" | "natsPerChar"> {
  const chars = scores.reduce((sum, { characters }) => sum + characters.length, 0);
  if (scores.length === 1) return { chars, ...scores[0]! };
  const nats = scores.reduce((sum, { nats }) => sum + nats, 0);
  return { chars, nats, natsPerChar: nats / chars };
}

/** Options of {@linkcode score}. */
export interface ScoreOptions {
  /** Length of the lists of most probable characters, at most V. Default: 3. */
  readonly top?: number;
}

const schema = optionsSchema({ top: wholeNumber(0) });

/**
 * Measures how well a model predicts each character of a text from all characters before it. All is
 * computed in double precision, whatever the precision of the model, so that the surprisals are exact
 * to about 1e-12.
 *
 * @param model A model, for example a checkpoint.
 * @param text At least two characters of the model's vocabulary.
 * @throws {InputError} if the text is shorter or has a character that is not in the vocabulary, or
 * if `top` is not a whole number from 0.
 * @throws {RangeError} if the model's weights are so large that its logits are not finite, or do not
 * have the shapes of its configuration.
 * @throws {TypeError} if `model` is no model, or `text` no string.
 *
 * @example
 * ```ts
 * import { corpusFromText, resolveConfig, score, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("abcd".repeat(100));
 * const config = resolveConfig({ hidden: 16, seqLength: 8, batchSize: 4 });
 * using trainer = Trainer.create(corpus, config);
 * for (let step = 0; step < 200; step++) trainer.step();
 * const { characters, natsPerChar } = score(trainer.model(), "abcdabdc");
 * for (const { character, nats, top } of characters) {
 *   console.log(character, nats.toFixed(2), top[0]!.character);
 * }
 * console.log(natsPerChar > characters[0]!.nats); // true: "dc" was never seen
 * ```
 */
export function score(model: Model, text: string, options: ScoreOptions = {}): Score {
  checkModel(model, "Cannot score a text");
  const { top = 3 } = checkOptions(options, { schema, context: "Cannot score a text" });
  const ids = withContext(
    "Cannot score the text",
    () => encodeText(text, model.vocabulary),
  );
  if (ids.length < 2) {
    throw new InputError(
      `Cannot score the text: it has ${ids.length === 1 ? "1 character" : "no characters"}; ` +
        "it must have at least 2, since the first is not predicted",
    );
  }
  const characters: CharacterScore[] = [];
  let sum = 0;
  for (const { id, nats, logits } of predictions(model, ids)) {
    sum += nats;
    const character = model.vocabulary.decode([id]);
    // Of the softmax, as nats is that sum less the logit of the character.
    const logSum = nats + logits[id]!;
    characters.push({
      character,
      nats,
      top: topPredictions(model, { logits, logSum, count: top }),
    });
  }
  return {
    first: model.vocabulary.decode(ids.subarray(0, 1)),
    characters,
    nats: sum,
    natsPerChar: sum / characters.length,
  };
}

/** A character, its surprisal and the logits at its position, [V]. */
interface Prediction {
  readonly id: number;
  readonly nats: number;
  readonly logits: RealArray;
}

/** Predicts each id but the first. */
function* predictions(model: Model, ids: Uint32Array): Generator<Prediction> {
  const { outputs } = sizesOf(model);
  // Losses of single precision differ from the exact ones by some 1e-6, as their logits do, and
  // those of another program by as much again. In double precision all agree.
  using engine = createEvalEngine(model, { precision: "f64" });
  engine.writeParameters(model.parameters);
  const lineBreak = model.config.holdout === "lines" ? model.vocabulary.idOf(0x0a) : undefined;
  for (let at = 0, seqLength = 0; at + 1 < ids.length; at += seqLength) {
    // A model of lines reads each from a zero hidden state, with the line break before it.
    if (ids[at] === lineBreak) engine.writeHiddenState();
    const next = lineBreak === undefined ? -1 : ids.indexOf(lineBreak, at + 1);
    const end = Math.min(ids.length - 1, at + EVAL_SEQ_LENGTH, next < 0 ? Infinity : next);
    const targets = ids.subarray(at + 1, end + 1);
    seqLength = targets.length;
    engine.inputIds.set(ids.subarray(at, at + seqLength));
    engine.targetIds.set(targets);
    engine.forward(seqLength);
    // Read before crossEntropy(), which overwrites the logits by their gradient.
    const logits = engine.readOutputs(seqLength);
    checkLogits(logits, "score the text");
    engine.crossEntropy(seqLength);
    const losses = engine.readLosses(seqLength);
    for (const [t, id] of targets.entries()) {
      yield { id, nats: losses[t]!, logits: logits.subarray(t * outputs, (t + 1) * outputs) };
    }
    engine.carryHiddenState(seqLength);
  }
}

/**
 * The most probable characters, in descending order; of equally probable ones the lower id first.
 */
function topPredictions(
  { vocabulary }: Model,
  { logits, logSum, count }: {
    readonly logits: RealArray;
    /** ln of the sum of their exponentials. */
    readonly logSum: number;
    readonly count: number;
  },
): TopPrediction[] {
  if (count === 0) return [];
  const exceeds = (id: number, other: number) => logits[id]! > logits[other]!;
  // Insertion into a short sorted list: sorting all V logits of each character takes far longer.
  const top: number[] = [];
  for (let id = 0; id < logits.length; id++) {
    if (top.length === count && !exceeds(id, top[count - 1]!)) continue;
    const rank = top.findIndex((other) => exceeds(id, other));
    top.splice(rank < 0 ? top.length : rank, 0, id);
    top.length = Math.min(top.length, count);
  }
  return top.map((id) => ({
    character: vocabulary.decode([id]),
    probability: exp(logits[id]! - logSum),
  }));
}
