import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import * as v from "valibot";
import { InputError } from "../src/errors.ts";
import { parseJson, quote, validate } from "../src/json.ts";

const refusal = (text: string, maxDepth: number) =>
  assertThrows(() => parseJson(text, { maxDepth }), InputError).message;

Deno.test("parseJson() equals JSON.parse()", () => {
  fc.assert(fc.property(fc.json({ stringUnit: "binary" }), (text) => {
    assertEquals(parseJson(text, { maxDepth: 100 }), JSON.parse(text));
  }));
});

Deno.test("parseJson() limits the depth, not counting brackets in strings", () => {
  assertEquals(parseJson('{"a":[1]}', { maxDepth: 2 }), { a: [1] });
  assertEquals(refusal('{"a":[1]}', 1), "it is nested 2 deep; it must be at most 1");
  assertEquals(parseJson('"[[{\\"[{:"', { maxDepth: 0 }), '[[{"[{:');
  assertEquals(refusal("[".repeat(2 ** 22), 3), "it is nested 4194304 deep; it must be at most 3");
});

Deno.test("parseJson() limits the number of values, not counting commas in strings", () => {
  const list = (length: number) => JSON.stringify(new Array(length).fill(","));
  assertEquals(parseJson(list(4094), { maxDepth: 1 }), new Array(4094).fill(","));
  assertEquals(refusal(list(4096), 1), "it has 4097 values; it must have at most 4096");
  const empties = `[${new Array(2048).fill("{}").join()}]`;
  assertEquals(refusal(empties, 2), "it has 4097 values; it must have at most 4096");
});

Deno.test("parseJson() rejects duplicate keys", () => {
  const twice = "it has a duplicate key in an object; keys must be unique";
  for (
    const text of ['{"a":1,"a":1}', '{"a":{"b":1,"\\u0062":2}}', '[{"__proto__":1,"__proto__":2}]']
  ) {
    assertEquals(refusal(text, 2), twice);
  }
  assertEquals(parseJson('[{"a":":"},{"a":{":":1}}]', { maxDepth: 3 }), [{ a: ":" }, {
    a: { ":": 1 },
  }]);
});

Deno.test("parseJson() rejects invalid JSON", () => {
  for (const text of ["", "{", '"', '"\\', "]", "nul", '{"a":1}x', "\ufeff{}", '"a":"b"']) {
    assertEquals(refusal(text, 3), "it is not valid JSON");
  }
});

Deno.test("validate() names the first key that is wrong, and sets it as option", () => {
  const schema = v.strictObject({ size: v.number("must be a number") });
  const message = (value: unknown) =>
    assertThrows(() => validate(schema, value), InputError).message;
  assertEquals(validate(schema, { size: 1 }), { size: 1 });
  assertEquals(message({ size: "1" }), '"size" must be a number, not "1"');
  assertEquals(message({}), '"size" is missing');
  assertEquals(message({ size: 1, "a\nb": 1 }), '"a\\nb" is not a known key');
  assertEquals(message([1]), '"size" is missing');
  assertEquals(message(null), "it must be an object, not null");
  assertEquals(assertThrows(() => validate(schema, {}), InputError).option, "size");
});

Deno.test("quote() formats a short value as JSON", () => {
  fc.assert(fc.property(fc.jsonValue({ stringUnit: "grapheme-ascii" }), (value) => {
    const json = JSON.stringify(value);
    assertEquals(quote(value, json.length), json);
    for (let length = 3; length < json.length; length++) {
      assertEquals(quote(value, length), `${json.slice(0, length - 3)}...`);
    }
  }));
});

Deno.test("quote() shortens a long value, and escapes what is invisible", () => {
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
