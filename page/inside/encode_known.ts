import type { Vocabulary } from "../../src/mod.ts";

/** A text, and what of it a model can read; see {@linkcode encodeKnown}. */
export interface KnownText {
  /** All characters of the text; a lone surrogate is U+FFFD. */
  readonly characters: readonly string[];
  /** The ids of the characters that the model reads. */
  readonly ids: Uint32Array;
  /** The index in `characters` of each id. */
  readonly positions: Uint32Array;
  /** The distinct characters that the model does not know, in order of occurrence. */
  readonly unknown: readonly string[];
}

/**
 * Encodes the characters that are in the vocabulary. A text of the reader's own often has others. A
 * model with an unknown symbol reads it in their place; any other reads on as if they were not there.
 */
export function encodeKnown(text: string, vocabulary: Vocabulary): KnownText {
  const characters = [...text.toWellFormed()];
  const ids = new Uint32Array(characters.length);
  const positions = new Uint32Array(characters.length);
  const unknown = new Set<string>();
  let count = 0;
  characters.forEach((character, position) => {
    const known = vocabulary.idOf(character.codePointAt(0)!);
    if (known === undefined) unknown.add(character);
    const id = known ?? vocabulary.unknown;
    if (id === undefined) return;
    ids[count] = id;
    positions[count] = position;
    count++;
  });
  return {
    characters,
    ids: ids.slice(0, count),
    positions: positions.slice(0, count),
    unknown: [...unknown],
  };
}
