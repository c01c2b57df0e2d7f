/// <reference lib="dom" />
import { type Coloring, ColorLayer, type Line } from "./color_layer.ts";
import {
  type CharacterSpan,
  type Chunk,
  displayParagraph,
  type DisplaySymbol,
  layOut,
  symbolAt,
} from "./text_layout.ts";
import { NO_LEVEL, type Scale } from "./scales.ts";

/** What is said about the text. */
export interface ColoredTextEvents {
  /** A character was pointed at, clicked or tapped, or reached by a key. */
  readonly onPoint: (position: number, how: "hover" | "click" | "key") => void;
  /** Other characters are selected, or none. */
  readonly onSelect: (span: CharacterSpan | null) => void;
  /** Other chunks are displayed. */
  readonly onDisplay: () => void;
  /** Escape was pressed. */
  readonly onEscape: () => void;
}

/** Chunks this far outside of the visible part are displayed, too, in pixels. */
const MARGIN = 400;
/** Time in which symbols are measured before a frame, in milliseconds; the rest waits for the next. */
const MEASURE_MS = 6;
/** The highlight of signs that stand for what is invisible. */
const STAND_IN = "stand-in";
/** Characters per line and pixels per line, for the height of chunks that were never displayed. */
const ESTIMATED_COLUMNS = 60;
const ESTIMATED_LINE_HEIGHT = 28;

/** What is displayed of a chunk. */
interface DisplayedChunk {
  readonly lines: readonly Line[];
  readonly layer: ColorLayer;
  /** Signs that stand for what is invisible. */
  readonly standIns: readonly StaticRange[];
}

/**
 * A text that is colored character by character. Only chunks near the visible part are in the document,
 * as plain text nodes; colors are on canvases below them, so that letters stay joined, and changing
 * colors changes no element.
 */
export class ColoredText {
  readonly #host: HTMLElement;
  readonly #events: ColoredTextEvents;
  readonly #observer: IntersectionObserver;
  readonly #abort = new AbortController();
  #characters: readonly string[] = [];
  #chunks: readonly Chunk[] = [];
  #elements: readonly HTMLElement[] = [];
  readonly #displayed = new Map<number, DisplayedChunk>();
  readonly #byNode = new WeakMap<Node, Line>();
  #scale: Scale | null = null;
  #levels: Uint8Array = new Uint8Array();
  #pointed: number | null = null;
  #selection: CharacterSpan | null = null;
  /** Where a selection by keys began. */
  #anchor: number | null = null;
  #isPainting = false;
  /** Whether there are other colors than those that were painted. */
  #isChanged = false;
  #isShown = true;
  readonly #standIns = "Highlight" in globalThis ? new Highlight() : null;
  readonly #resizes = new ResizeObserver(() => this.#paintLater());
  /** Colors by the names of their custom properties. */
  readonly #colors = new Map<string, string>();

  constructor(host: HTMLElement, events: ColoredTextEvents) {
    this.#host = host;
    this.#events = events;
    this.#observer = new IntersectionObserver((entries) => this.#display(entries), {
      root: host,
      rootMargin: `${MARGIN}px`,
    });
    const { signal } = this.#abort;
    host.addEventListener("pointermove", (event) => this.#hover(event), { signal });
    host.addEventListener("click", (event) => this.#click(event), { signal });
    host.addEventListener("keydown", (event) => this.#press(event), { signal });
    document.addEventListener("selectionchange", () => this.#readSelection(), { signal });
    const forgetColors = () => {
      this.#colors.clear();
      this.#repaint();
    };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", forgetColors, { signal });
    if (this.#standIns !== null) CSS.highlights.set(STAND_IN, this.#standIns);
  }

  /** Removes all highlights and listeners. */
  dispose(): void {
    this.#abort.abort();
    this.#observer.disconnect();
    this.#resizes.disconnect();
    if (this.#standIns !== null) CSS.highlights.delete(STAND_IN);
  }

  /** Replaces the text. */
  setText(characters: readonly string[]): void {
    this.#observer.disconnect();
    this.#resizes.disconnect();
    this.#displayed.clear();
    this.#standIns?.clear();
    this.#characters = characters;
    this.#chunks = layOut(characters);
    this.#scale = null;
    this.#pointed = null;
    this.#selection = null;
    this.#elements = this.#chunks.map((chunk) => {
      const element = document.createElement("div");
      const lines = chunk.paragraphs.reduce(
        (sum, { from, to }) => sum + Math.ceil((to - from) / ESTIMATED_COLUMNS),
        0,
      );
      element.style.height = `${lines * ESTIMATED_LINE_HEIGHT}px`;
      return element;
    });
    this.#host.replaceChildren(...this.#elements);
    this.#host.scrollTop = 0;
    for (const element of this.#elements) this.#observer.observe(element);
  }

  /** The characters that are displayed; `null` if none are. */
  get displayed(): CharacterSpan | null {
    const indexes = [...this.#displayed.keys()].sort((a, b) => a - b);
    const [first, last] = [this.#chunks[indexes[0] ?? -1], this.#chunks[indexes.at(-1) ?? -1]];
    return first === undefined || last === undefined ? null : { from: first.from, to: last.to };
  }

  /** Colors the text by the levels of a scale, one for each character. */
  setLevels(scale: Scale | null, levels: Uint8Array): void {
    this.#scale = scale;
    this.#levels = levels;
    this.#repaint();
  }

  /** Says whether the text is in sight. Out of sight it is not drawn. */
  setShown(isShown: boolean): void {
    this.#isShown = isShown;
    this.#repaint();
  }

  /** Marks a character as the one that is looked at. */
  setPointed(position: number | null): void {
    this.#pointed = position;
    this.#repaint();
  }

  /** Paints with other colors. */
  #repaint(): void {
    this.#isChanged = true;
    this.#paintLater();
  }

  /** Paints in the next frame, once for all changes until then. */
  #paintLater(): void {
    if (this.#isPainting) return;
    this.#isPainting = true;
    requestAnimationFrame(() => {
      this.#isPainting = false;
      this.#paint();
    });
  }

  #paint(): void {
    if (!this.#isShown) return;
    const coloring = this.#coloring();
    const isChanged = this.#isChanged;
    this.#isChanged = false;
    const end = performance.now() + MEASURE_MS;
    for (const { lines, layer } of this.#displayed.values()) {
      const { isNew, isDone } = layer.measure(lines, end);
      if (isNew || isChanged) layer.draw(coloring);
      if (!isDone) this.#paintLater();
    }
  }

  #coloring(): Coloring {
    const scale = this.#scale;
    const [pointed, selection] = [this.#pointed, this.#selection];
    return {
      palette: (scale?.legend ?? []).map((_, level) =>
        level === scale!.blank ? null : this.#color(`--${scale!.name}-${level}`)
      ),
      levelOf: (symbol) => this.#levelOf(symbol),
      isChosen: ({ from, to }) => selection !== null && from < selection.to && to > selection.from,
      isPointed: ({ from, to }) => pointed !== null && pointed >= from && pointed < to,
      chosen: this.#color("--accent"),
      pointed: this.#color("--ink"),
    };
  }

  /** A custom property as a canvas takes it: `light-dark()` is resolved by the style of an element. */
  #color(name: string): string {
    let color = this.#colors.get(name);
    if (color === undefined) {
      const { outlineColor } = this.#host.style;
      this.#host.style.outlineColor = `var(${name})`;
      color = getComputedStyle(this.#host).outlineColor;
      this.#host.style.outlineColor = outlineColor;
      this.#colors.set(name, color);
    }
    return color;
  }

  #levelOf({ from, to }: DisplaySymbol): number {
    const levels = this.#levels;
    if (this.#scale === null || to > levels.length) return NO_LEVEL;
    if (this.#scale.takesLast) return levels[to - 1]!;
    let highest = NO_LEVEL;
    for (let i = from; i < to; i++) {
      const level = levels[i]!;
      if (level !== NO_LEVEL && (highest === NO_LEVEL || level > highest)) highest = level;
    }
    return highest;
  }

  #display(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const index = this.#elements.indexOf(target as HTMLElement);
      if (index < 0) continue;
      if (isIntersecting) this.#fill(index);
      else this.#empty(index);
    }
    this.#paintLater();
    this.#events.onDisplay();
  }

  #fill(index: number): DisplayedChunk {
    const displayed = this.#displayed.get(index);
    if (displayed !== undefined) return displayed;
    const lines = this.#chunks[index]!.paragraphs.map((span): Line => {
      const display = displayParagraph(this.#characters, span);
      const node = document.createTextNode(display.text);
      const element = document.createElement("p");
      element.dir = "auto";
      element.append(node);
      const line = { node, element, display };
      this.#byNode.set(node, line);
      return line;
    });
    const standIns = this.#standIns === null ? [] : lines.flatMap((line) => this.#standInsOf(line));
    for (const range of standIns) this.#standIns!.add(range);
    const chunk = { lines, layer: new ColorLayer(), standIns };
    this.#displayed.set(index, chunk);
    const element = this.#elements[index]!;
    element.style.height = "";
    element.replaceChildren(chunk.layer.canvas, ...lines.map(({ element }) => element));
    this.#resizes.observe(element);
    return chunk;
  }

  #empty(index: number): void {
    const element = this.#elements[index]!;
    for (const range of this.#displayed.get(index)?.standIns ?? []) this.#standIns!.delete(range);
    if (!this.#displayed.delete(index)) return;
    this.#resizes.unobserve(element);
    // The same height as with its text, so that nothing moves.
    element.style.height = `${element.offsetHeight}px`;
    element.replaceChildren();
  }

  /** Signs that are not the character itself; neighbors share a range. */
  #standInsOf({ node, display: { symbols } }: Line): StaticRange[] {
    const isStandIn = ({ text, from, to }: DisplaySymbol) =>
      to === from + 1 && text !== this.#characters[from];
    const ranges: StaticRange[] = [];
    for (let i = 0; i < symbols.length; i++) {
      if (!isStandIn(symbols[i]!)) continue;
      const startOffset = symbols[i]!.start;
      while (i + 1 < symbols.length && isStandIn(symbols[i + 1]!)) i++;
      const endOffset = symbols[i]!.start + symbols[i]!.text.length;
      ranges.push(
        new StaticRange({ startContainer: node, startOffset, endContainer: node, endOffset }),
      );
    }
    return ranges;
  }

  /** The line and the symbol of a character; displays its chunk if need be. */
  #find(position: number): { readonly line: Line; readonly symbol: DisplaySymbol } | undefined {
    const index = this.#chunks.findIndex(({ from, to }) => position >= from && position < to);
    if (index < 0) return undefined;
    const paragraph = this.#chunks[index]!.paragraphs
      .findIndex(({ from, to }) => position >= from && position < to);
    const line = this.#fill(index).lines[paragraph]!;
    const symbol = line.display.symbols.find(({ to }) => position < to)!;
    return { line, symbol };
  }

  #rectsOf({ node }: Line, { start, text }: DisplaySymbol): DOMRect[] {
    const range = document.createRange();
    range.setStart(node, start);
    range.setEnd(node, start + text.length);
    return [...range.getClientRects()];
  }

  /** The character at a point of the window. */
  #hit(x: number, y: number): number | undefined {
    const caret = caretAt(x, y);
    const line = caret && this.#byNode.get(caret.node);
    if (caret === undefined || line === undefined) return undefined;
    // The caret is between two symbols; between runs of two directions they may be far apart.
    for (const offset of [caret.offset, caret.offset - 1, caret.offset + 1]) {
      const symbol = symbolAt(line.display, Math.max(0, offset));
      const isHit = symbol &&
        this.#rectsOf(line, symbol).some((rect) =>
          x >= rect.left && x <= rect.right && y >= rect.top - 4 && y <= rect.bottom + 4
        );
      if (isHit) return symbol.from;
    }
    return undefined;
  }

  #hover(event: PointerEvent): void {
    if (event.pointerType !== "mouse" || event.buttons !== 0) return;
    const position = this.#hit(event.clientX, event.clientY);
    if (position !== undefined) this.#events.onPoint(position, "hover");
  }

  #click(event: MouseEvent): void {
    if (document.getSelection()?.isCollapsed === false) return;
    const position = this.#hit(event.clientX, event.clientY);
    if (position !== undefined) this.#events.onPoint(position, "click");
  }

  /** Takes over the selection of the pointer. */
  #readSelection(): void {
    const selection = document.getSelection();
    const isInside = selection !== null && selection.rangeCount > 0 &&
      this.#host.contains(selection.anchorNode) && this.#host.contains(selection.focusNode);
    if (!isInside) return;
    const { startContainer, startOffset, endContainer, endOffset } = selection.getRangeAt(0);
    const start = this.#byNode.get(startContainer);
    const end = this.#byNode.get(endContainer);
    const from = start && symbolAt(start.display, startOffset)?.from;
    const last = end && symbolAt(end.display, Math.max(0, endOffset - 1))?.to;
    const isSelected = !selection.isCollapsed && from !== undefined && last !== undefined;
    this.#select(isSelected && from < last ? { from, to: last } : null);
  }

  #select(span: CharacterSpan | null): void {
    if (this.#selection?.from === span?.from && this.#selection?.to === span?.to) return;
    this.#selection = span;
    this.#repaint();
    this.#events.onSelect(span);
  }

  #press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape") {
      this.#anchor = null;
      this.#select(null);
      return this.#events.onEscape();
    }
    const at = this.#pointed;
    const next = at === null ? firstOf(this.displayed) : this.#target(event.key, at);
    if (next === undefined || !event.key.startsWith("Arrow") && !EDGES.includes(event.key)) return;
    event.preventDefault();
    if (event.shiftKey && at !== null) {
      this.#anchor ??= at;
      const [from, last] = [Math.min(this.#anchor, next), Math.max(this.#anchor, next)];
      this.#select({ from, to: this.#find(last)?.symbol.to ?? last + 1 });
    } else {
      this.#anchor = null;
    }
    this.#scrollTo(next);
    this.#events.onPoint(next, "key");
  }

  #scrollTo(position: number): void {
    const found = this.#find(position);
    const rect = found && this.#rectsOf(found.line, found.symbol)[0];
    if (rect === undefined) return;
    const view = this.#host.getBoundingClientRect();
    if (rect.top < view.top + 8) this.#host.scrollTop -= view.top - rect.top + view.height / 3;
    if (rect.bottom > view.bottom - 8) {
      this.#host.scrollTop += rect.bottom - view.bottom + view.height / 3;
    }
  }

  /** The character to which a key moves from another. */
  #target(key: string, at: number): number | undefined {
    const found = this.#find(at);
    if (found === undefined) return undefined;
    const { line: { element, display: { symbols } }, symbol } = found;
    const isRightToLeft = getComputedStyle(element).direction === "rtl";
    const before = symbol.from - 1;
    const after = symbol.to < this.#characters.length ? symbol.to : undefined;
    switch (key) {
      case "ArrowLeft":
        return isRightToLeft ? after : this.#startOf(before);
      case "ArrowRight":
        return isRightToLeft ? this.#startOf(before) : after;
      case "ArrowUp":
        return this.#inNextLine(at, -1);
      case "ArrowDown":
        return this.#inNextLine(at, 1);
      case "Home":
        return symbols[0]!.from;
      case "End":
        return symbols.at(-1)!.from;
      default:
        return undefined;
    }
  }

  #startOf(position: number): number | undefined {
    return position < 0 ? undefined : this.#find(position)?.symbol.from;
  }

  /** The nearest character of the displayed line above or below. */
  #inNextLine(at: number, by: 1 | -1): number | undefined {
    const start = this.#find(at)!;
    const [rect] = this.#rectsOf(start.line, start.symbol);
    if (rect === undefined) return undefined;
    const center = (rect: DOMRect) => (rect.left + rect.right) / 2;
    let [top, best, nearest] = [NaN, Infinity, undefined as number | undefined];
    for (let { symbol } = start, steps = 0; steps < 1500; steps++) {
      const found = this.#find(by > 0 ? symbol.to : symbol.from - 1);
      if (found === undefined) break;
      symbol = found.symbol;
      const [place] = this.#rectsOf(found.line, symbol);
      if (place === undefined || Math.abs(place.top - rect.top) < rect.height / 2) continue;
      if (Number.isNaN(top)) top = place.top;
      if (Math.abs(place.top - top) > rect.height / 2) break;
      const distance = Math.abs(center(place) - center(rect));
      if (distance < best) [best, nearest] = [distance, symbol.from];
    }
    return nearest;
  }
}

const EDGES: readonly string[] = ["Home", "End"];

function firstOf(span: CharacterSpan | null): number | undefined {
  return span?.from;
}

/** The text node and offset at a point, in any browser. */
function caretAt(x: number, y: number): { node: Node; offset: number } | undefined {
  if (document.caretPositionFromPoint) {
    const caret = document.caretPositionFromPoint(x, y);
    return caret ? { node: caret.offsetNode, offset: caret.offset } : undefined;
  }
  const range = document.caretRangeFromPoint(x, y);
  return range ? { node: range.startContainer, offset: range.startOffset } : undefined;
}
