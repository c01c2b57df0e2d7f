import { assertThrows } from "@std/assert";
import { verify } from "../../bench/verify.ts";

Deno.test("verify() allows errors up to the tolerance, relative to the largest magnitude", () => {
  const options = { name: "loss", tolerance: 1e-4 };
  verify([10, 0.0009], [10, 0], options);
  assertThrows(() => verify([10, 0.0011], [10, 0], options), Error, "loss: element 1");
});

Deno.test("verify() rejects NaN and wrong lengths", () => {
  const options = { name: "loss", tolerance: 1 };
  assertThrows(() => verify([NaN], [1], options), Error, "NaN");
  assertThrows(() => verify([1], [1, 2], options), Error, "1 numbers");
  assertThrows(() => verify([1, 2], [1], options), Error, "2 numbers");
});
