/** What the panels of the page share. */
import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { ConfigInput, LimitOptions } from "../src/mod.ts";
import { TrainingClient } from "./worker/client.ts";
import type { ModelFile, TextSource } from "./worker/protocol.ts";

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

/** The model to write with and to look inside: the one that was trained here, or another. */
export const model: ReadonlySignal<ModelFile | null> = computed(() =>
  otherModel.value ?? client.model.value
);

/** Whether the text and the configuration can be changed: before a training, or after a reset. */
export const isEditable: ReadonlySignal<boolean> = computed(() => {
  const phase = client.phase.value;
  return phase === "idle" || phase === "failed";
});

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
    if (!isEditable.value || source === null) return;
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
    client.start({
      text: text.value!,
      config: givenConfig.value,
      limits: givenLimits.value,
      prompt: prompt.value,
    });
  });
}

/** Ends the training, forgets it, and picks a configuration again. */
export function resetTraining(): void {
  batch(() => {
    client.reset();
    shownSample.value = null;
    text.value = text.value && { ...text.value };
  });
}
