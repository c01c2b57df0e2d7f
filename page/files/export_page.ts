/// <reference lib="dom" />
/** Exporting a training as one HTML file. */
import { client, model } from "../state.ts";
import { query } from "../worker/query.ts";
import { fillTemplate } from "./export_record.ts";

/**
 * Makes a page of one file with the curves, the samples and the best model of the training, to write
 * with and to look inside, without a network.
 *
 * @throws {Error} with one line if it cannot be made.
 */
export async function exportPage(): Promise<Blob> {
  const chosen = client.best.value ?? model.value;
  if (chosen === null) throw new Error("Cannot export: there is no model yet");
  const response = await fetch("exported.html").catch(() => null);
  if (response === null || !response.ok) {
    throw new Error("Cannot export: the page's server does not answer");
  }
  const template = await response.text();
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
