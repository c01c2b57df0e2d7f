/// <reference lib="dom" />
import uPlot from "uplot";
import { formatShort } from "../format.ts";
import type { LossPoint } from "../worker/client.ts";
import type { Baselines } from "../worker/protocol.ts";

/** What the chart shows. */
export interface LossChartData {
  /** The smoothed training loss. */
  readonly points: readonly LossPoint[];
  readonly validations: readonly LossPoint[];
  readonly baselines: Baselines | null;
  /** A step that is marked; `null` for none. */
  readonly markedStep: number | null;
}

/** What the chart reports. */
export interface LossChartOptions {
  /** Called with the step under the pointer; `null` when it leaves. */
  readonly onHover: (step: number | null) => void;
  /** Called with a step that was clicked. */
  readonly onSelect: (step: number) => void;
}

/** The shortest time between two drawings, in milliseconds. */
const DRAW_MS = 500;
/** Room of the labels of baselines at the right, in CSS pixels. */
const LABEL_WIDTH = 88;
const LABEL_HEIGHT = 14;
const FONT_SIZE = 12;

/** The losses of a training over its steps, drawn by uPlot, with baselines as labelled lines. */
export class LossChart implements Disposable {
  readonly #container: HTMLElement;
  readonly #options: LossChartOptions;
  readonly #resizes: ResizeObserver;
  readonly #scheme = matchMedia("(prefers-color-scheme: dark)");
  #plot: uPlot | null = null;
  #data: LossChartData = { points: [], validations: [], baselines: null, markedStep: null };
  #drawnAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(container: HTMLElement, options: LossChartOptions) {
    this.#container = container;
    this.#options = options;
    this.#resizes = new ResizeObserver(() => this.#plot?.setSize(this.#size()));
    this.#resizes.observe(container.parentElement!);
    this.#scheme.addEventListener("change", this.#recreate);
  }

  /** Shows data, at once or a little later if the chart was drawn just before. */
  show(data: LossChartData): void {
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
  }

  #draw(): void {
    this.#drawnAt = performance.now();
    if (this.#data.points.length < 2) {
      this.#plot?.destroy();
      this.#plot = null;
      return;
    }
    if (this.#plot === null) this.#plot = this.#create();
    else this.#plot.setData(this.#columns());
  }

  readonly #recreate = (): void => {
    this.#plot?.destroy();
    this.#plot = null;
    this.#draw();
  };

  #columns(): uPlot.AlignedData {
    const { points, validations } = this.#data;
    const column = (items: readonly LossPoint[]): uPlot.AlignedData => [
      items.map(({ step }) => step),
      items.map(({ loss }) => loss),
    ];
    if (validations.length === 0) {
      const [steps, losses] = column(points);
      return [steps, losses!, new Array(steps.length).fill(null)];
    }
    return uPlot.join([column(points), column(validations)]);
  }

  #size(): { width: number; height: number } {
    const { clientWidth, clientHeight } = this.#container.parentElement!;
    return { width: clientWidth, height: clientHeight };
  }

  #create(): uPlot {
    const style = getComputedStyle(this.#container);
    const probe = document.createElement("span");
    this.#container.append(probe);
    /** A colour as the canvas takes it: `light-dark()` is resolved by the style of an element. */
    const color = (name: string) => {
      probe.style.color = `var(${name})`;
      return getComputedStyle(probe).color;
    };
    const colors = {
      ink: color("--ink"),
      soft: color("--ink-soft"),
      faint: color("--ink-faint"),
      rule: color("--rule"),
      accent: color("--accent"),
      paper: color("--paper"),
    };
    probe.remove();
    const font = `${FONT_SIZE}px ${style.fontFamily}`;
    const axis = { stroke: colors.soft, font, grid: { show: false }, labelFont: font };
    const ticks = { stroke: colors.rule, width: 1, size: 4 };
    return new uPlot(
      {
        ...this.#size(),
        padding: [8, LABEL_WIDTH, 0, 0],
        legend: { show: false },
        cursor: {
          y: false,
          points: { size: 7 },
          drag: { x: false, y: false },
          bind: {
            click: (plot) => () => {
              const { left = -1 } = plot.cursor;
              if (left >= 0) this.#options.onSelect(plot.posToVal(left, "x"));
              return null;
            },
          },
        },
        scales: { x: { time: false }, y: { range: (_, min) => this.#rangeOf(min) } },
        axes: [
          {
            ...axis,
            ticks,
            size: 30,
            space: 60,
            values: (_, steps) => steps.map((step) => formatShort(step)),
          },
          {
            ...axis,
            ticks: { ...ticks, show: false },
            size: 34,
            space: 44,
            grid: { stroke: colors.rule, width: 1 },
            values: (_, losses) => losses.map((loss) => loss.toFixed(1)),
          },
        ],
        series: [
          {},
          { stroke: colors.faint, width: 1.5, points: { show: false }, spanGaps: true },
          {
            stroke: colors.accent,
            width: 2.5,
            spanGaps: true,
            points: { show: true, size: 6, fill: colors.accent, stroke: colors.accent },
          },
        ],
        hooks: {
          draw: [(plot) => this.#drawBaselines(plot, { ...colors, font: style.fontFamily })],
          setCursor: [(plot) => {
            const { left = -1 } = plot.cursor;
            this.#options.onHover(left < 0 ? null : plot.posToVal(left, "x"));
          }],
        },
      },
      this.#columns(),
      this.#container,
    );
  }

  /** From below the lowest loss to above the uniform baseline. */
  #rangeOf(min: number | null): [number, number] {
    const { points, baselines } = this.#data;
    const top = Math.max(points[0]?.loss ?? 1, baselines?.uniform ?? 0);
    return [Math.max(0, (min ?? 0) - 0.15), top * 1.03];
  }

  #drawBaselines(
    plot: uPlot,
    { soft, accent, font }: {
      readonly soft: string;
      readonly accent: string;
      readonly font: string;
    },
  ): void {
    const { ctx } = plot;
    const { left, top, width, height } = plot.bbox;
    const { baselines, markedStep } = this.#data;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.lineWidth = ratio;
    if (markedStep !== null) {
      const x = Math.round(plot.valToPos(markedStep, "x", true));
      ctx.strokeStyle = accent;
      line(ctx, [x, top], [x, top + height]);
    }
    if (baselines !== null) {
      ctx.strokeStyle = soft;
      ctx.fillStyle = soft;
      ctx.font = `${FONT_SIZE * ratio}px ${font}`;
      ctx.textAlign = "left";
      ctx.textBaseline = "middle";
      ctx.setLineDash([2 * ratio, 4 * ratio]);
      let labelBottom = -Infinity;
      const named = (["uniform", "unigram", "bigram", "gzip"] as const)
        .map((name) => ({ name, loss: baselines[name] }))
        .toSorted((a, b) => b.loss - a.loss);
      for (const { name, loss } of named) {
        const y = plot.valToPos(loss, "y", true);
        if (y < top || y > top + height) continue;
        line(ctx, [left, y], [left + width, y]);
        const label = Math.max(y, labelBottom + LABEL_HEIGHT * ratio);
        labelBottom = label;
        ctx.fillText(`${name} ${loss.toFixed(2)}`, left + width + 6 * ratio, label);
      }
    }
    ctx.restore();
  }
}

function line(
  ctx: CanvasRenderingContext2D,
  [x1, y1]: readonly [number, number],
  [x2, y2]: readonly [number, number],
): void {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}
