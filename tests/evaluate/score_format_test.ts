import { assertEquals } from "@std/assert";
import { formatCharacter, formatNats, formatPercent } from "../../src/evaluate/score_format.ts";

Deno.test("formatCharacter() quotes, names or numbers a character", () => {
  assertEquals([..." \n\te<\u0301\u200d\x1b\u00a0🌧"].map(formatCharacter), [
    ...["space", "line break", "tab", "“e”", "“<”"],
    ...["U+0301", "U+200D", "U+001B", "U+00A0", "“🌧”"],
  ]);
});

Deno.test("formatPercent() has three significant digits", () => {
  const percents = [1, 0.5, 0.123456, 0.12, 0.000123456].map(formatPercent);
  assertEquals(percents, ["100 %", "50.0 %", "12.3 %", "12.0 %", "0.0123 %"]);
});

Deno.test("formatNats() has nats and bits, and never a minus sign", () => {
  assertEquals(formatNats(Math.LN2, 2), "0.69 nats = 1.00 bits");
  assertEquals(formatNats(150118.42, 1), "150,118.4 nats = 216,575.1 bits");
  assertEquals(formatNats(-1e-17, 1), "0.0 nats = 0.0 bits");
});
