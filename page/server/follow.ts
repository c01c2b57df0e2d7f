/**
 * Answers requests below `/runs/`: what the run folders that the page follows hold, and what changes
 * in them, as server-sent events. It reads, and writes nothing.
 */
import { readCheckpointMetadata } from "../../src/files/mod.ts";
import { readRun } from "../../src/run/mod.ts";
import { EVENTS_PATH, type FollowedFolder, type FollowEvent } from "./follow_protocol.ts";
import { RunObserver } from "./run_observer.ts";

/** Time between two looks at the run folders. */
const POLL_MS = 500;
/** Time after which a stream without events sends a comment, which finds out that it was closed. */
const COMMENT_MS = 10_000;

const headers = {
  "cache-control": "no-store",
  "cross-origin-resource-policy": "same-origin",
  "x-content-type-options": "nosniff",
};

/**
 * Answers requests below `/runs/` about the run folders that the page follows.
 *
 * @param request The request, which was not refused; see {@linkcode refuse}.
 * @param runs Paths of run folders, from the current folder.
 */
export async function follow(request: Request, runs: readonly string[]): Promise<Response> {
  const url = new URL(request.url);
  if (url.pathname === EVENTS_PATH) return streamEvents(request, runs);
  const [, number, which] = /^\/runs\/(\d{1,4})\/(best|latest)\.safetensors$/.exec(url.pathname) ??
    [];
  const path = runs[Number(number)];
  if (path === undefined) return problem(404, "There is nothing at this address");
  const version = url.searchParams.get("version");
  return await sendCheckpoint(path, { which: which as "best" | "latest", version });
}

function problem(status: number, text: string): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { ...headers, "content-type": "text/plain; charset=utf-8" },
  });
}

/** A name for each run: the last part of its path, or all of it if another run has the same. */
export function foldersOf(paths: readonly string[]): FollowedFolder[] {
  const lasts = paths.map((path) => path.replace(/[/\\]+$/, "").split(/[/\\]/).at(-1) || path);
  return paths.map((path, run) => {
    const last = lasts[run]!;
    const isUnique = lasts.indexOf(last) === lasts.lastIndexOf(last) && !/^\.*$/.test(last);
    return { run, name: isUnique ? last : path, path };
  });
}

/** What has changed in the runs, until the signal aborts; the first pass yields all that they hold. */
async function* observe(
  runs: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<FollowEvent | null> {
  yield { type: "runs", runs: foldersOf(runs) };
  const observers = runs.map((path, run) => new RunObserver(run, path));
  while (!signal.aborted) {
    for (const observer of observers) yield* observer.changes();
    yield null;
    await wait(POLL_MS, signal);
  }
}

function streamEvents(request: Request, runs: readonly string[]): Response {
  const controller = new AbortController();
  const events = observe(runs, controller.signal);
  const encoder = new TextEncoder();
  let sentAt = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(stream) {
      // One event at a time: a slow reader is sent as much as it reads.
      while (true) {
        const { done, value } = await events.next();
        if (done) {
          stream.close();
          return;
        }
        const now = performance.now();
        if (value === null && now - sentAt < COMMENT_MS) continue;
        sentAt = now;
        // JSON has no line ends.
        const text = value === null ? ":\n\n" : `data: ${JSON.stringify(value)}\n\n`;
        stream.enqueue(encoder.encode(text));
        return;
      }
    },
    async cancel() {
      controller.abort();
      await events.return(undefined);
    },
  }, { highWaterMark: 0 });
  return new Response(request.method === "HEAD" ? null : body, {
    headers: { ...headers, "content-type": "text/event-stream" },
  });
}

/**
 * Sends a checkpoint as it is, if it still is the one that the page asks for: the page checks it as
 * untrusted input.
 */
async function sendCheckpoint(
  path: string,
  { which, version }: { readonly which: "best" | "latest"; readonly version: string | null },
): Promise<Response> {
  const currentFile = () => {
    try {
      const found = readRun(path)[which];
      return found?.version === version ? found : null;
    } catch {
      return null;
    }
  };
  // It was replaced or removed: an event says so, if the page has not received it yet.
  const replaced = () => new Response(null, { status: 204, headers });
  const found = currentFile();
  if (found === null) return replaced();
  let file: Deno.FsFile | undefined;
  try {
    // What is no checkpoint is not sent, whatever its name.
    await readCheckpointMetadata(path, { which });
    file = await Deno.open(found.path);
    const { size } = await file.stat();
    if (currentFile() === null) return replaced();
    const body = file.readable;
    file = undefined;
    return new Response(body, {
      headers: {
        ...headers,
        "content-type": "application/octet-stream",
        "content-length": String(size),
      },
    });
  } catch (error) {
    if (currentFile() === null) return replaced();
    return problem(409, error instanceof Error ? error.message : String(error));
  } finally {
    file?.close();
  }
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, signal.aborted ? 0 : ms);
    signal.addEventListener("abort", end);
  });
}
