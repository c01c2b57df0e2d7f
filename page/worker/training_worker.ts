/** The worker that trains: it receives a {@linkcode Request}, and posts {@linkcode Report}s. */
import { prepareThreads } from "../../src/mod.ts";
import type { Report, Request } from "./protocol.ts";
import { Training } from "./training.ts";

/** What is used of the scope of a dedicated worker, whose types a page does not have. */
const scope = globalThis as unknown as {
  /** The most threads; empty for one for each core. */
  readonly name: string;
  onmessage: (event: MessageEvent<Request>) => void;
  postMessage(report: Report): void;
};

const training = new Training((report) => scope.postMessage(report));
const maxThreads = scope.name === "" ? undefined : Number(scope.name);
const ready = prepareThreads(maxThreads).then((threads) =>
  scope.postMessage({ type: "ready", threads })
);

scope.onmessage = async ({ data }) => {
  // Engines share the threads that are prepared before them.
  await ready;
  await training.handle(data);
};
