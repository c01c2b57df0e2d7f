/// <reference lib="dom" />
import type {
  Argument,
  Item,
  OperationName,
  QueryReport,
  QueryRequest,
  Result,
} from "./operations.ts";
import type { ModelFile } from "./protocol.ts";
import { WorkerLink } from "./worker_link.ts";

/** Options of {@linkcode query}. */
export interface QueryOptions<Name extends OperationName> {
  /** Cancels the query; the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called with what the operation yields, as soon as it is there. */
  readonly onItem?: (item: Item<Name>) => void;
}

/** Models that were sent and that the worker still has; see `MAX_MODELS` there. */
const MAX_SENT = 4;

/** A query that was posted. */
interface Pending {
  readonly onItem: (item: unknown) => void;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Creates the worker. */
let create = () => new Worker(new URL("query_worker.js", document.baseURI), { type: "module" });
const worker = new WorkerLink<QueryRequest, QueryReport>({
  create: () => create(),
  onReport: receive,
  onFailure: (reason) => {
    const error = new Error(`The worker that queries models has failed: ${reason}`);
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
    sent = [];
  },
});
let queries = 0;
const pending = new Map<number, Pending>();
/** Ids of the models that the worker has, the latest last. */
let sent: readonly string[] = [];

/**
 * Runs an operation on a model in a worker of its own: while the model is trained in another, and
 * without blocking the page. Queries run side by side; cancel those that are out of date.
 *
 * @param model A snapshot, for example `client.model.value`.
 * @param name The operation; see operations.ts.
 * @param argument The argument of the operation, which is posted.
 * @throws {Error} with the message of the operation's error.
 *
 *     const next = await query(model, "predictNext", { prompt: "Alice wa", unknown: "skip" });
 *     const prompt = { prompt: "Alice ", unknown: "skip" } as const;
 *     await query(model, "sample", prompt, { onItem: (character) => write(character) });
 */
export function query<Name extends OperationName>(
  model: ModelFile,
  name: Name,
  argument: Argument<Name>,
  { signal, onItem = () => {} }: QueryOptions<Name> = {},
): Promise<Result<Name>> {
  signal?.throwIfAborted();
  if (!sent.includes(model.id)) {
    worker.post({ type: "model", id: model.id, file: model.file });
    sent = [...sent, model.id].slice(-MAX_SENT);
  }
  const id = ++queries;
  return new Promise<Result<Name>>((resolve, reject) => {
    pending.set(id, {
      onItem: onItem as (item: unknown) => void,
      resolve: resolve as (result: unknown) => void,
      reject,
    });
    signal?.addEventListener("abort", () => {
      if (!pending.delete(id)) return;
      worker.post({ type: "cancel", query: id });
      reject(signal.reason);
    });
    worker.post({ type: "query", query: id, model: model.id, name, argument });
  });
}

/** Sets how the worker is created, before the first query: a page that is one file holds its code. */
export function setQueryWorker(createWorker: () => Worker): void {
  create = createWorker;
}

function receive(report: QueryReport): void {
  if (report.type === "ready") return;
  const { resolve, reject, onItem } = pending.get(report.query) ?? {};
  if (report.type === "item") return onItem?.(report.item);
  pending.delete(report.query);
  if (report.type === "result") resolve?.(report.result);
  else reject?.(new Error(report.message));
}
