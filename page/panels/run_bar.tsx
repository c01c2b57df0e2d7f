/// <reference lib="dom" />
import { useSignal, useSignalEffect } from "@preact/signals";
import { countOf, formatCount, formatDuration, formatLoss, formatShort } from "../format.ts";
import { client, givenLimits, resetTraining, startTraining, text } from "../state.ts";
import type { Phase } from "../worker/protocol.ts";

/** The controls of the training and its figures, which stay in sight. */
export function RunBar() {
  const phase = client.phase.value;
  const status = client.status.value;
  const error = client.error.value;
  const isReady = text.value !== null && client.configured.value !== null;
  return (
    <section class="run-bar" aria-label="Training">
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
          <button type="button" disabled={phase === "idle"} onClick={resetTraining}>Reset</button>
        </div>
        <Figures />
        {error !== null && <p class="error" role="alert" id="error">{error.message}</p>}
      </div>
      <Announcer />
    </section>
  );
}

function MainButton({ phase, isReady }: { readonly phase: Phase; readonly isReady: boolean }) {
  const button = (label: string, onClick: () => void, disabled = false) => (
    <button type="button" class="primary" disabled={disabled} onClick={onClick}>{label}</button>
  );
  switch (phase) {
    case "training":
      return button("Pause", () => client.pause());
    case "paused":
      return button("Resume", () => client.resume());
    case "finished":
      return button("Train on", trainOn);
    default:
      return button("Train", startAndShow, !isReady);
  }
}

/** Starts to train, and brings in sight what it does. */
function startAndShow(): void {
  startTraining();
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  document.querySelector(".learning")?.scrollIntoView({ behavior: isCalm ? "auto" : "smooth" });
}

/** Continues a finished training for as many steps as it has had. */
function trainOn(): void {
  const { step = 0 } = client.status.value ?? client.model.value?.progress ?? {};
  givenLimits.value = { steps: 2 * step };
  client.setLimits(givenLimits.value);
  client.resume();
}

function Figures() {
  const phase = client.phase.value;
  const status = client.status.value;
  const prepared = client.prepared.value;
  if (phase === "idle" || status === null) {
    const threads = client.threads.value;
    return (
      <p class="small soft">
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
  const { step, loss, charsPerSecond, secondsLeft } = status;
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
        <dd>{formatShort(charsPerSecond)}</dd>
      </div>
      <div>
        <dt>{phase === "training" ? "Time left" : phase === "finished" ? "Finished" : "Paused"}</dt>
        <dd>
          {phase === "finished"
            ? seconds === undefined ? "" : `after ${formatDuration(seconds)}`
            : formatDuration(secondsLeft)}
        </dd>
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
          <dd>{prepared.threads}</dd>
        </div>
      )}
    </dl>
  );
}

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
  return <p class="visually-hidden" role="status">{message}</p>;
}
