/// <reference lib="dom" />
import uPlot from "uplot";
import { align, type Line, type Reference, TICK_DISTANCES } from "./chart_data.ts";

/** What a plot draws. */
export interface PlotData {
  readonly lines: readonly Line[];
  /** Lines at constant heights. */
  readonly references: readonly Reference[];
  /** Where a vertical line is drawn; `null` for none. */
  readonly mark: number | null;
}

/** Names of the axes, and what the plot reports. */
export interface PlotOptions {
  readonly xLabel: string;
  readonly yLabel: string;
  readonly formatX: (x: number) => string;
  /** Called with the x of the point under the pointer; `null` when it leaves. */
  readonly onPoint: (x: number | null) => void;
  /** Called with the x that was clicked. */
  readonly onSelect: (x: number) => void;
}

/** The shortest time between two drawings, in milliseconds. */
const DRAW_MS = 400;
/** Room of the labels of references at the right, in CSS pixels. */
const LABEL_WIDTH = 88;
const LABEL_HEIGHT = 14;
const FONT_SIZE = 12;

/** Colors as a canvas takes them. */
interface Colors {
  readonly soft: string;
  readonly rule: string;
  readonly accent: string;
  readonly lines: readonly string[];
}

/** Lines over one axis on a canvas, drawn by uPlot in the size of their container. */
export class Plot implements Disposable {
  readonly #container: HTMLElement;
  readonly #options: PlotOptions;
  readonly #resizes: ResizeObserver;
  readonly #scheme = matchMedia("(prefers-color-scheme: dark)");
  #data: PlotData = { lines: [], references: [], mark: null };
  #plot: uPlot | null = null;
  /** What cannot be changed in a plot that exists. */
  #style = "";
  #drawnAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(container: HTMLElement, options: PlotOptions) {
    this.#container = container;
    this.#options = options;
    this.#resizes = new ResizeObserver(() => {
      const size = this.#size();
      const { width, height } = this.#plot ?? size;
      if (width !== size.width || height !== size.height) this.#plot?.setSize(size);
    });
    this.#resizes.observe(container);
    this.#scheme.addEventListener("change", this.#recreate);
  }

  /** Shows data, at once or a little later if the plot was drawn just before. */
  show(data: PlotData): void {
    this.#data = data;
    clearTimeout(this.#timer);
    const wait = this.#drawnAt + DRAW_MS - performance.now();
    if (wait > 0) this.#timer = setTimeout(() => this.#draw(), wait);
    else this.#draw();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#resizes.disconnect();
    this.#scheme.removeEventListener("change", this.#recreate);
    this.#plot?.destroy();
    this.#plot = null;
  }

  #draw(): void {
    this.#drawnAt = performance.now();
    const { lines, references } = this.#data;
    const styles = lines.map(({ points, ...style }) => [style, points.length === 1]);
    const style = JSON.stringify([styles, references.length > 0]);
    if (this.#plot !== null && style === this.#style) {
      return this.#plot.setData(align(lines) as uPlot.AlignedData);
    }
    this.#style = style;
    this.#plot?.destroy();
    this.#plot = this.#create();
  }

  readonly #recreate = (): void => {
    this.#style = "";
    this.#draw();
  };

  #size(): { readonly width: number; readonly height: number } {
    const { clientWidth, clientHeight } = this.#container;
    return { width: Math.max(clientWidth, 200), height: Math.max(clientHeight, 100) };
  }

  #colors(): Colors {
    const probe = document.createElement("span");
    this.#container.append(probe);
    /** `light-dark()` is resolved by the style of an element. */
    const color = (name: string) => {
      probe.style.color = `var(${name})`;
      return getComputedStyle(probe).color;
    };
    const colors = {
      soft: color("--ink-soft"),
      rule: color("--rule"),
      accent: color("--accent"),
      lines: this.#data.lines.map((line) => color(line.color)),
    };
    probe.remove();
    return colors;
  }

  #create(): uPlot {
    const { lines, references } = this.#data;
    const { xLabel, yLabel, formatX, onPoint, onSelect } = this.#options;
    const { fontFamily } = getComputedStyle(this.#container);
    const colors = this.#colors();
    const font = `${FONT_SIZE}px ${fontFamily}`;
    const axis = {
      ...{ font, labelFont: font, labelSize: 20, labelGap: 2, gap: 4 },
      stroke: colors.soft,
      ticks: { show: false },
    };
    return new uPlot(
      {
        ...this.#size(),
        padding: [8, references.length > 0 ? LABEL_WIDTH : 20, 0, 0],
        legend: { show: false },
        cursor: {
          y: false,
          drag: { x: false, y: false },
          points: { size: 7 },
        },
        scales: {
          x: { time: false },
          y: { range: (_, min, max) => this.#rangeOf(min, max) },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            label: xLabel,
            values: (_, xs) => xs.map(formatX),
            incrs: [...TICK_DISTANCES],
            size: 28,
            space: 60,
          },
          {
            ...axis,
            grid: { stroke: colors.rule, width: 1 },
            label: yLabel,
            values: (_, ys, __, ___, step) => ys.map((y) => y.toFixed(decimalsOf(step))),
            size: 42,
            space: 44,
          },
        ],
        series: [
          {},
          ...lines.map(({ points, dash, width = 2, hasDots = points.length === 1 }, i) => ({
            stroke: colors.lines[i]!,
            width,
            ...dash === undefined ? {} : { dash: [...dash] },
            spanGaps: true,
            points: { show: hasDots, size: 6, fill: colors.lines[i]!, stroke: colors.lines[i]! },
          })),
        ],
        hooks: {
          init: [(plot) => {
            plot.over.addEventListener("click", ({ offsetX }) => {
              onSelect(plot.posToVal(offsetX, "x"));
            });
          }],
          draw: [(plot) => this.#annotate(plot, { ...colors, fontFamily })],
          setCursor: [(plot) => {
            const { left = -1 } = plot.cursor;
            onPoint(left < 0 ? null : plot.posToVal(left, "x"));
          }],
        },
      },
      align(lines) as uPlot.AlignedData,
      this.#container,
    );
  }

  /** From below the lowest line or reference to above the highest. */
  #rangeOf(min: number | null, max: number | null): [number, number] {
    const ys = [min, max, ...this.#data.references.map(({ y }) => y)]
      .filter((y) => y !== null && Number.isFinite(y)) as number[];
    if (ys.length === 0) return [0, 1];
    const [lowest, highest] = [Math.min(...ys), Math.max(...ys)];
    const pad = highest > lowest ? 0.05 * (highest - lowest) : 0.1;
    return [Math.max(0, lowest - pad), highest + pad];
  }

  /** Draws the mark, and each reference with its name in the margin, below those that are higher. */
  #annotate(
    plot: uPlot,
    { soft, accent, fontFamily }: Colors & { readonly fontFamily: string },
  ): void {
    const { ctx, bbox: { left, top, width, height } } = plot;
    const { references, mark } = this.#data;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.lineWidth = ratio;
    if (mark !== null) {
      const x = Math.round(plot.valToPos(mark, "x", true));
      ctx.strokeStyle = accent;
      drawLine(ctx, [x, top], [x, top + height]);
    }
    ctx.strokeStyle = soft;
    ctx.fillStyle = soft;
    ctx.font = `${FONT_SIZE * ratio}px ${fontFamily}`;
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.setLineDash([2 * ratio, 4 * ratio]);
    let labelBottom = -Infinity;
    for (const { label, y: value } of references.toSorted((a, b) => b.y - a.y)) {
      const y = plot.valToPos(value, "y", true);
      drawLine(ctx, [left, y], [left + width, y]);
      labelBottom = Math.max(y, labelBottom + LABEL_HEIGHT * ratio);
      ctx.fillText(`${label} ${value.toFixed(2)}`, left + width + 6 * ratio, labelBottom);
    }
    ctx.restore();
  }
}

/** Decimals of ticks at a distance, the same for all. */
function decimalsOf(distance: number): number {
  return Math.max(1, (`${distance}`.split(".")[1] ?? "").length);
}

function drawLine(
  ctx: CanvasRenderingContext2D,
  [x1, y1]: readonly [number, number],
  [x2, y2]: readonly [number, number],
): void {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}
