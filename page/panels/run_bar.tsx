/// <reference lib="dom" />
import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { isOverfitted } from "../../src/train/overfitting.ts";
import { forgetTraining, keepError, keepNewTraining, left } from "../files/keep_training.ts";
import {
  countOf,
  formatCount,
  formatDuration,
  formatLoss,
  formatRate,
  formatShort,
} from "../format.ts";
import {
  client,
  extendTraining,
  givenLimits,
  hasUnsavedTraining,
  remark,
  resetTraining,
  resumeTraining,
  startTraining,
  text,
} from "../state.ts";
import { withLabels } from "../settings.ts";
import type { Phase } from "../worker/protocol.ts";

/** The controls of the training and its figures, which stay in sight. */
export function RunBar() {
  const phase = client.phase.value;
  const status = client.status.value;
  const error = client.error.value;
  // A text or a setting that is refused; a training that has failed may be tried again.
  const isRefused = error !== null && phase === "idle";
  const isReady = text.value !== null && client.configured.value !== null && !isRefused;
  const note = remark.value ?? endReason();
  const bar = useRef<HTMLElement>(null);
  useEffect(() => {
    // What is scrolled to is below the bar, whose lower rule covers that of a panel.
    const { style } = document.documentElement;
    const observer = new ResizeObserver(() =>
      style.scrollPaddingTop = `${bar.current!.offsetHeight - 1}px`
    );
    observer.observe(bar.current!);
    return () => observer.disconnect();
  }, []);
  return (
    <section class="run-bar" aria-label="Training" ref={bar}>
      {phase !== "idle" && (
        <progress
          aria-label="Progress of the training"
          max={1}
          value={phase === "finished" ? 1 : status?.fractionDone ?? 0}
        />
      )}
      <div>
        <div class="buttons">
          <MainButton phase={phase} isReady={isReady} />
          <button
            type="button"
            disabled={phase !== "paused"}
            onClick={() => client.step()}
          >
            One step
          </button>
          <button type="button" disabled={phase === "idle"} onClick={askAndReset}>Reset</button>
        </div>
        <Figures />
        {error !== null && <p class="error" role="alert" id="error">{withLabels(error.message)}</p>}
        {error === null && note !== null && <p class="remark" role="status">{note}</p>}
        {phase === "idle" && left.value.length > 0 && (
          <p class="remark">
            <a href="#left">A training was left: continue it</a>
          </p>
        )}
        {keepError.value !== null && <p class="remark" role="status">{keepError}.</p>}
      </div>
      <Announcer />
    </section>
  );
}

function MainButton({ phase, isReady }: { readonly phase: Phase; readonly isReady: boolean }) {
  const button = (label: string, onClick: () => void, disabled = false) => (
    <button
      type="button"
      class="primary"
      disabled={disabled}
      // The second click of a double click would undo what the first has done.
      onClick={({ detail }) => detail < 2 && onClick()}
    >
      {label}
    </button>
  );
  switch (phase) {
    case "training":
      return button("Pause", () => client.pause());
    case "paused":
      return button("Resume", resumeTraining);
    case "finished":
      return button("Train on", extendTraining);
    default:
      return button("Train", startAndShow, !isReady);
  }
}

/** Starts to train, and brings in sight what it does. */
function startAndShow(): void {
  startTraining();
  void keepNewTraining();
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  document.querySelector(".learning")?.scrollIntoView({ behavior: isCalm ? "auto" : "smooth" });
}

/** Resets, after a question where work would be lost. */
function askAndReset(): void {
  const question = "Reset the training? Its latest model is not saved.";
  if (hasUnsavedTraining() && !confirm(question)) return;
  forgetTraining();
  resetTraining();
}

/** Why a training has ended; `null` if it has not, or that is not known. */
function endReason(): string | null {
  if (client.phase.value !== "finished" || client.prepared.value === null) return null;
  const { limits } = client.prepared.value;
  const step = client.status.value?.step ?? 0;
  const validated = client.metrics.value.filter(({ validationLoss }) => validationLoss !== null);
  const best = validated.reduce(
    (lowest, metrics) => metrics.validationLoss! < lowest.validationLoss! ? metrics : lowest,
    validated[0]!,
  );
  const since = validated.length - 1 - validated.indexOf(best);
  // The limits of a training that was extended are not those that it was prepared with.
  const reason = step >= (givenLimits.value.steps ?? limits.steps)
    ? `All ${countOf(step, "step")} are done.`
    : since >= limits.patience
    ? `The validation loss has not fallen in ${countOf(since, "validation")}.`
    : limits.stopsOverfitting && isOverfitted(client.model.value!.progress)
    ? `Stopped early: the validation loss has not fallen in ${
      countOf(since, "validation")
    }, and is clearly above its lowest.`
    : "The time is over.";
  if (best === undefined || best.step === step) return reason;
  return `${reason} Write and Look inside use the best model, that of step ${
    formatCount(best.step)
  }.`;
}

function Figures() {
  const phase = client.phase.value;
  const status = client.status.value;
  const prepared = client.prepared.value;
  if (phase === "idle" || status === null) {
    const threads = client.threads.value;
    return (
      <p class="figures-note small soft">
        {phase === "training"
          ? "Preparing …"
          : threads === null
          ? ""
          : threads === 1
          ? "On this machine, with one thread."
          : `On this machine, with up to ${threads} threads.`}
      </p>
    );
  }
  const { step, loss, charsPerSecond, threads, secondsLeft } = status;
  const seconds = client.samples.value.at(-1)?.seconds;
  return (
    <dl class="figures">
      <div>
        <dt>Step</dt>
        <dd>{formatCount(step)}</dd>
      </div>
      <div>
        <dt>Loss</dt>
        <dd>
          {formatLoss(loss)} <small>nats</small>
        </dd>
      </div>
      <div>
        <dt>Characters/s</dt>
        <dd>{formatRate(charsPerSecond)}</dd>
      </div>
      <div class="wide">
        <dt>{phase === "finished" ? "Time" : "Time left"}</dt>
        <dd>{formatDuration(phase === "finished" ? seconds ?? NaN : secondsLeft)}</dd>
      </div>
      {prepared !== null && (
        <div class="optional">
          <dt>Weights</dt>
          <dd>{formatShort(prepared.parameterCount)}</dd>
        </div>
      )}
      {prepared !== null && (
        <div class="optional">
          <dt>Threads</dt>
          <dd>{threads}</dd>
        </div>
      )}
    </dl>
  );
}

/** The title of the page where nothing is trained. */
const TITLE = "unroll: watch a model learn your text";

/** Time between two announcements of figures. */
const ANNOUNCE_MS = 30_000;

/** Announces to screen readers what the training does: at every change, and now and then its figures. */
function Announcer() {
  const message = useSignal("");
  const announcedAt = useSignal(0);
  useSignalEffect(() => {
    const phase = client.phase.value;
    const { step = 0, loss } = client.status.peek() ?? {};
    const at = loss === undefined ? "" : ` at step ${formatCount(step)}, loss ${formatLoss(loss)}`;
    message.value = phase === "idle"
      ? ""
      : `${
        phase === "training" ? "Training" : phase === "failed" ? "Training failed" : phase
      }${at}`;
    announcedAt.value = performance.now();
  });
  useSignalEffect(() => {
    const status = client.status.value;
    if (status === null || client.phase.peek() !== "training") return;
    if (performance.now() - announcedAt.peek() < ANNOUNCE_MS) return;
    announcedAt.value = performance.now();
    message.value = `${countOf(status.step, "step")}, loss ${formatLoss(status.loss)} nats, ${
      formatDuration(status.secondsLeft)
    } left`;
  });
  useSignalEffect(() => {
    const phase = client.phase.value;
    const percents = Math.floor(100 * (client.status.value?.fractionDone ?? 0));
    document.title = phase === "training"
      ? `${percents} % trained: unroll`
      : phase === "finished"
      ? "Finished: unroll"
      : phase === "paused"
      ? "Paused: unroll"
      : TITLE;
  });
  return <p class="visually-hidden" role="status">{message}</p>;
}
