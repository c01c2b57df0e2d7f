/** The worker that queries models, so that the page does not wait and training is not stopped. */
import { type Checkpoint, decodeCheckpoint } from "../../src/mod.ts";
import { operations, type QueryReport, type QueryRequest } from "./operations.ts";

/** Models that are kept decoded: the current one, the one before it, and two of a comparison. */
const MAX_MODELS = 4;

/** What is used of the scope of a dedicated worker, whose types a page does not have. */
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<QueryRequest>) => void;
  postMessage(report: QueryReport): void;
};

/** Models by id, the latest last. */
const models = new Map<string, Promise<Checkpoint>>();
const cancelled = new Set<number>();

scope.onmessage = ({ data }) => {
  if (data.type === "cancel") {
    cancelled.add(data.query);
  } else if (data.type === "model") {
    const model = decode(data.file);
    // A query reports that the file is no checkpoint.
    model.catch(() => {});
    models.set(data.id, model);
    for (const id of [...models.keys()].slice(0, -MAX_MODELS)) models.delete(id);
  } else {
    // Long operations yield to the event loop, so that short ones are answered meanwhile. The model
    // is looked up at once: newer ones may arrive before the answer begins.
    answer(data, models.get(data.model));
  }
};

scope.postMessage({ type: "ready" });

async function decode(file: Blob): Promise<Checkpoint> {
  return await decodeCheckpoint(new Uint8Array(await file.arrayBuffer()));
}

async function answer(
  { query, name, argument }: Extract<QueryRequest, { type: "query" }>,
  model: Promise<Checkpoint> | undefined,
): Promise<void> {
  // A cancellation that was posted meanwhile is received first.
  await new Promise((resolve) => setTimeout(resolve, 0));
  try {
    if (cancelled.delete(query)) return;
    const decoded = await model;
    if (decoded === undefined) throw new Error("Cannot query the model: there is a newer one");
    const operation = operations[name] as (model: Checkpoint, argument: unknown) => unknown;
    const result = await operation(decoded, argument);
    if (!isAsyncIterable(result)) return scope.postMessage({ type: "result", query, result });
    for await (const item of result) {
      if (cancelled.delete(query)) return;
      scope.postMessage({ type: "item", query, item });
    }
    scope.postMessage({ type: "result", query, result: undefined });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    scope.postMessage({ type: "error", query, message });
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
