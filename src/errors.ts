/** Details of an {@linkcode InputError}. */
export interface InputErrorOptions extends ErrorOptions {
  /** The property that is wrong, for example `gradClip`. */
  readonly option?: string | undefined;
}

/**
 * An error caused by user input: data, a file or a configuration that is wrong.
 *
 * The message is one line: what was being done, to what (quoted), what is wrong, and what would be
 * right. A wrong argument of a call is a `RangeError` or a `TypeError` instead.
 *
 * @example
 * ```ts
 * import { InputError } from "./mod.ts";
 *
 * const error = new InputError('"layers" must be a whole number', { option: "layers" });
 * console.log(error.name, error.option); // InputError layers
 * ```
 */
export class InputError extends Error {
  /** The name of the class. */
  override readonly name: string = "InputError";
  /** The property of the options that is wrong, if the error is about a single one. */
  readonly option?: string;

  /**
   * Creates an error.
   *
   * @param message One line, without a final period.
   * @param options The property that is wrong, and the error that caused this one.
   * @throws {TypeError} if the message is not a string.
   */
  constructor(message: string, options: InputErrorOptions = {}) {
    if (typeof message !== "string") {
      throw new TypeError('Cannot make an error: "message" must be a string');
    }
    // JavaScript may pass null.
    const { option, ...others } = options ?? {};
    super(message, others);
    if (option !== undefined) this.option = option;
  }
}

/**
 * A text that was opened can no longer be read: its file has changed, or the operating system fails
 * to read it.
 *
 * During training it is thrown between two steps, so that the state can still be saved.
 */
export class TextError extends InputError {
  /** The name of the class. */
  override readonly name: string = "TextError";
}

/**
 * Runs a function and puts a context before the message of an input error that it throws.
 *
 * Code that finds something wrong throws what is wrong and what would be right. The function that a
 * user called adds what was being done, once. Other errors pass unchanged.
 *
 * @param context What is being done, to what (quoted), for example `Cannot read the text "a.txt"`.
 * @param action What to run.
 * @param changes Replaces properties of the error: `{ option: undefined }` where a property of a
 * file is wrong, not an option of the call.
 * @throws {InputError} of the same class, with the first error as its `cause`.
 *
 * @example
 * ```ts
 * import { InputError, withContext } from "./errors.ts";
 *
 * const check = () => {
 *   throw new InputError("it is empty; it must have at least one character");
 * };
 * try {
 *   withContext('Cannot read the text "a.txt"', check);
 * } catch (error) {
 *   console.log((error as Error).message); // Cannot read the text "a.txt": it is empty; it must …
 * }
 * ```
 */
export function withContext<T>(
  context: string,
  action: () => T,
  changes?: InputErrorOptions,
): T {
  try {
    return action();
  } catch (error) {
    throw addContext(context, error, changes);
  }
}

/**
 * Awaits an asynchronous function and puts a context before the message of an input error that it
 * throws, as {@linkcode withContext} does for other functions.
 */
export async function withContextAsync<T>(
  context: string,
  action: () => Promise<T>,
  changes?: InputErrorOptions,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw addContext(context, error, changes);
  }
}

function addContext(context: string, error: unknown, changes?: InputErrorOptions): unknown {
  if (!(error instanceof InputError)) return error;
  const message = `${context}: ${error.message}`;
  const options = { option: error.option, ...changes, cause: error };
  return error instanceof TextError
    ? new TextError(message, options)
    : new InputError(message, options);
}
