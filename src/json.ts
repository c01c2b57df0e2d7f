/** JSON that is not trusted: parsed, checked, and quoted in errors of one line. */

import * as v from "valibot";
import { InputError } from "./errors.ts";

/** An object takes twenty times the memory of its text; no file of this project has half as many. */
const MOST_VALUES = 4096;

/**
 * Parses JSON that is nested at most so deep, has at most 4096 values and no key twice in an object.
 *
 * Deep nesting overflows the stack of whatever walks through the value. Of a key that stands twice
 * `JSON.parse` keeps the last value; other readers keep the first, and would see another file.
 *
 * @param depth How many arrays and objects may lie within each other; 0 for a string or number.
 * @param subject What the text is, for an error's first words.
 * @throws {InputError} when the text is no such JSON.
 */
export function parseJson(text: string, depth: number, subject: string): unknown {
  const { deepest, colons, values } = scan(text);
  if (deepest > depth) {
    throw new InputError(`${subject} is nested ${deepest} deep; it must be at most ${depth}`);
  }
  if (values > MOST_VALUES) {
    throw new InputError(`${subject} has ${values} values; it must have at most ${MOST_VALUES}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InputError(`${subject} is not valid JSON`);
  }
  if (countKeys(value) !== colons) {
    throw new InputError(`${subject} has a key twice in one object; it must be there once`);
  }
  return value;
}

/** What {@linkcode scan} counts. */
interface Counts {
  readonly deepest: number;
  readonly colons: number;
  readonly values: number;
}

/**
 * The depth of a JSON text; how many keys stand in it: each has the one colon outside of strings;
 * and how many values: each but the outermost follows a comma or begins an array or object, and an
 * empty one counts for the value that it has not. Of a text that is not JSON it gives some numbers.
 */
function scan(text: string): Counts {
  let depth = 0;
  let deepest = 0;
  let colons = 0;
  let values = 1;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') quoted = !quoted;
    else if (quoted) {
      if (character === "\\") i++;
    } else if (character === "{" || character === "[") {
      deepest = Math.max(deepest, ++depth);
      values++;
    } else if (character === "}" || character === "]") depth--;
    else if (character === ":") colons++;
    else if (character === ",") values++;
  }
  return { deepest, colons, values };
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum: number, inner) => sum + countKeys(inner), own);
}

/**
 * Checks a value against a schema whose messages say what is right, for example "must be a number".
 *
 * @param doing What is being done, for an error's first words.
 * @throws {InputError} naming the first key that is wrong, what it must be, and what it is.
 */
export function validate<T>(
  schema: v.GenericSchema<unknown, T>,
  value: unknown,
  doing: string,
): T {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = v.getDotPath(issue);
  const name = path === null ? "it" : quote(path);
  if (issue.type === "strict_object" && path !== null) {
    const wrong = issue.expected === "never" ? "is not a known key" : "is missing";
    throw new InputError(`${doing}: ${name} ${wrong}`);
  }
  const wanted = issue.type === "strict_object" ? "must be an object" : issue.message;
  throw new InputError(`${doing}: ${name} ${wanted}, not ${quote(issue.input)}`);
}

/**
 * A value as an error shows it: as JSON, on one line, cut when it is long, and without characters
 * that show nothing or direct the terminal.
 *
 * @param most How many characters of JSON are shown.
 */
export function quote(value: unknown, most = 60): string {
  const text = beginning(value, most);
  const short = text.length > most ? `${text.slice(0, most - 3)}...` : text;
  return short.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}

/** A value as JSON, or as much of it as makes it longer than `most`: it may be as long as a file. */
function beginning(value: unknown, most: number): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, most));
  // JSON has no NaN and no ∞.
  if (typeof value !== "object" || value === null) return String(value);
  const isArray = Array.isArray(value);
  let text = "";
  for (const key of Object.keys(value)) {
    if (text.length > most) break;
    const name = isArray ? "" : `${beginning(key, most)}:`;
    text += (text && ",") + name + beginning((value as Record<string, unknown>)[key], most);
  }
  return isArray ? `[${text}]` : `{${text}}`;
}
