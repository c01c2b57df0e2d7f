/// <reference lib="dom" />
import { NO_LEVEL } from "./scales.ts";
import type { DisplayParagraph, DisplaySymbol } from "./text_layout.ts";

/** A paragraph on the page. */
export interface Line {
  readonly node: Text;
  readonly element: HTMLElement;
  readonly display: DisplayParagraph;
}

/** What is drawn behind the symbols of a text. */
export interface Coloring {
  /** The colors of the levels; `null` for a level without one. */
  readonly palette: readonly (string | null)[];
  /** The level of a symbol, or `NO_LEVEL`. */
  readonly levelOf: (symbol: DisplaySymbol) => number;
  readonly isChosen: (symbol: DisplaySymbol) => boolean;
  readonly isPointed: (symbol: DisplaySymbol) => boolean;
  /** The color of the line below chosen symbols, and of the frame around the pointed one. */
  readonly chosen: string;
  readonly pointed: string;
}

/** Width of these lines, in pixels. */
const LINE_WIDTH = 2;

/**
 * Colors behind a chunk of text, on a canvas below it that scrolls with it. The text is one node for
 * each paragraph, so that letters stay joined.
 *
 * A canvas, because ranges of the CSS Custom Highlight API are looked up again whenever anything in
 * the document changes: a thousand of them made so many objects that collecting these took longer
 * than a frame.
 */
export class ColorLayer {
  /** The canvas: the first child of the chunk. */
  readonly canvas: HTMLCanvasElement = document.createElement("canvas");
  /** Where symbols are: left, top, right and bottom of each, in whole pixels. */
  #rects: number[] = [];
  #symbols: DisplaySymbol[] = [];
  /** Lines whose symbols have been measured, of a chunk of this size. */
  #measured = 0;
  #size = "";

  constructor() {
    this.canvas.ariaHidden = "true";
  }

  /**
   * Looks up where the symbols of the chunk's lines are, unless that is known, and until a time.
   *
   * @return Whether anything was looked up, and whether all is known.
   */
  measure(
    lines: readonly Line[],
    end: number,
  ): { readonly isNew: boolean; readonly isDone: boolean } {
    const { offsetWidth, offsetHeight } = this.canvas.parentElement!;
    const size = `${offsetWidth} ${offsetHeight}`;
    if (this.#size !== size) {
      this.#size = size;
      this.#measured = 0;
      this.#rects = [];
      this.#symbols = [];
      // In whole CSS pixels on any screen: colors have no details.
      this.canvas.width = offsetWidth;
      this.canvas.height = offsetHeight;
    }
    const first = this.#measured;
    const { left, top } = this.canvas.getBoundingClientRect();
    while (this.#measured < lines.length && performance.now() < end) {
      this.#measureLine(lines[this.#measured++]!, { left, top });
    }
    return { isNew: this.#measured > first, isDone: this.#measured === lines.length };
  }

  #measureLine(
    { node, display }: Line,
    { left, top }: { readonly left: number; readonly top: number },
  ): void {
    const range = document.createRange();
    for (const symbol of display.symbols) {
      range.setStart(node, symbol.start);
      range.setEnd(node, symbol.start + symbol.text.length);
      for (const rect of range.getClientRects()) {
        this.#rects.push(
          ...[Math.round(rect.left - left), Math.round(rect.top - top)],
          ...[Math.round(rect.right - left), Math.round(rect.bottom - top)],
        );
        this.#symbols.push(symbol);
      }
    }
  }

  /** Draws the colors, in place of earlier ones. */
  draw({ palette, levelOf, isChosen, isPointed, chosen, pointed }: Coloring): void {
    const context = this.canvas.getContext("2d");
    if (context === null) return;
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const rects = this.#rects;
    this.#symbols.forEach((symbol, i) => {
      const [x, y] = [rects[4 * i]!, rects[4 * i + 1]!];
      const [width, height] = [rects[4 * i + 2]! - x, rects[4 * i + 3]! - y];
      const level = levelOf(symbol);
      const color = level === NO_LEVEL ? null : palette[level] ?? null;
      if (color !== null) {
        context.fillStyle = color;
        context.fillRect(x, y, width, height);
      }
      if (isChosen(symbol)) {
        context.fillStyle = chosen;
        context.fillRect(x, y + height - LINE_WIDTH, width, LINE_WIDTH);
      }
      if (isPointed(symbol)) {
        context.lineWidth = LINE_WIDTH;
        context.strokeStyle = pointed;
        context.strokeRect(x, y, width, height);
      }
    });
  }
}
