import { assert, assertEquals } from "@std/assert";
import { runInSlices, runToEnd } from "../src/event_loop.ts";

/** An iterator of that many pieces of work, each of a millisecond. */
function* work(pieces: number): Generator<number, string> {
  for (let piece = 0; piece < pieces; piece++) {
    const begin = performance.now();
    while (performance.now() - begin < 1);
    yield piece;
  }
  return "done";
}

Deno.test("runInSlices() returns the iterator's value, and timers fire while it runs", async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  assertEquals(await runInSlices(work(300)), "done");
  clearInterval(timer);
  assert(turns >= 2, `${turns} turns`);
});

Deno.test("runInSlices() stops soon after the signal, and does not start after it", async () => {
  const controller = new AbortController();
  const pieces = work(100_000);
  const timer = setTimeout(() => controller.abort(), 20);
  assertEquals(await runInSlices(pieces, controller.signal), undefined);
  clearTimeout(timer);
  assert(Number(pieces.next().value) < 5000);
  const untouched = work(3);
  assertEquals(await runInSlices(untouched, controller.signal), undefined);
  assertEquals(untouched.next().value, 0);
});

Deno.test("runToEnd() returns the iterator's value", () => {
  assertEquals(runToEnd(work(3)), "done");
});
