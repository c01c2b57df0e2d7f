/** Chess games in algebraic notation, one a line: are the moves legal? */
import { Chess } from "chess.js";
import type { Structure, Verdict } from "./structure.ts";

const text = new URL("../../page/texts/chess.txt", import.meta.url);

const MOVE = /^(O-O(-O)?|[KQRBN]?[a-h]?[1-8]?x?[a-h][1-8](=?[QRBN])?)[+#]?$/;
const RESULT = /^(1-0|0-1|1\/2-1\/2)$/;

/** Games as `1.e4 e5 2.Nf3 … 1-0`. */
export const chess: Structure = {
  name: "chess",
  description: "the games of the page, of Paul Morphy, one a line",
  criteria: ["notation", "result", "legal"],
  extent: "legal plies",
  separator: "\n",
  makeText: () => Deno.readTextFile(text),
  check(record): Verdict {
    const words = record.split(" ");
    const hasResult = RESULT.test(words.at(-1)!);
    const plies = (hasResult ? words.slice(0, -1) : words).map(readPly);
    const isNotation = plies.length > 0 &&
      plies.every(({ number, move }, i) =>
        MOVE.test(move) && number === (i % 2 === 0 ? i / 2 + 1 : undefined)
      );
    const legal = countLegal(plies.map(({ move }) => move));
    return { holds: [isNotation, hasResult, legal === plies.length], extent: legal };
  },
};

/** A move and, if it is White's, its number. */
function readPly(word: string): { number: number | undefined; move: string } {
  const [, number, move] = /^(?:(\d+)\.)?(.*)$/.exec(word)!;
  return { number: number === undefined ? undefined : Number(number), move: move! };
}

/** The number of moves up to the first that is not legal. */
function countLegal(moves: readonly string[]): number {
  const game = new Chess();
  const illegal = moves.findIndex((move) => {
    try {
      game.move(move);
      return false;
    } catch {
      return true;
    }
  });
  return illegal < 0 ? moves.length : illegal;
}
