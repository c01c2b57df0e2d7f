/// <reference lib="dom" />
import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { colorOf, type Line, type Point, type Reference } from "../charts/chart_data.ts";
import { LineChart } from "../charts/line_chart.tsx";
import {
  type FollowedRun,
  isConnected,
  modelError,
  runs,
  selected,
  startFollowing,
  which,
} from "../files/follow_runs.ts";
import {
  formatCount,
  formatDuration,
  formatLoss,
  formatRate,
  formatShort,
  formatTime,
} from "../format.ts";
import { isFollowing } from "../state.ts";
import { Panel } from "./panel.tsx";

/** Colors of runs; more runs than these share them, with other dashes. */
const COLORS = 5;

/** Shows the runs of the command line that the page's server follows. */
export function FollowPanel() {
  return isFollowing ? <Following /> : null;
}

/** What the head of the page says of runs. */
const HEAD = {
  title: "Watch a run learn",
  lead:
    "A run of the command line reads a text character by character and learns to guess the next one. See what it has learned so far, write with its model, and look inside it.",
};

function Following() {
  useEffect(() => {
    document.title = `unroll: ${HEAD.title.toLowerCase()}`;
    const [title, lead] = document.querySelectorAll(".page-header > h1, .page-header > p");
    title?.replaceChildren(HEAD.title);
    lead?.replaceChildren(HEAD.lead);
    startFollowing();
  }, []);
  const all = runs.value;
  const folders = all.length === 1 ? "its folder" : "their folders";
  return (
    <Panel
      id="follow"
      title={all.length > 1 ? "Runs" : "Run"}
      lead={`Shows ${
        all.length > 1 ? "runs" : "a run"
      } of the command line live, while another process trains. The page only reads ${folders}; it changes nothing there.`}
      computedBy={["page/server/run_observer.ts", "src/run/metrics_reader.ts"]}
    >
      <Connection />
      {all.length > 0 && <RunList all={all} />}
      {all.length > 1 && <Comparison all={all} />}
    </Panel>
  );
}

/** Whether the server answers. */
function Connection() {
  const message = isConnected.value === false
    ? "The server does not answer: what is shown is the last that it sent. Start it again, and the page continues by itself."
    : isConnected.value === null
    ? "Connecting …"
    : runs.value.length === 0
    ? "This server follows no run. Start it with run folders: deno task page runs/alice"
    : "";
  return <p class={isConnected.value === false ? "error" : "soft"} role="status">{message}</p>;
}

function RunList({ all }: { readonly all: readonly FollowedRun[] }) {
  return (
    <>
      <table class="runs" role="table">
        <caption class="visually-hidden">Runs that are followed</caption>
        <thead>
          <tr role="row">
            <th scope="col">Run</th>
            <th scope="col">Model</th>
            <th scope="col">State</th>
            <th scope="col">Step</th>
            <th scope="col">Epoch</th>
            <th scope="col">Training loss</th>
            <th scope="col">Best validation</th>
            <th scope="col">Speed</th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {all.map((run) => <RunRow key={run.path} run={run} isOnly={all.length === 1} />)}
        </tbody>
      </table>
      <Problems all={all} />
      <ModelChoice run={all[selected.value]} />
      <BaselinesNote run={all[selected.value]} />
    </>
  );
}

function RunRow({ run, isOnly }: { readonly run: FollowedRun; readonly isOnly: boolean }) {
  const state = run.state.value;
  const config = state?.runConfig?.config;
  const last = run.metrics.value.at(-1);
  const best = useComputed(() => lowestOf(run)).value;
  return (
    <tr role="row" class={!isOnly && selected.value === run.run ? "is-selected" : undefined}>
      <th scope="row" role="rowheader">
        {isOnly ? <bdi title={run.path}>{run.name}</bdi> : (
          <label title={run.path}>
            <input
              type="radio"
              name="followed-run"
              checked={selected.value === run.run}
              onChange={() => selected.value = run.run}
            />
            <RunKey run={run.run} />
            <bdi>{run.name}</bdi>
          </label>
        )}
      </th>
      <td role="cell" data-label="Model">
        {config === undefined ? "–" : `${config.cell} ${config.layers}×${config.hidden}`}
      </td>
      <td role="cell" data-label="State">
        <RunState run={run} />
      </td>
      <td role="cell" data-label="Step">{last === undefined ? "–" : formatCount(last.step)}</td>
      <td role="cell" data-label="Epoch">{last === undefined ? "–" : last.epoch.toFixed(2)}</td>
      <td role="cell" data-label="Training loss">
        {last === undefined ? "–" : `${formatLoss(last.loss)} nats`}
      </td>
      <td role="cell" data-label="Best validation">
        {best === null ? "–" : `${formatLoss(best.loss)} nats at ${formatCount(best.step)}`}
      </td>
      <td role="cell" data-label="Speed">
        {last === undefined ? "–" : `${formatRate(last.charsPerSecond)} characters/s`}
      </td>
    </tr>
  );
}

/** Why the curves have no baselines. */
function BaselinesNote({ run }: { readonly run: FollowedRun | undefined }) {
  const problem = run?.baselines.value?.problem ?? null;
  return problem === null ? null : <p class="small soft">{problem}.</p>;
}

/** The baselines of all runs, if they have the same ones. */
function sharedBaselines(all: readonly FollowedRun[]): readonly Reference[] {
  const [first, ...others] = all.map(({ baselines }) => baselines.value?.baselines ?? null);
  const text = JSON.stringify(first);
  if (!first || others.some((baselines) => JSON.stringify(baselines) !== text)) return [];
  return Object.entries(first).map(([label, y]) => ({ label, y }));
}

/** The lowest validation loss of a run. */
function lowestOf(
  { metrics }: FollowedRun,
): { readonly loss: number; readonly step: number } | null {
  let lowest: { loss: number; step: number } | null = null;
  for (const { validationLoss: loss, step } of metrics.value) {
    if (loss !== null && (lowest === null || loss < lowest.loss)) lowest = { loss, step };
  }
  return lowest;
}

/** Time between two looks at the clock, in milliseconds. */
const TICK_MS = 5000;
/** Time without a change after which the page says how long it is ago, in seconds. */
const QUIET_S = 20;

function RunState({ run }: { readonly run: FollowedRun }) {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => now.value = Date.now(), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  const state = run.state.value;
  if (state === null) return <>…</>;
  const { runConfig, isTraining, changedAt, errors } = state;
  if (runConfig === null) {
    if (errors.length > 0) return <>cannot be read</>;
    return <>{run.metrics.value.length === 0 ? "not started yet" : "removed"}</>;
  }
  if (!isTraining) return <>{run.latest.value?.progress.ended ? "finished" : "stopped"}</>;
  const quiet = (now.value - (changedAt ?? now.value)) / 1000;
  return <>training{quiet > QUIET_S ? `, last written ${formatDuration(quiet)} ago` : ""}</>;
}

/** What cannot be read of the runs. */
function Problems({ all }: { readonly all: readonly FollowedRun[] }) {
  const errors = all.flatMap((run) => run.state.value?.errors ?? []);
  const failure = modelError.value;
  const messages = [...new Set([...errors, ...failure === null ? [] : [failure]])];
  return (
    <div role="status">
      {messages.length > 0 && (
        <ul class="problems error">
          {messages.map((message) => <li key={message}>{message}</li>)}
        </ul>
      )}
    </div>
  );
}

/** Which model of the selected run the page shows. */
function ModelChoice({ run }: { readonly run: FollowedRun | undefined }) {
  const best = run?.best.value ?? null;
  const latest = run?.latest.value ?? null;
  if (best === null && latest === null) {
    return (
      <p class="small soft">Samples, writing and looking inside begin with its first checkpoint.</p>
    );
  }
  const choices = [
    { id: "best", label: "best", info: best, note: "the lowest validation loss" },
    { id: "latest", label: "latest", info: latest, note: "saved about once a minute" },
  ] as const;
  const shown = best === null ? "latest" : latest === null ? "best" : which.value;
  return (
    <fieldset class="row model-choice">
      <legend class="visually-hidden">Model to write with and to look inside</legend>
      <span>Model below:</span>
      {choices.map(({ id, label, info, note }) => (
        <label key={id}>
          <input
            type="radio"
            name="followed-model"
            disabled={info === null}
            checked={shown === id}
            onChange={() => which.value = id}
          />{" "}
          {label}
          <span class="soft">
            {info === null
              ? ", not saved yet"
              : `, step ${formatCount(info.progress.step)}, ${note}`}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

const axes = {
  step: { label: "step", noun: "steps", of: ({ step }) => step },
  chars: { label: "characters", noun: "characters", of: ({ chars }) => chars },
  time: { label: "time", noun: "time", of: ({ elapsedSeconds }) => elapsedSeconds },
} as const satisfies Record<string, {
  readonly label: string;
  readonly noun: string;
  readonly of: (metrics: FollowedRun["metrics"]["value"][number]) => number;
}>;

/** The curves of several runs together. */
function Comparison({ all }: { readonly all: readonly FollowedRun[] }) {
  const axis = useSignal<keyof typeof axes>("chars");
  const isValidation = useSignal(true);
  const hasValidation =
    useComputed(() =>
      runs.value.some(({ metrics }) => metrics.value.some((m) => m.validationLoss !== null))
    ).value;
  const showsValidation = isValidation.value && hasValidation;
  const lines = all.map((run): Line => ({
    label: run.name,
    ...styleOf(run.run),
    points: run.metrics.value.flatMap((metrics): Point[] => {
      const loss = showsValidation ? metrics.validationLoss : metrics.loss;
      return loss === null ? [] : [[axes[axis.value].of(metrics), loss]];
    }),
  }));
  return (
    <div class="comparison">
      <div class="row">
        <label>
          Loss of the{" "}
          <select
            value={showsValidation ? "validation" : "training"}
            disabled={!hasValidation}
            onChange={(event) => isValidation.value = event.currentTarget.value === "validation"}
          >
            <option value="validation">validation part</option>
            <option value="training">training part</option>
          </select>
        </label>
        <label>
          over{" "}
          <select
            value={axis.value}
            onChange={(event) => axis.value = event.currentTarget.value as keyof typeof axes}
          >
            {Object.entries(axes).map(([key, { noun }]) => (
              <option key={key} value={key}>{noun}</option>
            ))}
          </select>
        </label>
      </div>
      <LineChart
        label={`Losses of ${all.length} runs`}
        xLabel={axes[axis.value].label}
        yLabel="nats per character"
        lines={lines}
        placeholder="The curves begin with the first metrics."
        references={sharedBaselines(all)}
        referencesLabel="baselines"
        formatX={axis.value === "time" ? formatTime : formatShort}
      />
    </div>
  );
}

function styleOf(run: number): Pick<Line, "color" | "dash"> {
  const round = Math.floor(run / COLORS);
  return { color: colorOf(run % COLORS), ...round === 0 ? {} : { dash: [8 / round, 4] } };
}

function RunKey({ run }: { readonly run: number }) {
  const { color, dash } = styleOf(run);
  return (
    <svg class="run-key" width="22" height="8" aria-hidden="true">
      <line
        {...{ x1: 0, y1: 4, x2: 22, y2: 4, stroke: `var(${color})` }}
        stroke-width="2.5"
        stroke-dasharray={dash?.join(" ")}
      />
    </svg>
  );
}
