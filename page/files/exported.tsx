/// <reference lib="dom" />
/** The page of an exported training: one file that needs nothing else. */
import { render } from "preact";
import { formatCount, formatDuration, formatLoss, textOf } from "../format.ts";
import { CurvesPanel } from "../panels/curves.tsx";
import { InsidePanel } from "../panels/inside.tsx";
import { SamplesPanel } from "../panels/samples.tsx";
import { WritePanel } from "../panels/write.tsx";
import { client, prompt, text } from "../state.ts";
import { setQueryWorker } from "../worker/query.ts";
import type { ExportRecord } from "./export_record.ts";

const contentOf = (id: string) => document.getElementById(id)!.textContent;

const { training, model, checkpoint }: ExportRecord = JSON.parse(contentOf("record"));
const code = URL.createObjectURL(new Blob([contentOf("worker")], { type: "text/javascript" }));
// In a page from a file, Chromium starts no worker of modules.
setQueryWorker(() => new Worker(code, { type: "classic" }));
const file = new Blob([Uint8Array.from(atob(checkpoint), (c) => c.charCodeAt(0))]);
client.show({ ...training, model: { ...model, file } });
const last = training.samples.at(-1);
prompt.value = last?.prompt ?? "";
// The text that the model was trained on is not in this file.
if (last !== undefined) {
  text.value = { name: "what the model wrote", content: textOf(last) };
}
document.title = `${model.name}: a trained model`;

function Head() {
  const { config, progress } = model;
  const { step, bestValidationLoss: loss, elapsedSeconds } = progress;
  const chars = training.configured?.chars;
  return (
    <>
      <h1>
        What a model learned from <bdi>{model.name}</bdi>
      </h1>
      <p>
        A recurrent network ({config.cell}, {config.layers}{" "}
        {config.layers === 1 ? "layer" : "layers"} of {formatCount(config.hidden)} units)
        {chars !== undefined && ` that was trained on ${formatCount(chars)} characters`}:{"  "}
        {formatCount(step)} steps in {formatDuration(elapsedSeconds)}
        {loss !== null && `, with a validation loss of ${formatLoss(loss)} nats per character`}.
      </p>
      <p class="private">
        Everything is computed on this machine, in this file. It holds the model and what it wrote,
        not the text that it was trained on.
      </p>
    </>
  );
}

function Page() {
  return (
    <div class="column">
      <div class="learning">
        <SamplesPanel />
        <CurvesPanel />
      </div>
      <WritePanel />
      <InsidePanel />
    </div>
  );
}

render(<Head />, document.querySelector("header")!);
render(<Page />, document.querySelector("main")!);
