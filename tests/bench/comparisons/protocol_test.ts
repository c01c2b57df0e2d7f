import { assertEquals, assertThrows } from "@std/assert";
import { readReady, readRound, readValidation } from "../../../bench/comparisons/protocol.ts";
import { readCommand } from "../../../bench/comparisons/train_rounds.ts";

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

Deno.test("readValidation() parses a loss, and rejects other lines", () => {
  assertEquals(readValidation('{"validation_loss": 1.5}'), 1.5);
  for (const line of ['{"loss": 1.5}', '{"validation_loss": null}', "[]"]) {
    assertThrows(() => readValidation(line), Error, JSON.stringify(line));
  }
});

Deno.test("readCommand() parses the commands of the protocol, and rejects others", () => {
  assertEquals(readCommand("train 1.5\n"), { name: "train", seconds: 1.5 });
  assertEquals(readCommand("steps 10"), { name: "steps", steps: 10 });
  assertEquals(readCommand("validate"), { name: "validate" });
  assertThrows(() => readCommand("stop"), Error, '"stop"');
});
