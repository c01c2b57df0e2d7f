/** What the panels of the page share. */
import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { ConfigInput, LimitOptions, UnknownPolicy } from "../src/mod.ts";
import { TrainingClient } from "./worker/client.ts";
import type { ModelFile, TextSource } from "./worker/protocol.ts";

/** Whether the page's address says that its server follows runs. */
export const isFollowing: boolean = typeof location !== "undefined" &&
  new URLSearchParams(location.search).has("follow");

/** The training of the page. */
export const client: TrainingClient = new TrainingClient();

/** The text that is trained on. */
export const text: Signal<TextSource | null> = signal(null);

/** Keys of the configuration that the user has set; the others are picked. */
export const givenConfig: Signal<ConfigInput> = signal({});

/** Limits that the user has set. */
export const givenLimits: Signal<LimitOptions> = signal({});

/** What samples begin with. */
export const prompt: Signal<string> = signal("");

/** The index of the sample that is shown; `null` for the latest. */
export const shownSample: Signal<number | null> = signal(null);

/** A model that was not trained here: one of a file, or of a run that the page follows. */
export const otherModel: Signal<ModelFile | null> = signal(null);

/**
 * The model to write with and to look inside: the latest of the training, the best when it has
 * ended, or one of elsewhere.
 */
export const model: ReadonlySignal<ModelFile | null> = computed(() => {
  const best = client.phase.value === "finished" ? client.best.value : null;
  return otherModel.value ?? best ?? client.model.value;
});

/** The unknown symbol, in vocabularies that have one. */
const UNKNOWN = "\ufffd";

/** Whether the model reads an unknown symbol in place of characters that it does not know. */
export const hasUnknownSymbol: ReadonlySignal<boolean> = computed(() =>
  model.value?.vocabulary.includes(UNKNOWN) ?? false
);

/** What the user has chosen for characters that the model does not know; `null` for nothing. */
export const givenUnknownPolicy: Signal<UnknownPolicy | null> = signal(null);

/** What happens to these characters where the user writes, and looks into a text. */
export const unknownPolicy: ReadonlySignal<UnknownPolicy> = computed(() =>
  givenUnknownPolicy.value ?? (hasUnknownSymbol.value ? "replace" : "skip")
);

/** Whether the text and the configuration can be changed: before a training, or after a reset. */
export const isEditable: ReadonlySignal<boolean> = computed(() => {
  const phase = client.phase.value;
  return phase === "idle" || phase === "failed";
});

/** The step of the model that was saved or exported last; `null` if none was. */
export const savedStep: Signal<number | null> = signal(null);

/** A text that was kept with its training, and is the text of the page again. */
export const restoredText: Signal<TextSource | null> = signal(null);

/** The step of the state that this browser keeps of the training; `null` if it keeps none. */
export const keptStep: Signal<number | null> = signal(null);

/** Time of training that is not lost without a question, in seconds. */
const PRECIOUS_SECONDS = 10;

/** Whether resetting would lose a training worth a question. */
export function hasUnsavedTraining(): boolean {
  const latest = client.model.peek()?.progress;
  if (latest === undefined || client.phase.peek() === "idle") return false;
  const step = client.status.peek()?.step ?? latest.step;
  return latest.elapsedSeconds >= PRECIOUS_SECONDS && step !== savedStep.peek();
}

/** Lets the browser ask before the page is left while a training is neither saved nor kept. */
export function askBeforeLeaving(): void {
  addEventListener("beforeunload", (event) => {
    if (keptStep.peek() === null && hasUnsavedTraining()) event.preventDefault();
  });
}

/** What the page says once, in the bar of the training; `null` for nothing. */
export const remark: Signal<string | null> = signal(null);

/** Time that typing in a field may pause before a configuration is picked again. */
const CONFIGURE_MS = 200;

/** Picks a configuration whenever the text, a setting or a limit changes. */
export function configureOnChange(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let configured: TextSource | null = null;
  return effect(() => {
    const source = text.value;
    const config = givenConfig.value;
    const limits = givenLimits.value;
    // Not whenever a training ends in a failure, whose message would be lost.
    if (!isEditable.peek() || source === null) return;
    clearTimeout(timer);
    const delay = configured === source ? CONFIGURE_MS : 0;
    configured = source;
    timer = setTimeout(() => client.configure({ text: source, config, limits }), delay);
  });
}

/** Trains from new weights. */
export function startTraining(): void {
  if (text.value === null) return;
  batch(() => {
    shownSample.value = null;
    otherModel.value = null;
    savedStep.value = null;
    remark.value = null;
    client.start({
      text: text.value!,
      config: givenConfig.value,
      limits: givenLimits.value,
      prompt: prompt.value,
    });
  });
}

/** Continues a training that pauses. */
export function resumeTraining(): void {
  remark.value = null;
  client.resume();
}

/** The limits that {@linkcode extendTraining} has replaced. */
let limitsBefore: LimitOptions | null = null;

/** Continues a finished training for as many steps as it has had. */
export function extendTraining(): void {
  const { step = 0 } = client.status.value ?? client.model.value?.progress ?? {};
  limitsBefore ??= givenLimits.value;
  givenLimits.value = { steps: 2 * step };
  client.setLimits(givenLimits.value);
  resumeTraining();
}

/** Ends the training, forgets it, and picks a configuration again. */
export function resetTraining(): void {
  batch(() => {
    client.reset();
    givenLimits.value = limitsBefore ?? givenLimits.value;
    limitsBefore = null;
    savedStep.value = null;
    remark.value = null;
    shownSample.value = null;
    text.value = text.value && { ...text.value };
  });
}
