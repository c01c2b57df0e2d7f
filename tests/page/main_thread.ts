/** What the main thread of the page computes. */
import { assert } from "@std/assert";
import type { Page } from "./browser.ts";

/** A task in a trace of Chromium; times are in microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Time that the thread computed: less than what passed where others use the processor. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** A frame that takes longer is felt. */
const MAX_MS = 50;

/**
 * Runs a function, and asserts that no task of the main thread computes for 50 ms meanwhile.
 *
 * A busy machine stretches tasks and pauses; what the page computes does not depend on it.
 */
export async function assertNoLongTasks(page: Page, fn: () => Promise<void>): Promise<void> {
  await page.evaluate(`{
    window.longTasks = [];
    window.longTaskObserver?.disconnect();
    window.longTaskObserver = new PerformanceObserver((list) => longTasks.push(...list.getEntries()));
    longTaskObserver.observe({ type: "longtask" });
  }`);
  const browser = page.context().browser();
  await browser.startTracing(page, { categories: ["toplevel", "__metadata"] });
  await fn();
  const tasks = mainThreadTasks(new TextDecoder().decode(await browser.stopTracing()));
  const stretched = await page.evaluate<number>("longTasks.length");
  const longest = Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / 1000;
  console.log(
    `${tasks.length} tasks, the longest computed for ${longest.toFixed(0)} ms; ` +
      `${stretched} took ${MAX_MS} ms with what other programs did`,
  );
  assert(tasks.length > 50, `${tasks.length} tasks`);
  assert(longest > 0 && longest < MAX_MS, `a task computed for ${longest} ms`);
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
