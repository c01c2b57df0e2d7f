/// <reference lib="dom" />
/** Checkpoints that are opened in the page, and that it saves. */
import { batch, type Signal, signal } from "@preact/signals";
import type { CorpusIdentity, LimitOptions } from "../../src/mod.ts";
import { client, otherModel, remark, text } from "../state.ts";
import { keepNewTraining } from "./keep_training.ts";
import type { ModelFile } from "../worker/protocol.ts";
import { query } from "../worker/query.ts";

/** A checkpoint that was opened. */
export interface OpenedCheckpoint {
  readonly model: ModelFile;
  /** The text that it was trained on; `null` if the file does not say. */
  readonly corpus: CorpusIdentity | null;
}

/** The checkpoint that is shown in place of the page's own model; `null` if none is. */
export const opened: Signal<OpenedCheckpoint | null> = signal(null);
/** Why the last file could not be opened; `null` if it could. */
export const openError: Signal<string | null> = signal(null);

let count = 0;

/** Whether a file that was dropped is meant as a checkpoint. */
export function isCheckpointName(name: string): boolean {
  return /\.safetensors$/i.test(name);
}

/**
 * Opens a checkpoint, which is untrusted, as the model to write with and to look inside. The
 * training of the page stays as it is.
 */
export async function openCheckpoint(file: File): Promise<void> {
  openError.value = null;
  const own = ++count;
  const id = `file-${own}`;
  try {
    const info = await query({ id, file } as Partial<ModelFile> as ModelFile, "describe", {});
    if (own !== count) return;
    const { corpus, ...described } = info;
    const name = file.name.replace(/\.safetensors$/i, "");
    const model = { id, file, name, ...described };
    batch(() => {
      opened.value = { model, corpus };
      otherModel.value = model;
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // The worker knows no name of the file.
    openError.value = message.replace(
      "the checkpoint",
      `the checkpoint ${JSON.stringify(file.name)}`,
    );
  }
}

/** Shows the page's own model again. */
export function closeCheckpoint(): void {
  batch(() => {
    opened.value = null;
    otherModel.value = null;
  });
}

/** Whether the text of the page is the one that a checkpoint was trained on. */
export function isTrainedOnText({ corpus }: OpenedCheckpoint): boolean {
  const configured = client.configured.value;
  if (text.value === null || configured === null || corpus === null) return false;
  return corpus.sha256 === configured.sha256;
}

/** Continues the training of the opened checkpoint on the text of the page. */
export function trainOn({ model }: OpenedCheckpoint): void {
  batch(() => {
    client.load(model.file, { text: text.value });
    keepNewTraining();
    closeCheckpoint();
    const step = model.progress.step.toLocaleString("en");
    remark.value = `The training of ${model.name} is at step ${step}, and continues from there.`;
  });
}

/** Lets the browser save a file. */
export function download(name: string, contents: Blob): void {
  const url = URL.createObjectURL(contents);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A name as a file has it: without what a path or a shell would take for something else. */
export function fileNameOf(name: string): string {
  const safe = name.replace(/\.\w{1,5}$/, "").replaceAll(/[^\p{L}\p{N}._-]+/gu, "-");
  return safe.replaceAll(/^[.-]+|[.-]+$/g, "").slice(0, 80) || "model";
}

/** The command that continues the training of a checkpoint that was saved, with the same bits. */
export function resumeCommand(name: string, limits: LimitOptions): string {
  const options = Object.entries(limits).map(([key, value]) => ` --${key} ${value}`).join("");
  return `deno task train ${name}.txt --resume ${name}.safetensors${options}`;
}
