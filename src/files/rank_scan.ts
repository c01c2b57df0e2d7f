/** The scan of a file that several ranks share (docs/design/distributed.md). */

import { InputError, withContext } from "../errors.ts";
import { yieldToEventLoop } from "../event_loop.ts";
import type { Exchange, Slice } from "../exchange.ts";
import { quotePath } from "../json.ts";
import { gatherTexts, gatherWords } from "../rank_jobs.ts";
import { createSha256 } from "../sha256.ts";
import type { ByteSource } from "../text/byte_source.ts";
import { CharIndex, type CharOffsets, type IndexPart, JoinedIndex } from "../text/char_index.ts";
import { checkIsText, contextOf, type Corpus, corpusFromScan } from "../text/corpus.ts";
import { Utf8Scanner } from "../text/scan.ts";
import { compressionOf, SIGNATURE_BYTES } from "./compression.ts";
import { isPipe } from "./file_identity.ts";
import type { ReadingOptions, ReadProgress } from "./read_corpus.ts";
import { TextFile } from "./text_file.ts";
import { listTexts } from "./text_paths.ts";

/** Bytes that are read at a time. */
const READ_BYTES = 1 << 20;
/** Bytes whose hash is compared, so that each rank checks little more than it will read. */
const BLOCK_BYTES = 1 << 22;
/** Digits of a block's hash. */
const HASH_DIGITS = 64;
/** Entries of the index of a text. */
const INDEX_ENTRIES = 1 << 19;
/** Bytes of a character, without the first. */
const MAX_CONTINUATION = 3;

/** The file that the ranks scan, as rank 0 has found it. */
export interface SharedFile {
  readonly path: string;
  readonly bytes: number;
  /** How often a character must occur to be in the vocabulary. */
  readonly minCount?: number | undefined;
}

/** A corpus, and the check of the part of it that a rank reads. */
export interface ScannedCorpus {
  readonly corpus: Corpus;
  readonly checkText: (start: number, end: number) => void;
}

/** The length of a file that ranks can share: a single one in UTF-8. `null` for other texts. */
export function sharedFileSize(paths: readonly string[], options: ReadingOptions): number | null {
  const [path] = paths;
  if (paths.length !== 1 || options.encoding !== undefined || isPipe(path!)) return null;
  try {
    const [text, ...others] = listTexts(paths);
    if (others.length > 0 || text!.isFound) return null;
    using file = TextFile.open(path!);
    const head = file.read(0, Math.min(SIGNATURE_BYTES, file.size));
    return compressionOf(head) === undefined ? file.size : null;
  } catch {
    // Reading it in the usual way finds out what is wrong.
    return null;
  }
}

/**
 * Scans a file on all ranks, an even part on each, and puts the results together, so that all have the
 * same corpus. Rank 0 also hashes the whole file, and the others compare the hashes of the blocks that
 * they read.
 *
 * @returns The corpus; `null` on all ranks if the file cannot be read, or is no text, on one of them.
 * @throws {InputError} on all ranks, if the file of one of them has another length.
 */
export async function scanOnRanks(
  exchange: Exchange,
  shared: SharedFile,
  { onProgress }: { readonly onProgress?: ((progress: ReadProgress) => void) | undefined } = {},
): Promise<ScannedCorpus | null> {
  const { path, bytes, minCount } = shared;
  const part = await attempt(() => scanPart(exchange, shared, onProgress));
  const failed = part === null || part.size !== bytes;
  const states = gatherWords(exchange, [part === null ? 1 : failed ? 2 : 0]).map(([word]) => word);
  if (states.some((word) => word !== 0)) {
    part?.file[Symbol.dispose]();
    const other = states.indexOf(2);
    if (states.includes(1) || other < 0) return null;
    throw differs(path, { rank: other, hosts: gatherTexts(exchange, exchange.host) });
  }
  const { file, scan, start, hashes } = part!;
  const infos = gatherTexts(
    exchange,
    JSON.stringify({
      ...{ start, bytes: scan.bytes, length: scan.length, sha256: part!.sha256 },
      occurrences: [...scan.occurrences],
      ...{ stride: scan.index.stride, entries: scan.index.offsets.length },
    }),
  ).map((text) => JSON.parse(text) as PartInfo);
  const occurrences = new Map<number, number>();
  for (const [codePoint, count] of infos.flatMap((info) => info.occurrences)) {
    occurrences.set(codePoint, (occurrences.get(codePoint) ?? 0) + count);
  }
  const index = gatherIndex(exchange, infos, scan.index.offsets);
  const blocks = new Uint8Array(Math.ceil(bytes / BLOCK_BYTES) * HASH_DIGITS);
  if (hashes !== null) new TextEncoder().encodeInto(hashes.join(""), blocks);
  exchange.broadcast(blocks);
  const source = exchange.rank === 0 ? file : new CheckedSource(file, { path, blocks });
  const length = infos.reduce((sum, info) => sum + info.length, 0);
  const corpus = corpusFromScan({ bytes, length, sha256: infos[0]!.sha256, occurrences, index }, {
    ...{ name: path, vocabulary: undefined, source, texts: [{ path, start: 0 }] },
    ...minCount === undefined ? {} : { minCount },
    reading: { paths: [path], ...minCount === undefined ? {} : { minCount } },
  });
  return {
    corpus,
    checkText(start, end) {
      if (!(source instanceof CheckedSource) || start === end) return;
      source.check(...bytesOfChars(index, { start, end, bytes }));
    },
  };
}

/** Where characters lie in the file, and a little more. */
function bytesOfChars(
  index: CharOffsets,
  { start, end, bytes }: { readonly start: number; readonly end: number; readonly bytes: number },
): [number, number] {
  const last = index.floor(end);
  return [
    index.floor(start).byte,
    Math.min(bytes, last.byte + (1 + MAX_CONTINUATION) * (end - last.character)),
  ];
}

/** What the others need of a part. */
interface PartInfo {
  /** The first byte. */
  readonly start: number;
  readonly bytes: number;
  readonly length: number;
  /** The hash of the whole file, on rank 0. */
  readonly sha256: string;
  readonly occurrences: readonly [number, number][];
  readonly stride: number;
  readonly entries: number;
}

/** Runs an action; `null` for an error of input. */
async function attempt<Result>(action: () => Promise<Result>): Promise<Result | null> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

/** Scans this rank's part; rank 0 hashes the whole file, too. */
async function scanPart(
  { rank, size: ranks }: Exchange,
  { path, bytes }: SharedFile,
  onProgress: ((progress: ReadProgress) => void) | undefined,
) {
  const file = TextFile.open(path);
  try {
    const { size } = file;
    const index = new CharIndex({ maxEntries: 2 * Math.ceil(INDEX_ENTRIES / ranks / 2) });
    const scanner = new Utf8Scanner(index);
    if (size !== bytes) {
      return { file, size, start: 0, scan: emptyScan(index), hashes: null, sha256: "" };
    }
    // Both ends are moved to the start of the next character.
    const [start, end] = [rank, rank + 1].map((i) => {
      const byte = Math.floor(size * i / ranks);
      return byte + (byte === 0 ? 0 : continuationAt(file, byte));
    }) as [number, number];
    const total = end - start + (rank === 0 ? size : 0);
    let done = 0;
    const advance = async (count: number) => {
      done += count;
      onProgress?.({ bytes: done, total });
      await yieldToEventLoop();
    };
    for (let at = start; at < end; at += READ_BYTES) {
      const chunk = file.read(at, Math.min(READ_BYTES, end - at));
      scanner.add(chunk);
      await advance(chunk.length);
    }
    const text = scanner.endText();
    if (rank === 0) checkIsText(text);
    const { bytes: scanned, length, occurrences } = scanner.finish();
    const scan = { bytes: scanned, length, occurrences, index };
    const { hashes, sha256 } = rank === 0
      ? await hashAll(file, advance)
      : { hashes: null, sha256: "" };
    return { file, size, start, scan, hashes, sha256 };
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

function emptyScan(index: CharIndex) {
  return { bytes: 0, length: 0, occurrences: new Map<number, number>(), index };
}

/** Bytes from an offset on that continue a character. */
function continuationAt(file: TextFile, byte: number): number {
  const next = file.read(byte, Math.min(MAX_CONTINUATION, file.size - byte));
  const first = next.findIndex((value) => (value & 0xc0) !== 0x80);
  return first < 0 ? next.length : first;
}

/** The hash of each block, and of the whole file. */
async function hashAll(
  file: TextFile,
  advance: (count: number) => Promise<void>,
): Promise<{ hashes: string[]; sha256: string }> {
  const whole = createSha256();
  const hashes: string[] = [];
  for (let at = 0; at < file.size; at += BLOCK_BYTES) {
    const block = file.read(at, Math.min(BLOCK_BYTES, file.size - at));
    whole.update(block);
    hashes.push(hashOf(block));
    await advance(block.length);
  }
  return { hashes, sha256: whole.digest() };
}

function hashOf(bytes: Uint8Array): string {
  const hash = createSha256();
  hash.update(bytes);
  return hash.digest();
}

/** The index of the whole text, on all ranks. */
function gatherIndex(
  exchange: Exchange,
  infos: readonly PartInfo[],
  own: readonly number[],
): CharOffsets {
  const slices: Slice[] = [];
  let entries = 0;
  for (const info of infos) {
    slices.push({ start: entries, length: info.entries });
    entries += info.entries;
  }
  const offsets = new Float64Array(entries);
  offsets.set(own, slices[exchange.rank]!.start);
  exchange.allGather(offsets, slices);
  let character = 0;
  const parts = infos.map(({ start: byte, length, stride }, rank): IndexPart => {
    const { start, length: count } = slices[rank]!;
    const before = character;
    character += length;
    return {
      start: { character: before, byte },
      stride,
      offsets: offsets.subarray(start, start + count),
    };
  });
  return new JoinedIndex(parts);
}

function differs(
  path: string,
  { rank, hosts }: { readonly rank: number; readonly hosts: readonly string[] },
): InputError {
  return new InputError(
    `Cannot train on ${quotePath(path)}: its contents on rank ${rank}, ${
      hosts[rank]
    }, differ from ` +
      `those on rank 0, ${hosts[0]}; use the same text on all machines`,
  );
}

/** A file whose blocks are compared with those of rank 0 before they are read. */
class CheckedSource implements ByteSource {
  readonly #file: TextFile;
  readonly #path: string;
  readonly #blocks: Uint8Array;
  readonly #checked = new Set<number>();

  constructor(
    file: TextFile,
    { path, blocks }: { readonly path: string; readonly blocks: Uint8Array },
  ) {
    this.#file = file;
    this.#path = path;
    this.#blocks = blocks;
  }

  /** Compares the blocks of the bytes from `start` to `end`. */
  check(start: number, end: number): void {
    for (let block = Math.floor(start / BLOCK_BYTES); block * BLOCK_BYTES < end; block++) {
      if (this.#checked.has(block)) continue;
      const at = block * BLOCK_BYTES;
      const bytes = withContext(contextOf(this.#path), () => {
        return this.#file.read(at, Math.min(BLOCK_BYTES, this.#file.size - at));
      });
      const digits = this.#blocks.subarray(block * HASH_DIGITS, (block + 1) * HASH_DIGITS);
      if (hashOf(bytes) !== new TextDecoder().decode(digits)) {
        throw new InputError(
          `Cannot train on ${
            quotePath(this.#path)
          }: its contents differ from those on rank 0; use ` +
            "the same text on all machines",
        );
      }
      this.#checked.add(block);
    }
  }

  read(offset: number, length: number): Uint8Array {
    this.check(offset, offset + length);
    return this.#file.read(offset, length);
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}
