/** The bytes of a text, in memory or in a file. */
export interface ByteSource extends Disposable {
  /**
   * Reads bytes, which are valid until the next call.
   *
   * @param offset The first byte.
   * @param length The number of bytes; all must lie within the text.
   */
  read(offset: number, length: number): Uint8Array;
}
