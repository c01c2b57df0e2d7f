/**
 * How a text is laid out for display: in chunks of paragraphs, and each paragraph in symbols.
 *
 * A symbol is what is seen as one: a grapheme cluster, such as a letter with its marks or an emoji of
 * several code points, or the name of a character that is invisible. Symbols are plain strings for text
 * nodes, so that no text can become markup, and no control character can reorder the page.
 *
 * @module
 */
import { displayedClusters, nameInvisible } from "../../src/mod.ts";

/** Characters of a chunk, about: a screenful. */
const CHUNK_LENGTH = 800;
/** Paragraphs of a chunk. */
const CHUNK_PARAGRAPHS = 24;
/** A longer line is cut, so that a text of one line is drawn in parts, too. */
const MAX_PARAGRAPH = 600;

/** Characters from `from` to before `to`. */
export interface CharacterSpan {
  readonly from: number;
  readonly to: number;
}

/** A part of the text that is drawn at once. */
export interface Chunk extends CharacterSpan {
  readonly paragraphs: readonly CharacterSpan[];
}

/** Cuts a text into lines, its line breaks included, and those into chunks. */
export function layOut(characters: readonly string[]): Chunk[] {
  const chunks: Chunk[] = [];
  let paragraphs: CharacterSpan[] = [];
  let chunkStart = 0;
  const endChunk = (to: number) => {
    if (paragraphs.length > 0) chunks.push({ from: chunkStart, to, paragraphs });
    paragraphs = [];
    chunkStart = to;
  };
  for (let from = 0; from < characters.length;) {
    const to = endOfParagraph(characters, from);
    paragraphs.push({ from, to });
    if (to - chunkStart >= CHUNK_LENGTH || paragraphs.length === CHUNK_PARAGRAPHS) endChunk(to);
    from = to;
  }
  endChunk(characters.length);
  return chunks;
}

function endOfParagraph(characters: readonly string[], from: number): number {
  const limit = Math.min(characters.length, from + MAX_PARAGRAPH);
  for (let at = from; at < limit; at++) if (characters[at] === "\n") return at + 1;
  if (limit === characters.length || characters[limit] === "\n") {
    return Math.min(limit + 1, characters.length);
  }
  // After the last space, so that no word is cut; else before a mark or joiner is not reached.
  for (let at = limit; at > from + MAX_PARAGRAPH / 2; at--) {
    if (characters[at - 1] === " ") return at;
  }
  let end = limit;
  while (
    end > from + MAX_PARAGRAPH / 2 && /[\p{M}\p{Cf}\p{Emoji_Modifier}]/u.test(characters[end]!)
  ) {
    end--;
  }
  return end;
}

/** What is seen as one. */
export interface DisplaySymbol extends CharacterSpan {
  /** What is displayed. */
  readonly text: string;
  /** Where `text` begins in the paragraph's, in UTF-16 code units. */
  readonly start: number;
}

/** A paragraph as it is displayed. */
export interface DisplayParagraph {
  /** The text of all symbols. */
  readonly text: string;
  readonly symbols: readonly DisplaySymbol[];
}

/** Makes the symbols of a paragraph. */
export function displayParagraph(
  characters: readonly string[],
  { from, to }: CharacterSpan,
): DisplayParagraph {
  const symbols: DisplaySymbol[] = [];
  let text = "";
  const add = (display: string, at: number, count: number) => {
    symbols.push({ text: display, start: text.length, from: at, to: at + count });
    text += display;
  };
  let at = from;
  for (const cluster of displayedClusters(characters.slice(from, to))) {
    const [first] = cluster as [string];
    add(cluster.length > 1 ? cluster.join("") : displayOf(first), at, cluster.length);
    at += cluster.length;
  }
  return { text, symbols };
}

/** Finds the symbol at an offset of the paragraph's text; the last one for its end. */
export function symbolAt(
  { symbols }: DisplayParagraph,
  offset: number,
): DisplaySymbol | undefined {
  let [low, high] = [0, symbols.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (symbols[middle]!.start <= offset) low = middle;
    else high = middle - 1;
  }
  return symbols[low];
}

function displayOf(character: string): string {
  if (character === "\n") return "↵";
  const name = character === "\t" ? undefined : nameInvisible(character);
  return name === undefined ? withBase(character) : `⟨${name}⟩`;
}

/** A character in words, for lists: its name or code point if it could not be seen. */
export function nameOfCharacter(character: string): string {
  if (character === " ") return "space";
  if (character === "\n") return "line break";
  if (character === "\t") return "tab";
  return nameInvisible(character) ?? withBase(character);
}

/** A mark alone needs something to sit on. */
function withBase(character: string): string {
  return /\p{M}/u.test(character) ? `◌${character}` : character;
}
