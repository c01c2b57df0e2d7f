/// <reference lib="dom" />
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { formatCount, formatDuration, formatLoss, formatShort } from "../format.ts";
import { client, shownSample } from "../state.ts";
import { LossChart, type LossChartData } from "./loss_chart.ts";
import { Panel } from "./panel.tsx";

/** Rows of the table. */
const MAX_ROWS = 500;

/** Draws the training and validation loss beside the baselines. */
export function CurvesPanel() {
  const container = useRef<HTMLDivElement>(null);
  const chart = useRef<LossChart | null>(null);
  const hovered = useSignal<number | null>(null);
  const isEmpty = useComputed(() => client.points.value.length < 2);

  useEffect(() => {
    const created = new LossChart(container.current!, {
      onHover: (step) => hovered.value = step,
      onSelect: selectSample,
    });
    chart.current = created;
    return () => created[Symbol.dispose]();
  }, []);
  useSignalEffect(() => {
    const data = chartData();
    // Drawn after the components, so that the chart exists.
    requestAnimationFrame(() => chart.current?.show(data));
  });

  return (
    <Panel
      id="curves"
      title="What it learns"
      lead="The loss is how surprised the model is by the next character, in nats: below every dashed line, it knows more about the text than that simple predictor."
      computedBy={["src/train/trainer.ts", "src/evaluate/part_baselines.ts"]}
    >
      <Legend hovered={hovered.value} />
      <div class="loss-chart">
        <div
          ref={container}
          role="img"
          aria-label={`Chart of the losses. ${describe()} A table of all values follows.`}
        />
        {isEmpty.value && <div class="placeholder">The curves begin with the training.</div>}
      </div>
      <LossTable />
    </Panel>
  );
}

function chartData(): LossChartData {
  const samples = client.samples.value;
  const shown = shownSample.value;
  return {
    points: client.points.value,
    validations: client.metrics.value.flatMap(({ step, validationLoss }) =>
      validationLoss === null ? [] : [{ step, loss: validationLoss }]
    ),
    baselines: client.baselines.value,
    markedStep: shown === null ? null : samples[shown]?.step ?? null,
  };
}

/** Shows the sample that is nearest to a step. */
function selectSample(step: number): void {
  const distances = client.samples.value.map((sample) => Math.abs(sample.step - step));
  const nearest = distances.indexOf(Math.min(...distances));
  if (nearest >= 0) shownSample.value = nearest === distances.length - 1 ? null : nearest;
}

/** The losses at a step; `null` for the latest. */
function lossesAt(step: number | null) {
  const before = <T extends { readonly step: number }>(items: readonly T[]) =>
    step === null ? items.at(-1) : items.findLast((item) => item.step <= step) ?? items[0];
  const validated = client.metrics.value.filter(({ validationLoss }) => validationLoss !== null);
  const point = before(client.points.value);
  return { point, validation: before(validated)?.validationLoss ?? null };
}

function Legend({ hovered }: { readonly hovered: number | null }) {
  const { point, validation } = lossesAt(hovered);
  return (
    <div class="legend">
      <span>
        <span class="key" />
        training {point && formatLoss(point.loss)}
      </span>
      <span class="validation">
        <span class="key" />
        validation {validation === null ? "" : formatLoss(validation)}
      </span>
      <span class="baseline">
        <span class="key" />
        baselines
      </span>
      <span class="soft">{point && `step ${formatCount(point.step)}`}</span>
    </div>
  );
}

/** The chart in a sentence. */
function describe(): string {
  const { point, validation } = lossesAt(null);
  if (point === undefined) return "Nothing has been trained.";
  const held = validation === null ? "" : `, the validation loss ${formatLoss(validation)}`;
  const baselines = client.baselines.value;
  const others = baselines === null
    ? ""
    : ` Baselines: ${
      (["uniform", "unigram", "bigram", "gzip"] as const)
        .map((name) => `${name} ${formatLoss(baselines[name])}`).join(", ")
    }.`;
  return `At step ${formatCount(point.step)} the training loss is ${
    formatLoss(point.loss)
  } nats${held}.${others}`;
}

function LossTable() {
  const isOpen = useSignal(false);
  const rows = isOpen.value ? client.metrics.value.slice(-MAX_ROWS).toReversed() : [];
  return (
    <details
      class="loss-table"
      onToggle={(event) => isOpen.value = (event.currentTarget as HTMLDetailsElement).open}
    >
      <summary>Table of the losses</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label="Table of the losses">
        <table>
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col">Epoch</th>
              <th scope="col">Training, nats</th>
              <th scope="col">Validation, nats</th>
              <th scope="col">Characters/s</th>
              <th scope="col">Time</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.step}>
                <td>{formatCount(row.step)}</td>
                <td>{row.epoch.toFixed(2)}</td>
                <td>{formatLoss(row.loss)}</td>
                <td>{row.validationLoss === null ? "" : formatLoss(row.validationLoss)}</td>
                <td>{formatShort(row.charsPerSecond)}</td>
                <td>{formatDuration(row.elapsedSeconds)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
