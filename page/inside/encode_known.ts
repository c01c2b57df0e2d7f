import { toKnown, type UnknownPolicy, type Vocabulary } from "../../src/mod.ts";

/** A text, and what of it a model can read; see {@linkcode encodeKnown}. */
export interface KnownText {
  /** All characters of the text; a lone surrogate is U+FFFD. */
  readonly characters: readonly string[];
  /** The ids of the characters that the model reads. */
  readonly ids: Uint32Array;
  /** The index in `characters` of each id. */
  readonly positions: Uint32Array;
}

/** How {@linkcode encodeKnown} encodes. */
export interface EncodeKnownOptions {
  readonly vocabulary: Vocabulary;
  /** What happens to characters that it lacks. */
  readonly unknown: UnknownPolicy;
}

/**
 * Encodes the characters that are in the vocabulary. A text of the reader's own often has others:
 * what takes their place has their positions.
 */
export function encodeKnown(text: string, { vocabulary, unknown }: EncodeKnownOptions): KnownText {
  const characters = [...text.toWellFormed()];
  const ids = new Uint32Array(characters.length);
  const positions = new Uint32Array(characters.length);
  const substitutes = new Map<string, number | undefined>();
  const substituteFor = (character: string) => {
    if (!substitutes.has(character)) {
      const { text } = toKnown(character, { vocabulary, unknown });
      substitutes.set(character, vocabulary.encode(text)[0]);
    }
    return substitutes.get(character);
  };
  let count = 0;
  characters.forEach((character, position) => {
    const id = vocabulary.idOf(character.codePointAt(0)!) ?? substituteFor(character);
    if (id === undefined) return;
    ids[count] = id;
    positions[count] = position;
    count++;
  });
  return {
    characters,
    ids: ids.slice(0, count),
    positions: positions.slice(0, count),
  };
}
