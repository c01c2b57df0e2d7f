/** What large files take to be read or refused: no more memory than twice their size, and a little. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/checkpoint.ts";
import { checkpointOf } from "./checkpoints.ts";
import { rawFile } from "./files.ts";

/** What errors, small objects and the compiler may take. */
const FREE_BYTES = 2 ** 21;

/** The line with which a file is refused, if it is. */
async function read(bytes: Uint8Array): Promise<string> {
  try {
    await decodeCheckpoint(bytes);
    return "it was read";
  } catch (error) {
    assert(error instanceof InputError, String(error));
    assert(error.message.length < 300);
    return error.message;
  }
}

/**
 * Asserts that reading a file makes no more than twice its length of arrays, strings and objects,
 * even of what is thrown away. Of several goes the one counts in which no garbage was collected.
 */
async function assertFrugal(what: string, bytes: Uint8Array): Promise<void> {
  let most = 0;
  for (let go = 0; go < 5; go++) {
    const before = Deno.memoryUsage();
    await read(bytes);
    const after = Deno.memoryUsage();
    const made = after.heapUsed + after.external - before.heapUsed - before.external;
    most = Math.max(most, made);
  }
  const times = (most / bytes.length).toFixed(2);
  assert(most <= 2 * bytes.length + FREE_BYTES, `${what}: ${most} bytes, ${times} times the file`);
}

Deno.test("a large header is refused or read within twice the memory of the file", async () => {
  const length = 2 ** 21 - 8;
  const data = new Uint8Array(3 * length + 24);
  const all = `"t":{"dtype":"F32","shape":[${data.length / 4}],"data_offsets":[0,${data.length}]}`;
  const strings = (text: string) => `{${all},"__metadata__":{"format":${text}}}`.padEnd(length);
  const long = "x".repeat(length - 300);
  const headers: readonly (readonly [string, string, RegExp])[] = [
    ["one long string", strings(`"${long}"`), /: its format "x{56}\.\.\. is unknown; /],
    ["characters of two bytes", strings(`"☃${long}"`), /: its format "☃x{55}\.\.\. is unknown; /],
    [
      "escapes",
      strings(`"${"\\u0000".repeat(length / 7)}"`),
      /: its format "\\u0000.*\.\.\. is unknown; /,
    ],
    [
      "much to compare with a checksum",
      strings(`"unroll-checkpoint-2","checksum":"","☃":"${long}"`),
      /: its contents do not match its checksum; /,
    ],
    ["a long string where none belongs", `{"a":["${long}"]}`, /"a".*: "dtype" is missing$/],
    ["a long string among what is no metadata", strings(`["${long}"]`), /whose values are strings/],
    ["a long name", `{"${long}":{}}`, /: "dtype" is missing$/],
    ["a long key of an entry", `{"a":{"${long}":1}}`, /: "dtype" is missing$/],
    ["many tensors", `{${'"a":{},'.repeat(length / 8)}"b":{}}`, /header has \d+ values; /],
    ["many dimensions", `{"a":[${"1,".repeat(length / 2 - 9)}1]}`, /header has \d+ values; /],
    ["many brackets", "{".repeat(length), /is nested 2097144 deep; /],
    ["many quotes", `{${'"'.repeat(length - 2)}`, /is not valid JSON$/],
  ];
  for (const [what, header, line] of headers) {
    const bytes = rawFile(header, data);
    assertMatch(await read(bytes), line, what);
    await assertFrugal(what, bytes);
  }
});

Deno.test("a large model is read within twice the memory of the file", async () => {
  for (const precision of ["f32", "f64"] as const) {
    const checkpoint = checkpointOf("hello", { hidden: 600, precision });
    const bytes = await encodeCheckpoint(checkpoint);
    assertEquals(await read(bytes), "it was read");
    await assertFrugal(precision, bytes);
  }
});
