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
 * import { InputError } from "./errors.ts";
 *
 * const error = new InputError('"layers" must be a whole number', { option: "layers" });
 * console.log(error.name, error.option); // InputError layers
 * ```
 */
export class InputError extends Error {
  override readonly name: string = "InputError";
  /** The property of the options that is wrong, if the error is about a single one. */
  readonly option?: string;

  /**
   * @param message One line, without a final period.
   * @param options The property that is wrong, and the error that caused this one.
   */
  constructor(message: string, options: InputErrorOptions = {}) {
    const { option, ...others } = options;
    super(message, others);
    if (option !== undefined) this.option = option;
  }
}

/**
 * An error of reading a text that could be read before: its file changed after it was opened, or
 * the operating system failed to read it.
 *
 * During training it is thrown between two steps, so that a checkpoint can still be made.
 */
export class TextError extends InputError {
  override readonly name: string = "TextError";
}
