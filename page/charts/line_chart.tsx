/// <reference lib="dom" />
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { formatLoss, formatShort } from "../format.ts";
import { align, type Line, rowsOf, thin, valueAt } from "./chart_data.ts";

/** What {@linkcode LineChart} draws. */
export interface LineChartProps {
  /** What the chart shows, for those who cannot see it. */
  readonly label: string;
  /** The name of the horizontal axis, with its unit. */
  readonly xLabel: string;
  /** The name of the vertical axis, with its unit. */
  readonly yLabel: string;
  readonly lines: readonly Line[];
  /** Lines at constant heights, such as baselines. */
  readonly references?: readonly { readonly label: string; readonly y: number }[];
  readonly formatX?: (x: number) => string;
  readonly formatY?: (y: number) => string;
  /** Called with the x under the pointer, and `null` when it leaves. */
  readonly onPoint?: (x: number | null) => void;
  /** Height in pixels. Default: 260. */
  readonly height?: number;
}

/** The shortest time between two drawings, in milliseconds. */
const DRAW_MS = 300;

/** Lines over one axis, with a legend that shows the values under the pointer, and a table. */
export function LineChart(
  {
    label,
    xLabel,
    yLabel,
    lines,
    references = [],
    formatX = formatShort,
    formatY = formatLoss,
    onPoint,
    height = 260,
  }: LineChartProps,
) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const drawnAt = useRef(-Infinity);
  const [pointed, setPointed] = useState<number | null>(null);
  const id = useId();
  const thinned = useMemo(() => lines.map((line) => ({ ...line, points: thin(line.points) })), [
    lines,
  ]);
  const formats = useRef({ formatX, formatY, onPoint });
  formats.current = { formatX, formatY, onPoint };

  // Colors and dashes belong to the plot; a change of them makes another one.
  const key = JSON.stringify([
    lines.map(({ label, color, dash }) => [label, color, dash]),
    references,
    xLabel,
    yLabel,
    height,
  ]);
  useEffect(() => {
    const create = () => {
      plot.current?.destroy();
      plot.current = createPlot(box.current!, {
        ...{ lines: thinned, references, xLabel, yLabel, height },
        formatX: (x) => formats.current.formatX(x),
        formatY: (y) => formats.current.formatY(y),
        onPoint: (x) => {
          setPointed(x);
          formats.current.onPoint?.(x);
        },
      });
    };
    create();
    const observer = new ResizeObserver(() => {
      const width = box.current?.clientWidth ?? 0;
      if (width > 0 && plot.current?.width !== width) plot.current?.setSize({ width, height });
    });
    observer.observe(box.current!);
    // Its colors are those of the style sheet at the time.
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", create);
    return () => {
      scheme.removeEventListener("change", create);
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [key]);

  useEffect(() => {
    const draw = () => {
      drawnAt.current = performance.now();
      plot.current?.setData(dataOf(thinned, references) as uPlot.AlignedData);
    };
    const wait = drawnAt.current + DRAW_MS - performance.now();
    const timer = setTimeout(draw, Math.max(0, wait));
    return () => clearTimeout(timer);
  }, [thinned, references]);

  const last = Math.max(...lines.map(({ points }) => points.at(-1)?.[0] ?? -Infinity));
  const x = pointed ?? (Number.isFinite(last) ? last : null);
  return (
    <figure class="line-chart" aria-labelledby={id}>
      <figcaption id={id} class="visually-hidden">{label}</figcaption>
      <div ref={box} class="plot" style={{ minHeight: `${height}px` }} aria-hidden="true" />
      <ul class="legend" aria-hidden="true">
        {lines.map((line) => {
          const y = x === null ? null : valueAt(line, x);
          return (
            <li key={line.label}>
              <Swatch line={line} />
              {line.label} {y === null ? null : <output>{formatY(y)}</output>}
            </li>
          );
        })}
        {x === null ? null : <li class="at">{xLabel}: {formatX(x)}</li>}
      </ul>
      <ChartTable
        {...{ lines, references, xLabel, formatX, formatY }}
        caption={`${label}; ${yLabel}`}
      />
    </figure>
  );
}

function Swatch({ line: { color, dash } }: { readonly line: Line }) {
  return (
    <svg width="22" height="8" aria-hidden="true">
      <line
        x1="0"
        y1="4"
        x2="22"
        y2="4"
        stroke={`var(--line-${color})`}
        stroke-width="2.5"
        stroke-dasharray={dash?.join(" ")}
      />
    </svg>
  );
}

type TableProps =
  & Pick<LineChartProps, "lines" | "xLabel">
  & Required<Pick<LineChartProps, "references" | "formatX" | "formatY">>
  & { readonly caption: string };

function ChartTable({ lines, references, xLabel, formatX, formatY, caption }: TableProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}
    >
      <summary>As a table</summary>
      {isOpen && (
        <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
          <table>
            <caption class="visually-hidden">{caption}</caption>
            <thead>
              <tr>
                <th scope="col">{xLabel}</th>
                {[...lines, ...references].map(({ label }) => (
                  <th scope="col" key={label}>{label}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rowsOf(lines).map(({ x, values }) => (
                <tr key={x}>
                  <th scope="row">{formatX(x)}</th>
                  {[...values, ...references.map(({ y }) => y)].map((y, i) => (
                    <td key={i}>{y === null ? "–" : formatY(y)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

/** What {@linkcode createPlot} needs. */
interface PlotOptions extends
  Required<
    Pick<
      LineChartProps,
      "lines" | "references" | "xLabel" | "yLabel" | "formatX" | "formatY" | "height"
    >
  > {
  readonly onPoint: (x: number | null) => void;
}

function dataOf(
  lines: readonly Line[],
  references: readonly { readonly y: number }[],
): (number | null | undefined)[][] {
  const data = align(lines);
  // A reference goes from the first point to the last.
  const constant = ({ y }: { readonly y: number }) =>
    data[0].map((_, i) => i === 0 || i === data[0].length - 1 ? y : undefined);
  return [...data, ...references.map(constant)];
}

function createPlot(
  box: HTMLElement,
  { lines, references, xLabel, yLabel, formatX, formatY, height, onPoint }: PlotOptions,
): uPlot {
  const style = getComputedStyle(box);
  const probe = document.createElement("span");
  box.append(probe);
  /** A color as the canvas takes it: `light-dark()` is resolved by the style of an element. */
  const color = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const soft = color("--ink-soft");
  const faint = color("--ink-faint");
  const font = `12px ${style.fontFamily}`;
  const axis = {
    ...{ font, labelFont: font, labelSize: 20, labelGap: 2, gap: 4 },
    stroke: soft,
    grid: { stroke: color("--rule"), width: 1 },
    ticks: { show: false },
  };
  const lowest = (min: number | null, max: number | null): [number, number] => {
    if (min === null || max === null || !Number.isFinite(min)) return [0, 1];
    const pad = max > min ? 0.05 * (max - min) : 0.1;
    return [Math.max(0, min - pad), max + pad];
  };
  const strokes = lines.map((line) => color(`--line-${line.color}`));
  probe.remove();
  return new uPlot(
    {
      ...{ width: Math.max(box.clientWidth, 200), height },
      padding: [8, 20, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { time: false },
        y: { range: (_plot, min, max) => lowest(min, max) },
      },
      axes: [
        { ...axis, label: xLabel, values: (_plot, xs) => xs.map(formatX), size: 28 },
        {
          ...axis,
          label: yLabel,
          values: (_plot, ys) => ys.map((y) => `${Number(y.toPrecision(6))}`),
          size: 42,
        },
      ],
      series: [
        { label: xLabel, value: (_plot, x) => x === null ? "" : formatX(x) },
        ...lines.map((line, i): uPlot.Series => ({
          label: line.label,
          stroke: strokes[i]!,
          width: 2,
          ...line.dash === undefined ? {} : { dash: [...line.dash] },
          spanGaps: true,
          points: { show: line.points.length === 1, size: 6 },
          value: (_plot, y) => y === null ? "" : formatY(y),
        })),
        ...references.map(({ label }): uPlot.Series => ({
          label,
          stroke: faint,
          width: 1,
          dash: [2, 4],
          spanGaps: true,
          points: { show: false },
        })),
      ],
      hooks: {
        setCursor: [(plot) => {
          const { idx } = plot.cursor;
          const x = idx === null || idx === undefined ? null : plot.data[0][idx] ?? null;
          onPoint(x);
        }],
        // The name of a reference stands on its line.
        draw: [(plot) => {
          const { ctx, bbox } = plot;
          const ratio = devicePixelRatio;
          ctx.save();
          ctx.font = `${11 * ratio}px ${style.fontFamily}`;
          ctx.fillStyle = soft;
          ctx.textAlign = "right";
          for (const { label, y } of references) {
            const top = plot.valToPos(y, "y", true);
            if (top < bbox.top || top > bbox.top + bbox.height) continue;
            ctx.fillText(label, bbox.left + bbox.width - 4 * ratio, top - 3 * ratio);
          }
          ctx.restore();
        }],
      },
    },
    dataOf(lines, references) as uPlot.AlignedData,
    box,
  );
}
