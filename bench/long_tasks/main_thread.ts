/** What the main thread of the page computes, from a trace of Chromium. */
import type { Page } from "../../tests/page/browser.ts";

/** A task in a trace of Chromium; times are in microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Time from its begin to its end. */
  readonly dur?: number;
  /** Time that the thread computed: less than `dur` where others use the processor. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** The tasks of the main thread while something happened. */
export interface MainThreadTasks {
  readonly count: number;
  /** Milliseconds that the task computed that computed longest. */
  readonly longest: number;
  /** How many took {@linkcode LONG_TASK_MS} or more by the clock. */
  readonly long: number;
}

/** What the Long Tasks API of browsers calls a long task. */
export const LONG_TASK_MS = 50;

/** Runs a function, and returns the tasks of the page's main thread meanwhile. */
export async function traceMainThread(
  page: Page,
  fn: () => Promise<void>,
): Promise<MainThreadTasks> {
  const browser = page.context().browser();
  await browser.startTracing(page, { categories: ["toplevel", "__metadata"] });
  await fn();
  const tasks = mainThreadTasks(new TextDecoder().decode(await browser.stopTracing()));
  return {
    count: tasks.length,
    longest: Math.max(0, ...tasks.map(({ tdur = 0 }) => tdur / 1000)),
    long: tasks.filter(({ dur = 0 }) => dur / 1000 >= LONG_TASK_MS).length,
  };
}

/** Tasks of the main threads of pages, from a trace. */
function mainThreadTasks(trace: string): TraceEvent[] {
  const { traceEvents }: { readonly traceEvents: readonly TraceEvent[] } = JSON.parse(trace);
  const mainThreads = traceEvents.filter(({ name, args }) =>
    name === "thread_name" && args?.name === "CrRendererMain"
  );
  return traceEvents.filter(({ name, pid, tid }) =>
    name.endsWith("RunTask") && mainThreads.some((main) => main.pid === pid && main.tid === tid)
  );
}
