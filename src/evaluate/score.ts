import { InputError } from "../errors.ts";
import { logSoftmax } from "../model/logits.ts";
import { type Model, sizesOf } from "../model/model.ts";
import type { RealArray } from "../model/parameters.ts";
import { createEvalEngine, STEPS } from "./eval_engine.ts";

/** A character that may come next. */
export interface TopPrediction {
  /** The character. */
  readonly character: string;
  /** How probable it is. */
  readonly probability: number;
}

/** How a character of a text surprised a model. */
export interface CharacterScore {
  /** The character. */
  readonly character: string;
  /** −ln of its probability after all characters before it, in nats. */
  readonly nats: number;
  /** What was most probable in its place, the most probable first. */
  readonly top: readonly TopPrediction[];
}

/** How every character of a text surprised a model; see {@linkcode score}. */
export interface Score {
  /** The first character, which is only read: nothing precedes it. */
  readonly first: string;
  /** All the others. */
  readonly characters: readonly CharacterScore[];
  /** The sum of all surprises, in nats. */
  readonly nats: number;
  /** Their mean, which {@linkcode evaluate} gives too, in nats per character. */
  readonly natsPerChar: number;
}

/** What {@linkcode score} may be told. */
export interface ScoreOptions {
  /** How many of the most probable characters are listed, if there are as many. Default: 3. */
  readonly top?: number;
}

/**
 * Tells how much each character of a text surprises a model that has read all before it.
 *
 * @param model A model, for example a checkpoint.
 * @param text At least two characters that the model knows.
 * @throws {InputError} when the text is shorter, has a character that the model does not know, or
 * `top` is no whole number, 0 or above.
 * @throws {RangeError} when the model's weights are so great that logits overflow.
 *
 * @example
 * ```ts
 * import { corpusFromText, resolveConfig, score, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("abcd".repeat(100));
 * const config = resolveConfig({ hidden: 16, seqLength: 8, batchSize: 4 }, { chars: corpus.length });
 * const trainer = Trainer.create(corpus, config);
 * for (let step = 0; step < 200; step++) trainer.step();
 * const { characters, natsPerChar } = score(trainer.model(), "abcdabdc");
 * for (const { character, nats, top } of characters) {
 *   console.log(character, nats.toFixed(2), top[0]!.character);
 * }
 * console.log(natsPerChar > characters[0]!.nats); // true: "dc" comes as a surprise
 * ```
 */
export function score(model: Model, text: string, options: ScoreOptions = {}): Score {
  const { top = 3 } = options;
  if (!Number.isSafeInteger(top) || top < 0) {
    throw new InputError(
      `Cannot score a text: "likeliest" must be a whole number, 0 or above, not ${top}`,
    );
  }
  const ids = model.vocabulary.encode(text, "Cannot score the text");
  if (ids.length < 2) {
    throw new InputError(
      `Cannot score a text of ${ids.length} character${ids.length === 1 ? "" : "s"}: ` +
        `at least 2 are needed, as the first is only read`,
    );
  }
  const characters = new Array<CharacterScore>();
  let nats = 0;
  for (const [id, surprise, logits] of predictions(model, ids)) {
    nats += surprise;
    characters.push({
      character: model.vocabulary.decode([id]),
      nats: surprise,
      top: guesses(model, logits, top),
    });
  }
  return {
    first: model.vocabulary.decode(ids.subarray(0, 1)),
    characters,
    nats,
    natsPerChar: nats / characters.length,
  };
}

/** Of each id but the first: it, its cross-entropy in nats, and the logits in its place, [V]. */
function* predictions(model: Model, ids: Uint32Array): Generator<[number, number, RealArray]> {
  const { outputs } = sizesOf(model);
  using engine = createEvalEngine(model);
  engine.writeParameters(model.parameters);
  for (let at = 0; at + 1 < ids.length; at += STEPS) {
    const targets = ids.subarray(at + 1, at + 1 + STEPS);
    engine.inputIds.set(ids.subarray(at, at + targets.length));
    engine.targetIds.set(targets);
    engine.forward(targets.length);
    const logits = engine.readOutputs(targets.length);
    if (!logits.every(Number.isFinite)) {
      throw new RangeError(
        "Cannot score: the model's weights are so great that its logits are not finite",
      );
    }
    // The figures of the evaluation, to the bit; it takes the logits' place by their gradient.
    engine.crossEntropy(targets.length);
    const losses = engine.readLosses(targets.length);
    for (const [row, id] of targets.entries()) {
      yield [id, losses[row]!, logits.subarray(row * outputs, (row + 1) * outputs)];
    }
    engine.carryHiddenState(targets.length);
  }
}

/** The most probable characters by their logits; of equally probable ones the lower id first. */
function guesses({ vocabulary }: Model, logits: RealArray, most: number): TopPrediction[] {
  if (most === 0) return [];
  const logs = logSoftmax(logits);
  const best: number[] = [];
  for (let id = 0; id < logs.length; id++) {
    if (best.length === most && !(logs[id]! > logs[best[most - 1]!]!)) continue;
    const place = best.findIndex((other) => logs[id]! > logs[other]!);
    best.splice(place < 0 ? best.length : place, 0, id);
    best.length = Math.min(best.length, most);
  }
  return best.map((id) => ({
    character: vocabulary.decode([id]),
    probability: Math.exp(logs[id]!),
  }));
}
