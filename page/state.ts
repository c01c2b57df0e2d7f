/** What the panels of the page share. */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
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

/** A model that was not trained here: one of a file, or of a run that the page follows. */
export const otherModel: Signal<ModelFile | null> = signal(null);

/** The model to write with and to look inside: the one that was trained here, or another. */
export const model: ReadonlySignal<ModelFile | null> = computed(() =>
  otherModel.value ?? client.model.value
);
