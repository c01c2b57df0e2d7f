/// <reference lib="dom" />
import { useComputed, useSignal } from "@preact/signals";
import type { Point } from "../charts/chart_data.ts";
import { LineChart } from "../charts/line_chart.tsx";
import { formatCount, formatDuration, formatLoss, formatRate, formatShort } from "../format.ts";
import { client, isFollowing, shownSample } from "../state.ts";
import { Panel } from "./panel.tsx";

/** Rows of the table that are shown at once: more would take longer to lay out than a frame. */
const ROWS = 100;

/** The baselines that are drawn. */
const names = ["uniform", "unigram", "bigram", "gzip"] as const;

/** Draws the training and validation loss beside the baselines. */
export function CurvesPanel() {
  const lines = useComputed(() => [
    {
      label: "training",
      color: "--ink-faint",
      width: 1.5,
      points: client.points.value.map(({ step, loss }): Point => [step, loss]),
    },
    {
      label: "validation",
      color: "--accent",
      width: 2.5,
      hasDots: true,
      points: client.metrics.value.flatMap(({ step, validationLoss }): Point[] =>
        validationLoss === null ? [] : [[step, validationLoss]]
      ),
    },
  ]).value;
  const references = useComputed(() => {
    const baselines = client.baselines.value;
    return baselines === null ? [] : names.map((label) => ({ label, y: baselines[label] }));
  }).value;
  const shown = shownSample.value;
  return (
    <Panel
      id="curves"
      title="What it learns"
      lead={`The loss is how surprised the model is by the next character, in nats${
        isFollowing
          ? "; that of the validation part is measured on text it has not seen."
          : ": below every dashed line, it knows more about the text than that simple predictor."
      }`}
      computedBy={["src/train/trainer.ts", "src/evaluate/part_baselines.ts"]}
    >
      <LineChart
        label={`Chart of the losses. ${describe()} A table of the values follows.`}
        xLabel="step"
        yLabel="nats per character"
        {...{ lines, references }}
        formatX={formatStep}
        referencesLabel="baselines"
        mark={shown === null ? null : client.samples.value[shown]?.step ?? null}
        onSelect={selectSample}
        placeholder="The curves begin with the training."
        table={<LossTable />}
      />
    </Panel>
  );
}

function formatStep(step: number): string {
  return step < 100_000 ? formatCount(step) : formatShort(step);
}

/** Shows the sample that is nearest to a step. */
function selectSample(step: number): void {
  const distances = client.samples.value.map((sample) => Math.abs(sample.step - step));
  const nearest = distances.indexOf(Math.min(...distances));
  if (nearest >= 0) shownSample.value = nearest === distances.length - 1 ? null : nearest;
}

/** The chart in a sentence. */
function describe(): string {
  const point = client.points.value.at(-1);
  if (point === undefined) return "Nothing has been trained.";
  const { validationLoss = null } =
    client.metrics.value.findLast(({ validationLoss }) => validationLoss !== null) ?? {};
  const held = validationLoss === null ? "" : `, the validation loss ${formatLoss(validationLoss)}`;
  const baselines = client.baselines.value;
  const others = baselines === null
    ? ""
    : ` Baselines: ${names.map((name) => `${name} ${formatLoss(baselines[name])}`).join(", ")}.`;
  return `At step ${formatCount(point.step)} the training loss is ${
    formatLoss(point.loss)
  } nats${held}.${others}`;
}

function LossTable() {
  const isOpen = useSignal(false);
  /** Rows after those that are shown. */
  const later = useSignal(0);
  const metrics = isOpen.value ? client.metrics.value : [];
  const end = Math.max(Math.min(ROWS, metrics.length), metrics.length - later.value);
  const start = Math.max(0, end - ROWS);
  const rows = metrics.slice(start, end).toReversed();
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
                <td>{formatRate(row.charsPerSecond)}</td>
                <td>{formatDuration(row.elapsedSeconds)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {metrics.length > ROWS && (
        <p class="row">
          <button
            type="button"
            disabled={start === 0}
            onClick={() => later.value = metrics.length - start}
          >
            Earlier rows
          </button>
          <button
            type="button"
            disabled={end === metrics.length}
            onClick={() => later.value = Math.max(0, metrics.length - end - ROWS)}
          >
            Later rows
          </button>
          <span class="small soft">
            {formatCount(start + 1)} to {formatCount(end)} of {formatCount(metrics.length)}
          </span>
        </p>
      )}
    </details>
  );
}
