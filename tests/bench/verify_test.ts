import { assertThrows } from "@std/assert";
import { verify } from "../../bench/verify.ts";

Deno.test("what is off by more than the tolerance, relative to the largest, is not timed", () => {
  verify("loss", [10, 0.0009], [10, 0], 1e-4);
  assertThrows(() => verify("loss", [10, 0.0011], [10, 0], 1e-4), Error, "loss: number 1 is off");
  assertThrows(() => verify("loss", [NaN], [1], 1), Error, "off by NaN");
  assertThrows(() => verify("loss", [1], [1, 2], 1), Error, "1 numbers");
});
