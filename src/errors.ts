/**
 * The one kind of error that is the user's to mend.
 *
 * Everything that a person can get wrong (a file, an option, a checkpoint, a prime text) is thrown
 * as an `InputError` with a one-line message: what was being done, to what (quoted), what was
 * wrong, what would be right. The command line prints that line and exits with 2; any other error
 * is a failure of the program or the machine.
 */
export class InputError extends Error {
  /** The class's name, so that it survives in logs. */
  override name = "InputError";
}

/**
 * That a text can no longer be read as it was: its file changed after it was opened, or the system
 * failed to read it.
 *
 * Training that meets it stands between two steps, and can be saved as it is.
 */
export class TextError extends InputError {
  /** The class's name. */
  override name = "TextError";
}
