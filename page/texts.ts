/** The texts that come with the page. */

/** A bundled text, in the public domain. */
export interface BundledText {
  /** The file, next to index.html. */
  readonly file: string;
  /** What kind of text it is. */
  readonly kind: string;
  readonly title: string;
  /** Where it is from. */
  readonly source: string;
  /** What samples begin with. */
  readonly prompt: string;
}

/** The bundled texts: prose, verse and a structured one. */
export const bundledTexts: readonly BundledText[] = [
  {
    file: "alice.txt",
    kind: "Prose",
    title: "Alice in Wonderland",
    source: "Seven chapters of Alice’s Adventures in Wonderland by Lewis Carroll, 1865.",
    prompt: "Alice ",
  },
  {
    file: "sonnets.txt",
    kind: "Verse",
    title: "Shakespeare’s sonnets",
    source: "The 154 sonnets of William Shakespeare, 1609, in a modern spelling.",
    prompt: "Shall I ",
  },
  {
    file: "chess.txt",
    kind: "Structure",
    title: "Morphy’s chess games",
    source: "The moves of 251 games that Paul Morphy played from 1849 to 1869, one game a line.",
    prompt: "1.e4 e5 ",
  },
];
