/// <reference lib="dom" />
import { useComputed } from "@preact/signals";
import { Fragment } from "preact";
import { formatCount, formatDuration, formatLoss, textOf } from "../format.ts";
import { client, isFollowing, prompt, shownSample } from "../state.ts";
import type { TrainingSample } from "../worker/protocol.ts";
import { Panel } from "./panel.tsx";

/** Lines of the overview. */
const OVERVIEW_LINES = 7;
/** Characters of such a line. */
const LINE_LENGTH = 90;

/** Shows what the model wrote while it was trained, and lets one go back to see it learn. */
export function SamplesPanel() {
  const samples = client.samples.value;
  const last = samples.length - 1;
  const index = Math.min(shownSample.value ?? last, last);
  const sample = samples[index];
  const show = (i: number) => shownSample.value = i >= last ? null : Math.max(0, i);
  return (
    <Panel
      id="samples"
      title="What it writes"
      lead={`${
        isFollowing ? "The model of each checkpoint" : "From time to time, the model"
      } continues the same prompt with the same random numbers, so that samples differ only by what was learned.`}
      computedBy={["src/generate/sampler.ts"]}
    >
      <PromptField />
      {sample === undefined
        ? (
          <p class="sample is-empty">
            {isFollowing
              ? "The first sample comes with the first checkpoint."
              : "The first sample is of a model that has learned nothing yet."}
          </p>
        )
        : (
          <pre class="sample" role="group" aria-label="Text of the sample" dir="auto" tabIndex={0}>
            <SampleText sample={sample} />
          </pre>
        )}
      <SampleFacts sample={sample} />
      <div class="timeline">
        <button
          type="button"
          aria-label="Earlier sample"
          disabled={index <= 0}
          onClick={() => show(index - 1)}
        >
          ←
        </button>
        <input
          type="range"
          aria-label="Sample"
          aria-valuetext={sample && `Step ${formatCount(sample.step)}`}
          min={0}
          max={Math.max(last, 1)}
          value={last < 1 ? 1 : index}
          disabled={last < 1}
          onInput={(event) => show(Number(event.currentTarget.value))}
        />
        <button
          type="button"
          aria-label="Later sample"
          disabled={index >= last}
          onClick={() => show(index + 1)}
        >
          →
        </button>
      </div>
      <Overview {...{ samples, index, show }} />
    </Panel>
  );
}

/** A sample, with its prompts marked. */
export function SampleText({ sample }: { readonly sample: TrainingSample }) {
  return sample.continuations.map((continuation, i) => (
    <Fragment key={i}>
      <span class="prompt">{sample.prompt}</span>
      {continuation}
    </Fragment>
  ));
}

function PromptField() {
  const error = client.sampleError.value;
  return (
    <p class="field" style={{ marginBottom: "var(--space-3)" }}>
      <label for="prompt">Samples begin with</label>
      <input
        id="prompt"
        class="mono"
        size={14}
        maxLength={200}
        placeholder="nothing"
        autocomplete="off"
        spellcheck={false}
        aria-invalid={error !== null}
        aria-describedby={error === null ? undefined : "prompt-error"}
        value={prompt.value}
        onInput={(event) => {
          prompt.value = event.currentTarget.value;
          client.setPrompt(prompt.value);
        }}
      />
      {error !== null && <span class="error" id="prompt-error" role="alert">{error}</span>}
    </p>
  );
}

function SampleFacts({ sample }: { readonly sample: TrainingSample | undefined }) {
  // As high as with a sample, so that the first one moves nothing.
  if (sample === undefined) return <p class="sample-facts">&nbsp;</p>;
  const { step, seconds, loss } = sample;
  return (
    <p class="sample-facts">
      <span>Step {formatCount(step)}, after {formatDuration(seconds)}</span>
      {loss !== null && <span>training loss {formatLoss(loss)} nats</span>}
    </p>
  );
}

/** One line each of some samples, from the first to the latest. */
function Overview({ samples, index, show }: {
  readonly samples: readonly TrainingSample[];
  readonly index: number;
  readonly show: (i: number) => void;
}) {
  const shown = useComputed(() => overviewIndices(client.samples.value.length)).value;
  if (samples.length < 2) return null;
  return (
    <ol class="steps-learned" aria-label="Samples at a glance">
      {shown.map((i) => (
        <li key={samples[i]!.step}>
          <button type="button" aria-current={i === index} onClick={() => show(i)}>
            <span class="step">step {formatCount(samples[i]!.step)}</span>
            <code class="line" dir="auto">{lineOf(samples[i]!)}</code>
          </button>
        </li>
      ))}
    </ol>
  );
}

/** Indices from the first to the latest sample, closer together at the start. */
function overviewIndices(count: number): number[] {
  if (count <= OVERVIEW_LINES) return Array.from({ length: count }, (_, i) => i);
  const indices = Array.from(
    { length: OVERVIEW_LINES },
    (_, i) => Math.round((i / (OVERVIEW_LINES - 1)) ** 1.5 * (count - 1)),
  );
  return [...new Set(indices.map((index, i) => Math.max(index, i)))];
}

function lineOf(sample: TrainingSample): string {
  return textOf(sample).trim().replaceAll(/\s+/g, " ").slice(0, LINE_LENGTH);
}
