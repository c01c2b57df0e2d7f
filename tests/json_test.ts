import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import * as v from "valibot";
import { InputError } from "../src/errors.ts";
import { parseJson, quote, validate } from "../src/json.ts";

const refusal = (text: string, depth: number) =>
  assertThrows(() => parseJson(text, depth, "It"), InputError).message;

Deno.test("what JSON.parse takes is parsed to the same value", () => {
  fc.assert(fc.property(fc.json({ stringUnit: "binary" }), (text) => {
    assertEquals(parseJson(text, 100, "It"), JSON.parse(text));
  }));
});

Deno.test("nesting is limited, and brackets in strings are none", () => {
  assertEquals(parseJson('{"a":[1]}', 2, "It"), { a: [1] });
  assertEquals(refusal('{"a":[1]}', 1), "It is nested 2 deep; it must be at most 1");
  assertEquals(parseJson('"[[{\\"[{:"', 0, "It"), '[[{"[{:');
  assertEquals(refusal("[".repeat(2 ** 22), 3), "It is nested 4194304 deep; it must be at most 3");
});

Deno.test("the number of values is limited, and commas in strings are none", () => {
  const list = (length: number) => JSON.stringify(new Array(length).fill(","));
  assertEquals(parseJson(list(4094), 1, "It"), new Array(4094).fill(","));
  assertEquals(refusal(list(4096), 1), "It has 4097 values; it must have at most 4096");
  const empties = `[${new Array(2048).fill("{}").join()}]`;
  assertEquals(refusal(empties, 2), "It has 4097 values; it must have at most 4096");
});

Deno.test("a key that stands twice in an object is refused", () => {
  const twice = "It has a key twice in one object; it must be there once";
  for (
    const text of ['{"a":1,"a":1}', '{"a":{"b":1,"\\u0062":2}}', '[{"__proto__":1,"__proto__":2}]']
  ) {
    assertEquals(refusal(text, 2), twice);
  }
  assertEquals(parseJson('[{"a":":"},{"a":{":":1}}]', 3, "It"), [{ a: ":" }, { a: { ":": 1 } }]);
});

Deno.test("what is not JSON is refused", () => {
  for (const text of ["", "{", '"', '"\\', "]", "nul", '{"a":1}x', "\ufeff{}", '"a":"b"']) {
    assertEquals(refusal(text, 3), "It is not valid JSON");
  }
});

Deno.test("a value that does not fit its schema is named, with what would be right", () => {
  const schema = v.strictObject({ size: v.number("must be a number") });
  const message = (value: unknown) =>
    assertThrows(() => validate(schema, value, "Cannot"), InputError).message;
  assertEquals(validate(schema, { size: 1 }, "Cannot"), { size: 1 });
  assertEquals(message({ size: "1" }), 'Cannot: "size" must be a number, not "1"');
  assertEquals(message({}), 'Cannot: "size" is missing');
  assertEquals(message({ size: 1, "a\nb": 1 }), 'Cannot: "a\\nb" is not a known key');
  assertEquals(message([1]), 'Cannot: "size" is missing');
  assertEquals(message(null), "Cannot: it must be an object, not null");
});

Deno.test("a quoted value is its JSON, if that is short", () => {
  fc.assert(fc.property(fc.jsonValue({ stringUnit: "grapheme-ascii" }), (value) => {
    const json = JSON.stringify(value);
    assertEquals(quote(value, json.length), json);
    for (let most = 3; most < json.length; most++) {
      assertEquals(quote(value, most), `${json.slice(0, most - 3)}...`);
    }
  }));
});

Deno.test("quoted values are short and show on one line", () => {
  assertEquals(quote([1, "a\n"]), '[1,"a\\n"]');
  assertEquals(quote("\u2028\x9b\u202e\ud800"), '"\\u{2028}\\u{9b}\\u{202e}\\ud800"');
  assertEquals(quote(undefined), "undefined");
  assertEquals(quote([NaN, null, true, { "\x1b": [] }]), '[NaN,null,true,{"\\u001b":[]}]');
  const long = { ["k".repeat(2 ** 20)]: [new Array(2 ** 12).fill("v".repeat(2 ** 20))] };
  assertEquals(quote(long), `{"${"k".repeat(55)}...`);
  assertEquals(quote("x".repeat(100), 1000), `"${"x".repeat(100)}"`);
  assertEquals(quote("x".repeat(100)), `"${"x".repeat(56)}...`);
  assertEquals(quote("x".repeat(55) + "\u{1f600}".repeat(9)), `"${"x".repeat(55)}\\u{d83d}...`);
});
