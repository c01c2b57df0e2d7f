/// <reference lib="dom" />
import type { ComponentChildren } from "preact";
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { formatLoss, formatShort } from "../format.ts";
import { type Line, type Reference, rowsOf, thin, valueAt } from "./chart_data.ts";
import { Plot } from "./plot.ts";

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
  readonly references?: readonly Reference[];
  /** What the references are together, for the legend. */
  readonly referencesLabel?: string;
  /** Where a vertical line is drawn. Default: none. */
  readonly mark?: number | null;
  readonly formatX?: (x: number) => string;
  readonly formatY?: (y: number) => string;
  /** Called with an x that was clicked. */
  readonly onSelect?: (x: number) => void;
  /** What is shown in place of a chart without lines. */
  readonly placeholder?: string;
  /** A table of the values. Default: one of the lines and references. */
  readonly table?: ComponentChildren;
}

/** Lines over one axis, with a legend that shows the values under the pointer, and a table. */
export function LineChart(props: LineChartProps) {
  const { label, xLabel, yLabel, lines, references = [], mark = null } = props;
  const { formatX = formatShort, formatY = formatLoss, placeholder } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const id = useId();
  const current = useRef(props);
  current.current = props;
  const isEmpty = placeholder !== undefined && lines.every(({ points }) => points.length === 0);

  useEffect(() => {
    if (isEmpty) return;
    const created = new Plot(box.current!, {
      ...{ xLabel, yLabel, formatX },
      onPoint: setPointed,
      onSelect: (x) => current.current.onSelect?.(x),
    });
    plot.current = created;
    return () => {
      created[Symbol.dispose]();
      plot.current = null;
    };
  }, [isEmpty, xLabel, yLabel, formatX]);
  const thinned = useMemo(
    () => lines.map((line) => ({ ...line, points: thin(line.points) })),
    [lines],
  );
  useEffect(() => plot.current?.show({ lines: thinned, references, mark }));

  const last = Math.max(...lines.map(({ points }) => points.at(-1)?.[0] ?? -Infinity));
  const x = pointed ?? (Number.isFinite(last) ? last : null);
  return (
    <figure class="line-chart" aria-labelledby={id}>
      <figcaption id={id} class="visually-hidden">{label}</figcaption>
      <ul class="legend" aria-hidden="true">
        {lines.map((line) => {
          const y = x === null ? null : valueAt(line, x);
          return (
            <li key={line.label}>
              <Swatch {...line} />
              {line.label} {y === null ? null : <output>{formatY(y)}</output>}
            </li>
          );
        })}
        {references.length > 0 && (
          <li>
            <Swatch color="--ink-soft" dash={[2, 4]} width={1} />
            {props.referencesLabel}
          </li>
        )}
        {x === null ? null : <li class="at">{xLabel} {formatX(x)}</li>}
      </ul>
      {isEmpty
        ? <div class="plot placeholder">{placeholder}</div>
        : <div ref={box} class="plot" aria-hidden="true" />}
      {props.table ?? (
        <ChartTable
          {...{ lines, references, xLabel, formatX, formatY }}
          caption={`${label}; ${yLabel}`}
        />
      )}
    </figure>
  );
}

function Swatch({ color, dash, width = 2 }: Pick<Line, "color" | "dash" | "width">) {
  return (
    <svg width="22" height="8" aria-hidden="true">
      <line
        {...{ x1: 0, y1: 4, x2: 22, y2: 4, stroke: `var(${color})` }}
        stroke-width={width}
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
