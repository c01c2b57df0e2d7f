/// <reference lib="dom" />
import { useSignal } from "@preact/signals";
import type { Cell } from "../../src/mod.ts";
import { colorOf, type Line } from "../charts/chart_data.ts";
import { LineChart } from "../charts/line_chart.tsx";
import {
  type Candidate,
  candidates,
  type Contestant,
  contestants,
  contestPhase,
  MAX_CANDIDATES,
  minutes,
  pauseContest,
  resetContest,
  resumeContest,
  startContest,
  takeModel,
} from "../files/contest.ts";
import { formatCount, formatLoss, formatRate, formatShort, formatTime } from "../format.ts";
import { withLabels } from "../settings.ts";
import { text } from "../state.ts";
import { Panel } from "./panel.tsx";
import { SampleText } from "./samples.tsx";

const cells: readonly Cell[] = ["rnn", "gru", "lstm"];
const times = [0.25, 0.5, 1, 2, 5, 15];

/** Trains two or three configurations side by side. */
export function ComparePanel() {
  const all = contestants.value;
  return (
    <Panel
      id="compare"
      title="Compare"
      lead="Trains two or three models side by side on the text above: they start together, with one thread each and the same time, while the training above pauses."
      computedBy={["src/train/trainer.ts"]}
    >
      <Candidates />
      <Controls />
      {all.length > 0 && <Results all={all} />}
    </Panel>
  );
}

/** What is compared. */
function Candidates() {
  const isIdle = contestPhase.value === "idle";
  const change = (i: number, changes: Partial<Candidate>) => {
    candidates.value = candidates.value.map((old, j) => i === j ? { ...old, ...changes } : old);
  };
  const remove = (i: number) => candidates.value = candidates.value.filter((_, j) => j !== i);
  return (
    <fieldset class="candidates-compared" disabled={!isIdle}>
      <legend class="visually-hidden">Models to compare</legend>
      {candidates.value.map((candidate, i) => (
        <fieldset key={i} class="row">
          <legend class="visually-hidden">Model {i + 1}</legend>
          <Key color={i} />
          <label>
            <span class="visually-hidden">cell</span>
            <select
              value={candidate.cell}
              onChange={(event) => change(i, { cell: event.currentTarget.value as Cell })}
            >
              {cells.map((cell) => <option key={cell} value={cell}>{cell}</option>)}
            </select>
          </label>
          <NumberField
            label="layers"
            value={candidate.layers}
            set={(layers) => change(i, { layers })}
          />
          <NumberField
            label="hidden units"
            value={candidate.hidden}
            set={(hidden) => change(i, { hidden })}
          />
          <NumberField label="learning rate" value={candidate.lr} set={(lr) => change(i, { lr })} />
          {candidates.value.length > 2 && (
            <button
              type="button"
              class="link remove"
              onClick={() => remove(i)}
            >
              Remove<span class="visually-hidden">model {i + 1}</span>
            </button>
          )}
        </fieldset>
      ))}
      {candidates.value.length < MAX_CANDIDATES && (
        <button
          type="button"
          class="link"
          onClick={() => candidates.value = [...candidates.value, candidates.value.at(-1)!]}
        >
          Add a model
        </button>
      )}
    </fieldset>
  );
}

/** A number, or what is picked for the text. */
function NumberField({ label, value, set }: {
  readonly label: string;
  readonly value: number | null;
  readonly set: (value: number | null) => void;
}) {
  return (
    <label class="number-field">
      <input
        type="text"
        inputMode="decimal"
        size={6}
        placeholder="auto"
        value={value ?? ""}
        onChange={(event) => {
          const { value } = event.currentTarget;
          set(value.trim() === "" ? null : Number(value));
        }}
      />{" "}
      {label}
    </label>
  );
}

function Controls() {
  const phase = contestPhase.value;
  return (
    <div class="row">
      {phase === "idle"
        ? (
          <button
            type="button"
            class="primary"
            disabled={text.value === null}
            onClick={startContest}
          >
            Compare
          </button>
        )
        : phase === "training"
        ? <button type="button" class="primary" onClick={pauseContest}>Pause all</button>
        : (
          <button
            type="button"
            class="primary"
            disabled={phase === "finished"}
            onClick={resumeContest}
          >
            Resume all
          </button>
        )}
      <button type="button" disabled={phase === "idle"} onClick={resetContest}>Start over</button>
      <label>
        for{" "}
        <select
          disabled={phase !== "idle"}
          value={minutes.value}
          onChange={(event) => minutes.value = Number(event.currentTarget.value)}
        >
          {times.map((time) => (
            <option key={time} value={time}>
              {time < 1 ? `${60 * time} seconds` : time === 1 ? "1 minute" : `${time} minutes`}
            </option>
          ))}
        </select>{" "}
        each
      </label>
    </div>
  );
}

function nameOf({ candidate, client }: Contestant): string {
  const { layers, hidden } = client.config ?? candidate;
  return hidden === null ? candidate.cell : `${candidate.cell} ${layers ?? 1}×${hidden}`;
}

function Results({ all }: { readonly all: readonly Contestant[] }) {
  const isValidation = useSignal(false);
  const names = all.map(nameOf);
  const lines = all.map((contestant, i): Line => ({
    // Two of the same kind differ in their numbers.
    label: names.indexOf(names[i]!) === names.lastIndexOf(names[i]!)
      ? names[i]!
      : `${i + 1}: ${names[i]}`,
    color: colorOf(i),
    points: (isValidation.value ? contestant.validation : contestant.training).value,
  }));
  return (
    <div class="comparison">
      <label>
        Loss of the{" "}
        <select
          value={isValidation.value ? "validation" : "training"}
          onChange={(event) => isValidation.value = event.currentTarget.value === "validation"}
        >
          <option value="training">training part</option>
          <option value="validation">validation part</option>
        </select>
      </label>
      <LineChart
        label="Losses over the time of training"
        xLabel="time"
        yLabel="nats per character"
        lines={lines}
        formatX={formatTime}
      />
      <div class="contestants" style={`--count: ${all.length}`}>
        {all.map((contestant, i) => (
          <ContestantView key={i} {...{ contestant, color: i, name: lines[i]!.label }} />
        ))}
      </div>
    </div>
  );
}

function ContestantView({ contestant, color, name }: {
  readonly contestant: Contestant;
  readonly color: number;
  readonly name: string;
}) {
  const { client, validation } = contestant;
  const status = client.status.value;
  const prepared = client.prepared.value;
  const lowest = validation.value.reduce((min, [, loss]) => Math.min(min, loss!), Infinity);
  const sample = client.samples.value.at(-1);
  const model = client.model.value;
  const error = client.error.value;
  const figures: [name: string, value: string][] = [
    ["Training loss", status === null ? "–" : `${formatLoss(status.loss)} nats`],
    ["Best validation", Number.isFinite(lowest) ? `${formatLoss(lowest)} nats` : "–"],
    ["Speed", status === null ? "–" : `${formatRate(status.charsPerSecond)} characters/s`],
    ["Steps", status === null ? "–" : formatCount(status.step)],
    ["Weights", prepared === null ? "–" : formatShort(prepared.parameterCount)],
  ];
  return (
    <section aria-label={name}>
      <h3>
        <Key color={color} /> {name}
      </h3>
      <dl>
        {figures.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {error !== null && <p class="error" role="alert">{withLabels(error.message)}</p>}
      <pre class="sample" dir="auto" tabIndex={0} aria-label={`Sample of ${name}`}>
        {sample !== undefined && <SampleText sample={sample} />}
      </pre>
      <button
        type="button"
        disabled={model === null}
        onClick={() => {
          if (model === null) return;
          takeModel({ ...model, name });
          document.getElementById("write")?.scrollIntoView();
        }}
      >
        Write with it
      </button>
    </section>
  );
}

function Key({ color }: { readonly color: number }) {
  return <span class="line-key" style={`--key: var(${colorOf(color)})`} aria-hidden="true" />;
}
