/** The vocabularies of other programs: characters and their ids, as untrusted JSON. */

import { InputError } from "../errors.ts";
import { parseJson, quote } from "../json.ts";

/** More than the characters of Unicode. */
const MAX_CHARACTERS = 1_200_000;

/**
 * Parses the characters of a model from JSON: a string of all characters, a list of characters, an
 * object from characters to ids, or one from ids to characters.
 *
 * @returns The characters by their ids.
 * @throws {InputError} if it is none of these, or an id is missing.
 */
export function parseCharacters(json: string): string[] {
  const value = parseJson(json, { maxDepth: 1, maxValues: MAX_CHARACTERS });
  if (typeof value === "string") return [...value];
  if (Array.isArray(value)) return value;
  if (typeof value !== "object" || value === null) {
    throw new InputError(`it is ${quote(value)}; it must be a string, a list or an object`);
  }
  const entries = Object.entries(value);
  // Digits may be characters, so the values decide.
  const hasIds = entries.every(([, id]) => typeof id === "number");
  const characters: unknown[] = [];
  for (const [key, other] of entries) {
    const [id, character] = hasIds ? [other, key] : [Number(key), other];
    const isId = Number.isSafeInteger(id) && id >= 0 && id < entries.length;
    if (!isId || characters[id] !== undefined) {
      throw new InputError(
        `the id of ${quote(character)} is ${quote(id)}; ids must be the numbers from 0 to ` +
          `${entries.length - 1}, each once`,
      );
    }
    characters[id] = character;
  }
  return characters as string[];
}
