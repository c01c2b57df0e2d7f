/**
 * Writes a line to standard output for whoever may be reading. That nobody is, because a pipe or a
 * terminal was closed or a disk is full, is no reason to give up what goes on.
 */
export function printLine(text: string): void {
  try {
    console.log(text);
  } catch {
    // There is nobody to tell.
  }
}
