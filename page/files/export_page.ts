/// <reference lib="dom" />
/** Exporting a training as one HTML file. */
import { client, model } from "../state.ts";
import { query } from "../worker/query.ts";
import { fillTemplate } from "./export_record.ts";

/** Time from the load of the page until the template is loaded, in milliseconds. */
const TEMPLATE_DELAY_MS = 8000;

let template: Promise<Blob> | null = null;

/** The page without the training; it is asked for once, and again after a failure. */
function loadTemplate(): Promise<Blob> {
  template ??= fetch("exported.html").then(async (response) => {
    if (!response.ok) throw new Error(`the answer has the status ${response.status}`);
    return await response.blob();
  }).catch((error) => {
    template = null;
    throw new Error("Cannot export: the page's server does not answer", { cause: error });
  });
  return template;
}

/**
 * Loads the template a little after the page, so that exporting needs no server any more, and the
 * service worker keeps it.
 */
export function prepareExport(): () => void {
  const timer = setTimeout(() => loadTemplate().catch(() => {}), TEMPLATE_DELAY_MS);
  return () => clearTimeout(timer);
}

/**
 * Makes a page of one file with the curves, the samples and the best model of the training, to write
 * with and to look inside, without a network.
 *
 * @throws {Error} with one line if it cannot be made.
 */
export async function exportPage(): Promise<Blob> {
  const chosen = client.best.value ?? model.value;
  if (chosen === null) throw new Error("Cannot export: there is no model yet");
  const template = await (await loadTemplate()).text();
  const bytes = await query(chosen, "encodeModel", {});
  const { file: _, ...described } = chosen;
  const configured = client.configured.value;
  return new Blob([
    fillTemplate(template, {
      training: {
        phase: "finished",
        metrics: client.metrics.value,
        points: client.points.value,
        samples: client.samples.value,
        baselines: client.baselines.value,
        configured,
        prepared: client.prepared.value,
      },
      model: described,
      checkpoint: await toBase64(bytes as Uint8Array<ArrayBuffer>),
    }),
  ], { type: "text/html" });
}

async function toBase64(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const reader = new FileReader();
  const url = await new Promise<string>((resolve, reject) => {
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(new Blob([bytes]));
  });
  return url.slice(url.indexOf(",") + 1);
}
