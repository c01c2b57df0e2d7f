import { assertEquals } from "@std/assert";
import { MessageWriter } from "../src/protobuf.ts";

const hex = (message: MessageWriter) =>
  Array.from(message.finish(), (byte) => byte.toString(16).padStart(2, "0")).join(" ");

Deno.test("MessageWriter writes the examples of the encoding's documentation", () => {
  assertEquals(hex(new MessageWriter().int(1, 150)), "08 96 01");
  assertEquals(hex(new MessageWriter().text(2, "testing")), "12 07 74 65 73 74 69 6e 67");
  const inner = new MessageWriter().int(1, 150);
  assertEquals(hex(new MessageWriter().message(3, inner)), "1a 03 08 96 01");
});

Deno.test("MessageWriter writes numbers of every size", () => {
  assertEquals(hex(new MessageWriter().int(1, 0)), "08 00");
  assertEquals(hex(new MessageWriter().int(16, 127)), "80 01 7f");
  assertEquals(hex(new MessageWriter().int(1, 2 ** 40)), "08 80 80 80 80 80 20");
  assertEquals(hex(new MessageWriter().float(2, -2)), "15 00 00 00 c0");
  assertEquals(hex(new MessageWriter().double(1, 1)), "09 00 00 00 00 00 00 f0 3f");
});

Deno.test("MessageWriter#messages() writes one message for each value", () => {
  const message = new MessageWriter().messages(1, [1, 2], (n) => new MessageWriter().int(1, n));
  assertEquals(hex(message), "0a 02 08 01 0a 02 08 02");
  assertEquals(hex(new MessageWriter()), "");
});
