/// <reference lib="dom" />
import { type Signal, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import {
  closeCheckpoint,
  download,
  fileNameOf,
  isCheckpointName,
  isTrainedOnText,
  openCheckpoint,
  opened,
  type OpenedCheckpoint,
  openError,
  resumeCommand,
  trainOn,
} from "../files/checkpoints.ts";
import { exportPage, prepareExport } from "../files/export_page.ts";
import { formatSettings } from "../files/format_settings.ts";
import { formatBytes, formatCount, formatLoss } from "../format.ts";
import {
  client,
  givenConfig,
  givenLimits,
  isFollowing,
  keptStep,
  prompt,
  savedStep,
  text,
} from "../state.ts";
import type { ModelFile } from "../worker/protocol.ts";
import { Panel } from "./panel.tsx";

/** Opens and saves checkpoints, and makes links and files to pass on. */
export function FilesPanel() {
  useSignalEffect(listenForCheckpoints);
  return (
    <Panel
      id="files"
      title="Keep it"
      lead="A model is one file, which the command line reads and writes, too: training continues there with the same bits, and back here."
      computedBy={["src/checkpoint/checkpoint.ts"]}
    >
      <div class="files">
        {!isFollowing && <Save />}
        <Export />
        <Open />
        {!isFollowing && <Link />}
      </div>
    </Panel>
  );
}

/** Saves the model of the page. */
function Save() {
  const latest = client.model.value;
  const best = client.best.value;
  const isTraining = client.phase.value === "training";
  const name = fileNameOf(text.value?.name ?? "model");
  return (
    <section aria-labelledby="save-title">
      <h3 id="save-title">Save the model</h3>
      <div class="row">
        <SaveButton label="Save the latest" name={name} model={latest} />
        <SaveButton
          label="Save the best"
          name={`${name}-best`}
          model={best?.progress.step === latest?.progress.step ? null : best}
        />
        <button type="button" disabled={text.value === null} onClick={() => saveText(name)}>
          Save the text
        </button>
      </div>
      {latest === null
        ? <p class="small soft">There is a model as soon as the training begins.</p>
        : (
          <>
            <p class="small soft">
              A model file has {formatBytes(latest.file.size)}. {isTraining
                ? "The latest is a few seconds old; pause to save the very last step. "
                : ""}
              To train on in a terminal, with the text and the model in the same folder:
            </p>
            <Copyable
              label="Command that trains on"
              value={resumeCommand(name, givenLimits.value)}
            />
            {keptStep.value !== null && (
              <p class="small soft">
                This browser, and nothing else, keeps a copy of step {formatCount(keptStep.value)}
                {" "}
                until the training is reset: after a reload or a crash the page offers to continue
                it.
              </p>
            )}
          </>
        )}
    </section>
  );
}

function SaveButton({ label, name, model }: {
  readonly label: string;
  readonly name: string;
  readonly model: ModelFile | null;
}) {
  return (
    <button
      type="button"
      disabled={model === null}
      onClick={() => {
        if (model === null) return;
        download(`${name}.safetensors`, model.file);
        savedStep.value = client.model.value?.progress.step ?? null;
      }}
    >
      {label}
      {model !== null && (
        <span class="small soft">
          step {formatCount(model.progress.step)}
        </span>
      )}
    </button>
  );
}

function saveText(name: string): void {
  const { content = "" } = text.value ?? {};
  download(`${name}.txt`, content instanceof Blob ? content : new Blob([content]));
}

/** Opens a checkpoint of elsewhere. */
function Open() {
  const checkpoint = opened.value;
  const error = openError.value;
  return (
    <section aria-labelledby="open-title">
      <h3 id="open-title">Open a model</h3>
      <p class="row">
        <label class="button file">
          Open a checkpoint
          <input
            type="file"
            class="visually-hidden"
            accept=".safetensors"
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              if (file !== undefined) openCheckpoint(file);
              event.currentTarget.value = "";
            }}
          />
        </label>
        {checkpoint !== null && <button type="button" onClick={closeCheckpoint}>Close it</button>}
      </p>
      {error !== null && <p class="error" role="alert">{error}</p>}
      <div role="status">
        {checkpoint === null
          ? (
            <p class="small soft">
              Or drop one anywhere on the page, for example{" "}
              <code>runs/alice/best.safetensors</code>.
            </p>
          )
          : <Opened />}
      </div>
    </section>
  );
}

function Opened() {
  const checkpoint = opened.value!;
  const { name, config, progress } = checkpoint.model;
  const { corpus } = checkpoint;
  const loss = progress.bestValidationLoss;
  const isOnText = isTrainedOnText(checkpoint);
  return (
    <>
      <p class="small">
        <bdi>{name}</bdi>: {config.cell} {config.layers}×{config.hidden}, step{" "}
        {formatCount(progress.step)}
        {loss !== null && `, best validation loss ${formatLoss(loss)} nats`}. It is the model to
        write with and to look inside.
      </p>
      {isFollowing ? null : isOnText
        ? (
          <p style={{ marginTop: "var(--space-2)" }}>
            <button type="button" onClick={() => trainOnAndShow(checkpoint)}>
              Train it on, in place of the model above
            </button>
          </p>
        )
        : (
          <p class="small soft">
            To train it on, choose its text above
            {corpus !== null && (
              <>
                : <bdi>{corpus.path}</bdi>, {formatCount(corpus.chars)} characters
              </>
            )}.
          </p>
        )}
    </>
  );
}

function trainOnAndShow(checkpoint: OpenedCheckpoint): void {
  trainOn(checkpoint);
  document.querySelector(".learning")?.scrollIntoView();
}

/** Makes a page of one file. */
function Export() {
  const state = useSignal<"idle" | "busy" | { readonly error: string }>("idle");
  const hasModel = client.model.value !== null;
  useEffect(prepareExport, []);
  const save = async () => {
    state.value = "busy";
    try {
      const page = await exportPage();
      download(`${fileNameOf(text.value?.name ?? client.model.value?.name ?? "model")}.html`, page);
      savedStep.value = client.model.value?.progress.step ?? null;
      state.value = "idle";
    } catch (error) {
      state.value = { error: error instanceof Error ? error.message : String(error) };
    }
  };
  return (
    <section aria-labelledby="export-title">
      <h3 id="export-title">Show it to others</h3>
      <p class="small soft">
        One HTML file with the curves, the samples and the best model, to write with and to look
        inside. It works without a network, and does not hold the text.
      </p>
      <p>
        <button type="button" disabled={!hasModel || state.value === "busy"} onClick={save}>
          {state.value === "busy" ? "Making the file …" : "Export as one HTML file"}
        </button>
      </p>
      {typeof state.value === "object" && <p class="error" role="alert">{state.value.error}</p>}
    </section>
  );
}

/** A link that carries the settings. */
function Link() {
  const settings = formatSettings({
    config: givenConfig.value,
    limits: givenLimits.value,
    prompt: prompt.value,
  });
  const url = `${location.origin}${location.pathname}${settings === "" ? "" : `#${settings}`}`;
  return (
    <section aria-labelledby="link-title">
      <h3 id="link-title">Pass on the settings</h3>
      <p class="small soft">
        The link carries the settings that you have changed, the seed and the prompt, and never the
        text.
      </p>
      <Copyable label="Link with the settings" value={url} />
    </section>
  );
}

/** A line to copy. */
function Copyable({ label, value }: { readonly label: string; readonly value: string }) {
  const state = useSignal("");
  return (
    <div class="copyable">
      <input readOnly class="mono" aria-label={label} value={value} onFocus={selectAll} />
      <button type="button" onClick={() => copy(value, state)}>Copy</button>
      <span role="status" class="small soft">{state}</span>
    </div>
  );
}

function selectAll(event: FocusEvent): void {
  (event.currentTarget as HTMLInputElement).select();
}

async function copy(value: string, state: Signal<string>): Promise<void> {
  try {
    await navigator.clipboard.writeText(value);
    state.value = "Copied";
  } catch {
    state.value = "Select the line and copy it";
  }
  setTimeout(() => state.value = "", 3000);
}

/** Takes checkpoints that are dropped anywhere, before the text does. */
function listenForCheckpoints(): () => void {
  const onDrop = (event: DragEvent) => {
    const file = event.dataTransfer?.files[0];
    if (file === undefined || !isCheckpointName(file.name)) return;
    event.preventDefault();
    document.getElementById("files")?.scrollIntoView({ block: "nearest" });
    openCheckpoint(file);
  };
  addEventListener("drop", onDrop, { capture: true });
  return () => removeEventListener("drop", onDrop, { capture: true });
}
