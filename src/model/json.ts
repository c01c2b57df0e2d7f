/** JSON that is not trusted: parsed, checked, and quoted in errors of one line. */

import * as v from "valibot";
import { InputError } from "../errors.ts";

/**
 * Parses JSON that is nested at most so deep and has no key twice in an object.
 *
 * Deep nesting overflows the stack of whatever walks through the value. Of a key that stands twice
 * `JSON.parse` keeps the last value; other readers keep the first, and would see another file.
 *
 * @param depth How many arrays and objects may lie within each other; 0 for a string or number.
 * @param subject What the text is, for an error's first words.
 * @throws {InputError} when the text is no such JSON.
 */
export function parseJson(text: string, depth: number, subject: string): unknown {
  const { deepest, colons } = scan(text);
  if (deepest > depth) {
    throw new InputError(`${subject} is nested ${deepest} deep; it must be at most ${depth}`);
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

/**
 * The depth of a JSON text, and how many keys stand in it: each has the one colon outside of
 * strings. Of a text that is not JSON it gives some numbers.
 */
function scan(text: string): { readonly deepest: number; readonly colons: number } {
  let depth = 0;
  let deepest = 0;
  let colons = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') quoted = !quoted;
    else if (quoted) {
      if (character === "\\") i++;
    } else if (character === "{" || character === "[") deepest = Math.max(deepest, ++depth);
    else if (character === "}" || character === "]") depth--;
    else if (character === ":") colons++;
  }
  return { deepest, colons };
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
 */
export function quote(value: unknown): string {
  // JSON has no NaN and no ∞.
  const text = typeof value === "number" ? String(value) : JSON.stringify(value) ?? String(value);
  const short = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return short.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
