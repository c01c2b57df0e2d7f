import { assertEquals, assertThrows } from "@std/assert";
import { readReady, readRound } from "../../../bench/comparisons/protocol.ts";

Deno.test("readReady() and readRound() parse the messages of a program", () => {
  assertEquals(readReady(`{"ready": "2.1"}`), { ready: "2.1" });
  const round = { chars: 50, seconds: 0.5, loss: 3.25 };
  assertEquals(readRound(JSON.stringify({ ...round, more: 1 })), round);
});

Deno.test("readReady() quotes any other line", () => {
  for (const line of ["", "Traceback:", "null", "[1]", `{"ready": 2}`]) {
    assertThrows(() => readReady(line), Error, JSON.stringify(line));
  }
});

Deno.test("readRound() rejects missing numbers and numbers out of range", () => {
  const wrong = [
    { chars: 0, seconds: 1, loss: 1 },
    { chars: 1.5, seconds: 1, loss: 1 },
    { chars: 10, seconds: 0, loss: 1 },
    { chars: 10, seconds: 1 },
    { chars: "10", seconds: 1, loss: 1 },
  ];
  for (const message of wrong) {
    const line = JSON.stringify(message);
    assertThrows(() => readRound(line), Error, JSON.stringify(line));
  }
});
