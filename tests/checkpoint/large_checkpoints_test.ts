/** The memory for decoding large files: at most twice their length, plus 2 MiB. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/checkpoint.ts";
import { checkpointOf } from "./checkpoints.ts";
import { rawFile } from "./files.ts";

/** An allowance for errors, small objects and the compiler. */
const FREE_BYTES = 2 ** 21;

/** The message with which a file is rejected, if it is. */
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
 * Asserts that decoding a file allocates at most twice its length, including what is freed again.
 * The maximum of several runs is that of one without garbage collection.
 */
async function assertFrugal(what: string, bytes: Uint8Array): Promise<void> {
  let max = 0;
  for (let run = 0; run < 5; run++) {
    const before = Deno.memoryUsage();
    await read(bytes);
    const after = Deno.memoryUsage();
    const allocated = after.heapUsed + after.external - before.heapUsed - before.external;
    max = Math.max(max, allocated);
  }
  const times = (max / bytes.length).toFixed(2);
  assert(max <= 2 * bytes.length + FREE_BYTES, `${what}: ${max} bytes, ${times} times the file`);
}

Deno.test("decodeCheckpoint() takes at most twice the length of a file with a large header", async () => {
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

Deno.test("decodeCheckpoint() takes at most twice the length of a large model", async () => {
  for (const precision of ["f32", "f64"] as const) {
    const checkpoint = checkpointOf("hello", { hidden: 600, precision });
    const bytes = await encodeCheckpoint(checkpoint);
    assertEquals(await read(bytes), "it was read");
    await assertFrugal(precision, bytes);
  }
});
