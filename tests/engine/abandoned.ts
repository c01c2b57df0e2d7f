/** Creates 80 engines of two threads that nothing disposes of; prints the threads at most. */

import { Engine } from "../../src/engine/mod.ts";

declare const gc: () => void;

const countThreads = () => {
  const status = Deno.readTextFileSync("/proc/self/status");
  return Number(/^Threads:\s+(\d+)/m.exec(status)![1]);
};

const before = countThreads();
let most = before;
for (let i = 1; i <= 80; i++) {
  const engine = new Engine({
    ...{ precision: "f32", threads: 2 },
    ...{ inputs: 3, hidden: 4, outputs: 3, seqLength: 2, batchSize: 2 },
  });
  engine.forward();
  if (i % 10 > 0) continue;
  gc();
  // Finalizers run, and threads end, between turns of the event loop.
  await new Promise((resolve) => setTimeout(resolve, 20));
  most = Math.max(most, countThreads());
}
console.log(most - before);
