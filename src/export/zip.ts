/**
 * Zip archives of uncompressed files, as `torch.save` writes them
 * (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, version 6.3.10).
 */

import { crc32 } from "../crc32.ts";

/** PyTorch aligns the contents of its files to this many bytes, so that they can be mapped. */
const ALIGNMENT = 64;
const VERSION = 20;
/** The names are UTF-8. */
const FLAGS = 0x800;
/** The first of January 1980, the earliest date: archives of equal files are equal. */
const DATE = 0x21;

const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;

/** A file of an archive. */
interface Entry {
  readonly name: Uint8Array;
  readonly contents: Uint8Array;
  readonly crc: number;
  /** Where its header begins. */
  readonly offset: number;
  /** Bytes between the header with the name and the contents. */
  readonly padding: number;
}

/**
 * Encodes files as a zip archive, without compression.
 *
 * @param files The contents of each file by its path.
 * @throws {RangeError} if the archive would have 4 GiB or more.
 */
export function encodeZip(files: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const entries: Entry[] = [];
  let end = 0;
  for (const [path, contents] of files) {
    const name = new TextEncoder().encode(path);
    const begin = end + LOCAL_BYTES + name.length;
    // An extra field takes 4 bytes or more.
    const padding = (2 * ALIGNMENT - (begin + 4) % ALIGNMENT) % ALIGNMENT + 4;
    entries.push({ name, contents, crc: crc32(contents), offset: end, padding });
    end = begin + padding + contents.length;
  }
  const directory = entries.reduce((sum, { name }) => sum + CENTRAL_BYTES + name.length, 0);
  if (end + directory + END_BYTES >= 2 ** 32) {
    throw new RangeError("Cannot encode a zip archive of 4 GiB or more");
  }
  const bytes = new Uint8Array(end + directory + END_BYTES);
  const view = new DataView(bytes.buffer);
  let at = end;
  for (const entry of entries) {
    writeLocal(view, entry);
    at = writeCentral(view, at, entry);
  }
  view.setUint32(at, 0x06054b50, true);
  view.setUint16(at + 8, entries.length, true);
  view.setUint16(at + 10, entries.length, true);
  view.setUint32(at + 12, directory, true);
  view.setUint32(at + 16, end, true);
  return bytes;
}

/** The header of a file, and its contents. */
function writeLocal(view: DataView<ArrayBuffer>, entry: Entry): void {
  const { name, contents, offset, padding } = entry;
  view.setUint32(offset, 0x04034b50, true);
  writeCommon(view, offset + 4, entry);
  view.setUint16(offset + 28, padding, true);
  const bytes = new Uint8Array(view.buffer);
  const extra = offset + LOCAL_BYTES + name.length;
  bytes.set(name, offset + LOCAL_BYTES);
  // PyTorch's own extra field, "FB".
  view.setUint16(extra, 0x4246, true);
  view.setUint16(extra + 2, padding - 4, true);
  bytes.set(contents, extra + padding);
}

/** The entry of a file in the directory at the end; the offset after it. */
function writeCentral(view: DataView<ArrayBuffer>, at: number, entry: Entry): number {
  view.setUint32(at, 0x02014b50, true);
  view.setUint16(at + 4, VERSION, true);
  writeCommon(view, at + 6, entry);
  view.setUint32(at + 42, entry.offset, true);
  new Uint8Array(view.buffer).set(entry.name, at + CENTRAL_BYTES);
  return at + CENTRAL_BYTES + entry.name.length;
}

/** What both headers of a file have: version, flags, method, date, checksum and lengths. */
function writeCommon(view: DataView, at: number, { name, contents, crc }: Entry): void {
  view.setUint16(at, VERSION, true);
  view.setUint16(at + 2, FLAGS, true);
  view.setUint16(at + 8, DATE, true);
  view.setUint32(at + 10, crc, true);
  view.setUint32(at + 14, contents.length, true);
  view.setUint32(at + 18, contents.length, true);
  view.setUint16(at + 22, name.length, true);
}
