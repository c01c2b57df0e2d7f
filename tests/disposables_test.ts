import { assertEquals, assertThrows } from "@std/assert";
import { Disposables } from "../src/disposables.ts";

/** A resource that records its name when it is disposed of. */
function resource(name: string, log: string[], error?: Error): Disposable {
  return {
    [Symbol.dispose]() {
      log.push(name);
      if (error) throw error;
    },
  };
}

Deno.test("Disposables disposes of the last resource first, and of each once", () => {
  const log: string[] = [];
  {
    using opened = new Disposables();
    opened.use(resource("a", log));
    opened.use(resource("b", log));
    opened.dispose();
    assertEquals(log, ["b", "a"]);
  }
  assertEquals(log.length, 2);
});

Deno.test("Disposables.move() leaves the resources to another owner", () => {
  const log: string[] = [];
  let moved: Disposables;
  {
    using opened = new Disposables();
    opened.use(resource("a", log));
    moved = opened.move();
  }
  assertEquals(log, []);
  moved[Symbol.dispose]();
  assertEquals(log, ["a"]);
});

Deno.test("Disposables disposes of everything before it throws the first error", () => {
  const log: string[] = [];
  const opened = new Disposables();
  opened.use(resource("a", log, new Error("second")));
  opened.use(resource("b", log, new Error("first")));
  assertThrows(() => opened.dispose(), Error, "first");
  assertEquals(log, ["b", "a"]);
});
