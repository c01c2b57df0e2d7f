/** The thread of a rank. */
import { LocalExchange, type SharedMailboxes } from "./local_exchange.ts";
import type { RankTask } from "./ranks.ts";

const scope = self as unknown as {
  onmessage: (
    event: MessageEvent<{ shared: SharedMailboxes; rank: number; task: RankTask }>,
  ) => void;
  postMessage(message: unknown): void;
};

scope.onmessage = async ({ data: { shared, rank, task } }) => {
  try {
    const run = (await import(task.module))[task.name];
    scope.postMessage("listening");
    scope.postMessage({ result: await run(new LocalExchange(shared, rank), task.args) });
  } catch (error) {
    scope.postMessage("listening");
    scope.postMessage({ error: error instanceof Error ? error.stack : String(error) });
  }
};
