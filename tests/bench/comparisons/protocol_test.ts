import { assertEquals, assertThrows } from "@std/assert";
import { readReady, readRound } from "../../../bench/comparisons/protocol.ts";

Deno.test("a program's answers are read", () => {
  assertEquals(readReady(`{"ready": "2.1"}`), { ready: "2.1" });
  const round = { chars: 50, seconds: 0.5, loss: 3.25 };
  assertEquals(readRound(JSON.stringify({ ...round, more: 1 })), round);
});

Deno.test("anything else a program writes is quoted in the error", () => {
  for (const line of ["", "Traceback:", "null", "[1]", `{"ready": 2}`]) {
    assertThrows(() => readReady(line), Error, JSON.stringify(line));
  }
  const wrong = [
    { chars: 0, seconds: 1, loss: 1 },
    { chars: 1.5, seconds: 1, loss: 1 },
    { chars: 10, seconds: 0, loss: 1 },
    { chars: 10, seconds: 1 },
    { chars: "10", seconds: 1, loss: 1 },
  ];
  for (const answer of wrong) {
    assertThrows(() => readRound(JSON.stringify(answer)), Error, "Cannot use a program's answer");
  }
});
