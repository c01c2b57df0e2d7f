import type { Corpus } from "./corpus.ts";
import { formatCodePoint } from "./unicode.ts";

/** Characters that are searched for the place of an oddity, and at a time. */
const MAX_SEARCHED = 1 << 24;
const BLOCK_LENGTH = 1 << 16;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Characters that a text hardly has on purpose. */
const suspects: readonly (readonly [codePoint: number, meaning: string])[] = [
  [0x0000, "of a binary file or another encoding"],
  [0x001b, "a control sequence of a terminal, or ISO-2022"],
  [0xfeff, "a byte-order mark, which is a character like any other"],
  [0xfffd, "what an earlier conversion could not read"],
];

/**
 * Finds what is odd about a text that is nevertheless read as it is: characters that come from a
 * faulty conversion, mixed line ends, the source of a document instead of its text.
 *
 * @returns One phrase for each oddity, with the line of its first occurrence.
 * @throws {TextError} as {@linkcode Corpus.read} does.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "../mod.ts";
 * import { findOddities } from "./oddities.ts";
 *
 * console.log(findOddities(corpusFromText("one\r\ntwo\n")));
 * // [ "line ends are mixed: 2 line feeds, 1 carriage return" ]
 * ```
 */
export function findOddities(
  corpus: Pick<Corpus, "length" | "vocabulary" | "counts" | "read">,
): string[] {
  const { vocabulary, counts } = corpus;
  const countOf = (codePoint: number) => {
    const id = vocabulary.idOf(codePoint);
    return id === undefined ? 0 : counts[id]!;
  };
  const oddities: string[] = [];
  for (const [codePoint, meaning] of suspects) {
    const count = countOf(codePoint);
    // The unknown symbol is no character of the text.
    if (count === 0 || vocabulary.idOf(codePoint) === vocabulary.unknown) continue;
    const line = firstLineOf(corpus, vocabulary.idOf(codePoint)!);
    oddities.push(
      `${formatCodePoint(codePoint)} occurs ${
        count === 1 ? "once" : `${count.toLocaleString("en")} times`
      }` +
        `${
          line === undefined ? "" : `, ${count === 1 ? "" : "first "}in line ${line}`
        }: ${meaning}`,
    );
  }
  const [feeds, returns] = [countOf(LINE_FEED), countOf(CARRIAGE_RETURN)];
  if (feeds > 0 && returns > 0 && feeds !== returns) {
    oddities.push(
      `line ends are mixed: ${counted(feeds, "line feed")}, ${counted(returns, "carriage return")}`,
    );
  }
  const start = vocabulary.decode(corpus.read(0, Math.min(5, corpus.length)));
  const document = start === "%PDF-" ? "a PDF" : start === "{\\rtf" ? "an RTF document" : undefined;
  if (document) oddities.push(`it is the source of ${document}, not its text`);
  return oddities;
}

/** The line of the first occurrence of an id; `undefined` if it is too far from the start. */
function firstLineOf(
  corpus: Pick<Corpus, "length" | "vocabulary" | "read">,
  wanted: number,
): number | undefined {
  const lineFeed = corpus.vocabulary.idOf(LINE_FEED);
  const end = Math.min(corpus.length, MAX_SEARCHED);
  let line = 1;
  for (let at = 0; at < end; at += BLOCK_LENGTH) {
    for (const id of corpus.read(at, Math.min(BLOCK_LENGTH, end - at))) {
      if (id === wanted) return line;
      if (id === lineFeed) line++;
    }
  }
  return undefined;
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
