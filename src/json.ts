/** Untrusted JSON: parsed, checked against a schema, and quoted in one-line errors. */

import * as v from "valibot";
import { InputError } from "./errors.ts";
import { escapeInvisible, hasInvisible } from "./printable.ts";
import { suggestKey } from "./suggest.ts";

/** An object takes twenty times the memory of its text. */
const MAX_VALUES = 4096;

/** Options of {@linkcode parseJson}. */
export interface ParseJsonOptions {
  /** How many arrays and objects may be nested; 0 for a lone string or number. */
  readonly maxDepth: number;
  /** How many values there may be, arrays and objects included. Default: 4096. */
  readonly maxValues?: number;
  /** The subject of an error's sentence. Default: `it`. */
  readonly subject?: string;
}

/**
 * Parses untrusted JSON of limited depth and size, without duplicate keys.
 *
 * Deep nesting would overflow the stack of a function that walks through the value. Of duplicate
 * keys `JSON.parse` keeps the last one and other parsers the first, so they would read another
 * file.
 *
 * @param text The JSON.
 * @param options The limits, and the subject of an error.
 * @throws {InputError} if the text is not such JSON.
 *
 * @example
 * ```ts
 * import { parseJson } from "./json.ts";
 *
 * console.log(parseJson('{"a":[1]}', { maxDepth: 2 })); // { a: [ 1 ] }
 * ```
 */
export function parseJson(
  text: string,
  { maxDepth, maxValues = MAX_VALUES, subject = "it" }: ParseJsonOptions,
): unknown {
  const { depth, colons, values } = scan(text);
  if (depth > maxDepth) {
    throw new InputError(`${subject} is nested ${depth} deep; it must be at most ${maxDepth}`);
  }
  if (values > maxValues) {
    throw new InputError(`${subject} has ${values} values; it must have at most ${maxValues}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InputError(`${subject} is not valid JSON`);
  }
  if (countKeys(value) !== colons) {
    throw new InputError(`${subject} has a duplicate key in an object; keys must be unique`);
  }
  return value;
}

/** What {@linkcode scan} counts. */
interface Counts {
  readonly depth: number;
  readonly colons: number;
  readonly values: number;
}

/**
 * Counts, without building anything, the depth of a JSON text, its keys and its values.
 *
 * Each key has the one colon outside of strings. Each value but the outermost follows a comma or
 * opens an array or object; an empty array or object counts as having one. For a text that is not
 * JSON the numbers have no meaning.
 */
function scan(text: string): Counts {
  let depth = 0;
  let maxDepth = 0;
  let colons = 0;
  let values = 1;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') inString = !inString;
    else if (inString) {
      if (character === "\\") i++;
    } else if (character === "{" || character === "[") {
      maxDepth = Math.max(maxDepth, ++depth);
      values++;
    } else if (character === "}" || character === "]") depth--;
    else if (character === ":") colons++;
    else if (character === ",") values++;
  }
  return { depth: maxDepth, colons, values };
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum: number, inner) => sum + countKeys(inner), own);
}

/**
 * Checks a value against a schema whose messages say what is right, for example "must be a number".
 *
 * @param schema The schema.
 * @param value Anything, for example parsed JSON.
 * @returns The checked value.
 * @throws {InputError} naming the first key that is wrong, what it must be, and what it is; the key
 * is the error's `option`.
 */
export function validate<T>(schema: v.GenericSchema<unknown, T>, value: unknown): T {
  const result = findProblem(schema, value);
  if ("output" in result) return result.output;
  throw new InputError(result.message, { option: result.key });
}

/** What is wrong with a value. */
export interface Problem {
  /** The key that is wrong; `undefined` if it is the value itself. */
  readonly key: string | undefined;
  /** The key, what it must be, and what it is. */
  readonly message: string;
  /** Whether the type is right, so that the value is out of range. */
  readonly isOutOfRange: boolean;
}

/**
 * Checks a value as {@linkcode validate} does, for a caller that throws another error.
 *
 * @returns The checked value as `output`, or what is wrong first.
 */
export function findProblem<T>(
  schema: v.GenericSchema<unknown, T>,
  value: unknown,
): { readonly output: T } | Problem {
  let result: v.SafeParseResult<v.GenericSchema<unknown, T>>;
  try {
    result = v.safeParse(schema, value, { abortEarly: true });
  } catch {
    const message = "it cannot be read: a getter or proxy throws";
    return { key: undefined, message, isOutOfRange: false };
  }
  if (result.success) return { output: result.output };
  const issue = result.issues[0];
  const path = v.getDotPath(issue);
  const key = path ?? undefined;
  const name = path === null ? "it" : quote(path);
  if (issue.type === "strict_object" && path !== null) {
    const wrong = issue.expected === "never"
      ? `is not a known key${hintFor(path, schema)}`
      : "is missing";
    return { key, message: `${name} ${wrong}`, isOutOfRange: false };
  }
  const expected = issue.type === "strict_object" ? "must be an object" : issue.message;
  return {
    key,
    message: `${name} ${expected}, not ${quote(issue.input)}`,
    isOutOfRange: issue.type === "check" || issue.type === typeof issue.input ||
      issue.type === "picklist" && typeof issue.input === "string",
  };
}

/** A hint at the key of a schema that was probably meant. */
function hintFor(key: string, schema: v.GenericSchema): string {
  if (!("entries" in schema)) return "";
  const meant = suggestKey(key, Object.keys(schema.entries as object));
  return meant === undefined ? "" : `; did you mean ${quote(meant)}`;
}

/**
 * Formats a value for an error: as JSON on one line, shortened, with invisible and control
 * characters escaped, so that an untrusted value cannot direct a terminal.
 *
 * @param value Anything.
 * @param maxLength How many characters of JSON are shown.
 *
 * @example
 * ```ts
 * import { quote } from "./json.ts";
 *
 * console.log(quote("two\nlines"), quote("x".repeat(100), 10)); // "two\nlines" "xxxxxx...
 * ```
 */
export function quote(value: unknown, maxLength = 60): string {
  const json = jsonOrKind(value, maxLength);
  const short = json.length > maxLength ? `${json.slice(0, maxLength - 3)}...` : json;
  return escapeInvisible(short);
}

/** Formats a path as {@linkcode quote} does, but whole: file systems limit its length. */
export function quotePath(path: string): string {
  return quote(path, 5000);
}

/** The start of a value's JSON; for a value that JSON has not, what it is. */
function jsonOrKind(value: unknown, length: number): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  try {
    const kind = Object.prototype.toString.call(value).slice("[object ".length, -1);
    const isOther = typeof value === "object" && value !== null && kind !== "Object" &&
      kind !== "Array";
    return isOther ? `${/^[AEIOU]/.test(kind) ? "an" : "a"} ${kind}` : jsonPrefix(value, length);
  } catch {
    // A getter or a proxy may throw.
    return "an object that cannot be read";
  }
}

/**
 * Writes text from outside as it is, or in quotes where it is invisible in part or could be taken for
 * more than it is.
 */
export function show(text: string, maxLength = 5000): string {
  const isPlain = text.length <= maxLength && !/^ |["\\]| $|^$/.test(text) && !hasInvisible(text);
  return isPlain ? text : quote(text, maxLength);
}

/**
 * The JSON of a value that may be as long as a file, or contain itself: all of it, or more than
 * `length` characters.
 */
function jsonPrefix(value: unknown, length: number): string {
  if (length < 0) return "...";
  if (typeof value === "string") return JSON.stringify(value.slice(0, length + 1));
  // JSON has no NaN and no infinity.
  if (typeof value !== "object" || value === null) return String(value);
  const isArray = Array.isArray(value);
  let text = "";
  for (const key of Object.keys(value)) {
    if (text.length > length) break;
    const before = (text && ",") + (isArray ? "" : `${jsonPrefix(key, length)}:`);
    const left = length - text.length - before.length;
    text += before + jsonPrefix((value as Record<string, unknown>)[key], left);
  }
  return isArray ? `[${text}]` : `{${text}}`;
}
