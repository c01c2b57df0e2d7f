import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type Tensor,
} from "../../src/checkpoint/safetensors.ts";
import { readHeaderLength } from "../../src/checkpoint/safetensors_header.ts";
import { rawFile, readByHand } from "./files.ts";

const bytesOf = ({ data }: Tensor) =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();

const anyTensor: fc.Arbitrary<Tensor> = fc.array(fc.nat(4), { maxLength: 3 }).chain((shape) => {
  const length = shape.reduce((product, n) => product * n, 1);
  const same = { minLength: length, maxLength: length };
  return fc.oneof(fc.float32Array(same), fc.float64Array(same)).map((data) => ({ shape, data }));
});

const strings = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("__proto__", "constructor", "0", "1", "\n", '"', "\ud800"),
);
const entriesOf = <T>(values: fc.Arbitrary<T>) =>
  fc.uniqueArray(fc.tuple(strings, values), { maxLength: 6, selector: ([name]) => name });

Deno.test("decodeSafetensors() undoes encodeSafetensors() bit by bit", () => {
  fc.assert(fc.property(entriesOf(anyTensor), entriesOf(strings), (entries, metadata) => {
    const tensors = Object.fromEntries(entries);
    const bytes = encodeSafetensors(tensors, Object.fromEntries(metadata));
    const decoded = decodeSafetensors(bytes);
    assertEquals(new Map(Object.entries(decoded.metadata)), new Map(metadata));
    assertEquals(decoded.tensors.size, entries.length);
    for (const [name, tensor] of entries) {
      const found = decoded.tensors.get(name)!;
      assertEquals(found.shape, tensor.shape);
      assertEquals(found.data.constructor, tensor.data.constructor);
      assertEquals(bytesOf(found), bytesOf(tensor));
    }
  }));
});

Deno.test("decodeSafetensors() reads headers of every length, also those that begin like a pickle", () => {
  const data = Float32Array.from([1, 2]);
  for (let length = 0; length < 1500; length++) {
    const metadata = { key: "x".repeat(length) };
    const bytes = encodeSafetensors({ w: { shape: [2], data } }, metadata);
    assertEquals(decodeSafetensors(bytes).metadata, metadata);
  }
  const pickle = Uint8Array.from([0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a]);
  assertThrows(() => decodeSafetensors(pickle), InputError, "pickle");
  const zip = Uint8Array.from([0x50, 0x4b, 3, 4, 0, 0, 8, 8, 0, 0, 0, 0]);
  assertThrows(() => decodeSafetensors(zip), InputError, "zip archive");
});

Deno.test("encodeSafetensors() is read by an independent reader, with aligned tensors", () => {
  fc.assert(fc.property(entriesOf(anyTensor), (entries) => {
    const bytes = encodeSafetensors(Object.fromEntries(entries), { key: "value" });
    const { metadata, tensors, dataStart } = readByHand(bytes);
    assertEquals(metadata, { key: "value" });
    assertEquals(dataStart % 8, 0);
    assertEquals(tensors.size, entries.length);
    for (const [name, { shape, data }] of entries) {
      const found = tensors.get(name)!;
      assertEquals(found.shape, [...shape]);
      assertEquals(found.numbers, [...data]);
      assertEquals(found.begin % data.BYTES_PER_ELEMENT, 0);
    }
  }));
});

Deno.test("encodeSafetensors() writes the bytes of the format", () => {
  const bytes = encodeSafetensors({
    a: { shape: [1, 2], data: new Float32Array([1, -2]) },
    b: { shape: [], data: new Float64Array([0.5]) },
  }, { k: "é" });
  const header = '{"__metadata__":{"k":"é"},' +
    '"b":{"dtype":"F64","shape":[],"data_offsets":[0,8]},' +
    '"a":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]}}';
  const text = new TextEncoder().encode(header);
  const padding = new Array<number>(-text.length & 7).fill(0x20);
  const length = [text.length + padding.length, 0, 0, 0, 0, 0, 0, 0];
  const numbers = [0, 0, 0, 0, 0, 0, 0xe0, 0x3f, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0];
  assertEquals([...bytes], [...length, ...text, ...padding, ...numbers]);
});

Deno.test("encodeSafetensors() and decodeSafetensors() copy from and to any memory", () => {
  const shared = new Float64Array(new SharedArrayBuffer(40), 8, 3).fill(7);
  const file = encodeSafetensors({ a: { shape: [3], data: shared } }, {});
  const shifted = new Uint8Array(new SharedArrayBuffer(file.length + 3), 3);
  shifted.set(file);
  const { data } = decodeSafetensors(shifted).tensors.get("a")!;
  shifted.fill(0xff);
  shared.fill(0);
  assertEquals(data, new Float64Array([7, 7, 7]));
  assert(data.buffer instanceof ArrayBuffer);
});

Deno.test("decodeSafetensors() accepts any order, spaces, no metadata and an unaligned header", () => {
  const b = '"b":{"data_offsets":[8,12],"shape":[1],"dtype":"F32"}';
  const a = '"a":{"shape":[2],"dtype":"F32","data_offsets":[0,8]}';
  const none = '"n":{"shape":[0,5],"dtype":"F32","data_offsets":[8,8]}';
  const data = new Uint8Array(new Float32Array([1, 2, 3]).buffer);
  const decoded = decodeSafetensors(rawFile(`{ ${b},\n${none},\t${a}}   `, data));
  assertEquals([...decoded.tensors.keys()], ["a", "n", "b"]);
  assertEquals(decoded.tensors.get("b")!.data, new Float32Array([3]));
  assertEquals(decoded.tensors.get("n"), { shape: [0, 5], data: new Float32Array() });
  assertEquals(decoded.metadata, {});
  assertEquals(decodeSafetensors(rawFile("{}", new Uint8Array())).tensors.size, 0);
});

/** The message with which a file is rejected. */
function refusal(bytes: Uint8Array): string {
  return assertThrows(() => decodeSafetensors(bytes), InputError).message;
}

Deno.test("readHeaderLength() limits the length of the header before it is used", () => {
  const withLength = (length: bigint, rest: number) => {
    const bytes = new Uint8Array(8 + rest);
    new DataView(bytes.buffer).setBigUint64(0, length, true);
    return bytes;
  };
  const tooLong = (length: bigint, max: number) =>
    `it is not a complete safetensors file: its first 8 bytes declare a header of ${length} bytes, ` +
    `and it can have at most ${max}; it must be a checkpoint or weights`;
  assertEquals(refusal(new Uint8Array()), "it is empty; it must be a safetensors file");
  assertEquals(
    refusal(new Uint8Array(9)),
    "it has 9 bytes; a safetensors file has at least 10",
  );
  for (const length of [2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
    assertEquals(
      refusal(withLength(length, 2)),
      "it is not a safetensors file; it must be a checkpoint or weights",
    );
  }
  for (const length of [3n, 1_000_000n]) {
    assertEquals(refusal(withLength(length, 2)), tooLong(length, 2));
  }
  // 128 KiB more than a quarter of the file, and never above 16 MiB.
  for (
    const [rest, max] of [
      [2 ** 17 - 1, 2 ** 17 - 1],
      [2 ** 18 + 3, 2 ** 17 + 2 ** 16],
      [2 ** 18 + 4, 2 ** 17 + 2 ** 16 + 1],
      [2 ** 26 - 2 ** 19 - 1, 2 ** 24 - 1],
      [2 ** 40, 2 ** 24],
    ] as const
  ) {
    const start = (length: number) => withLength(BigInt(length), 0);
    assertEquals(readHeaderLength(start(max), 8 + rest), max);
    const { message } = assertThrows(
      () => readHeaderLength(start(max + 1), 8 + rest),
      InputError,
    );
    assertEquals(message, tooLong(BigInt(max + 1), max));
  }
});

Deno.test("decodeSafetensors() rejects an invalid header", () => {
  const file = (header: string) => rawFile(header, new Uint8Array());
  const notBrace = 'its header does not begin with "{"; it must be a safetensors file';
  for (const header of [" {}", "\ufeff{}", "[]", "null", "\0\0"]) {
    assertEquals(refusal(file(header)), notBrace);
  }
  assertEquals(refusal(file("{} {}")), "its header is not valid JSON");
  assertEquals(refusal(file('{"a":[[[]]]}')), "its header is nested 4 deep; it must be at most 3");
  assertEquals(
    refusal(file('{"__metadata__":{"a":"1","a":"2"}}')),
    "its header has a duplicate key in an object; keys must be unique",
  );
  const bad = file("{}");
  bad[8] = 0xff;
  assertEquals(refusal(bad), "its header is not UTF-8; it must be a safetensors file");
  for (const metadata of ["null", "[]", '"a"', '{"a":1}', '{"a":null}']) {
    assertEquals(
      refusal(file(`{"__metadata__":${metadata}}`)),
      `the header's "__metadata__" must be an object whose values are strings, not ${metadata}`,
    );
  }
});

Deno.test("decodeSafetensors() rejects 16 MiB of brackets or commas before parsing", () => {
  // JSON.parse would throw another error, out of stack or of memory.
  const data = new Uint8Array(3 * 2 ** 24);
  assertMatch(
    refusal(rawFile('{"a":'.padEnd(2 ** 24, "["), data)),
    /^its header is nested 16777212 deep/,
  );
  assertMatch(
    refusal(rawFile('{"a":['.padEnd(2 ** 24 - 3, "0,") + "0]}", data)),
    /^its header has 8388606 values; it must have at most 4096$/,
  );
});

Deno.test("decodeSafetensors() rejects an entry that is incomplete, unknown or inexact", () => {
  const entry = (fields: Record<string, unknown>, bytes = 8) =>
    refusal(rawFile(
      JSON.stringify({ t: { dtype: "F32", shape: [2], data_offsets: [0, 8], ...fields } }),
      new Uint8Array(bytes),
    )).replace('the header\'s "t"', "t");
  assertEquals(entry({ dtype: "BF16" }), 't: "dtype" must be F32 or F64, not "BF16"');
  assertEquals(entry({ dtype: undefined }), 't: "dtype" is missing');
  assertEquals(entry({ x: 1 }), 't: "x" is not a known key');
  assertEquals(entry({ shape: 2 }), 't: "shape" must be a list of whole numbers, not 2');
  for (const n of [-1, 1.5, 2 ** 53, "2", null]) {
    assertEquals(
      entry({ shape: [1, n] }),
      `t: "shape.1" must be a whole number, 0 or above, not ${JSON.stringify(n)}`,
    );
    assertEquals(
      entry({ data_offsets: [0, n] }),
      `t: "data_offsets.1" must be a whole number, 0 or above, not ${JSON.stringify(n)}`,
    );
  }
  for (const offsets of [[0], [0, 4, 8], {}]) {
    assertMatch(entry({ data_offsets: offsets }), /^t: "data_offsets(\.\d)?" must be /);
  }
  assertEquals(
    entry({ shape: [3] }),
    "t has the data from byte 0 to 8; its shape [3] of F32 takes 12 bytes",
  );
  assertEquals(
    entry({ data_offsets: [8, 0] }),
    "t has the data from byte 8 to 0; its shape [2] of F32 takes 8 bytes",
  );
  // Products that wrap to 8 bytes or to none in 64 bits, or lose digits in double precision.
  for (
    const shape of [[2 ** 32, 2 ** 32, 2], [2 ** 52, 2 ** 12], [94906267, 94906267], [2 ** 51 + 2]]
  ) {
    assertEquals(
      entry({ shape }),
      `t has the data from byte 0 to 8; its shape ${JSON.stringify(shape)} of F32 takes more ` +
        "bytes than a file can have",
    );
  }
  // A factor 0 at the end does not make an overflowed product valid.
  assertEquals(
    entry({ shape: [2 ** 52, 2 ** 52, 0], data_offsets: [0, 0] }, 0),
    "t has the data from byte 0 to 0; its shape [4503599627370496,4503599627370496,0] of F32 " +
      "takes more bytes than a file can have",
  );
});

Deno.test("decodeSafetensors() requires contiguous, aligned tensors up to the end of the file", () => {
  const file = (bytes: number, ...tensors: readonly (readonly [string, number, number])[]) =>
    rawFile(
      JSON.stringify(Object.fromEntries(tensors.map(([dtype, begin, end], i) => {
        const shape = [(end - begin) / (dtype === "F64" ? 8 : 4)];
        return [`t${i}`, { dtype, shape, data_offsets: [begin, end] }];
      }))),
      new Uint8Array(bytes),
    );
  assertEquals(decodeSafetensors(file(8, ["F32", 4, 8], ["F32", 0, 4])).tensors.size, 2);
  const misplaced = (begin: number, right: number) =>
    `the data of "t1" begin at byte ${begin}; they must begin at ${right}, where the previous tensor ends`;
  assertEquals(refusal(file(12, ["F32", 0, 4], ["F32", 8, 12])), misplaced(8, 4));
  assertEquals(refusal(file(12, ["F32", 0, 8], ["F32", 4, 12])), misplaced(4, 8));
  assertEquals(refusal(file(8, ["F32", 0, 8], ["F32", 0, 8])), misplaced(0, 8));
  for (const bytes of [4, 7, 9, 16, 0]) {
    assertEquals(
      refusal(file(bytes, ["F32", 0, 8])),
      `its tensors take 8 bytes, but ${bytes} follow the header; ` +
        "the file is incomplete or has extra bytes",
    );
  }
  assertEquals(
    refusal(file(12, ["F32", 0, 4], ["F64", 4, 12])),
    'the header\'s "t1" begins at byte 4; that must be a multiple of 8',
  );
});

Deno.test("encodeSafetensors() rejects what would not be a valid file", () => {
  const data = new Float32Array(6);
  for (const shape of [[5], [2, 4], [2, 3, 0], [-2, -3], [1.5, 4]]) {
    assertThrows(() => encodeSafetensors({ a: { shape, data } }, {}), RangeError, "must agree");
  }
  assertThrows(
    () => encodeSafetensors({ __metadata__: { shape: [6], data } }, {}),
    RangeError,
    "must not be __metadata__",
  );
  assertThrows(
    () => encodeSafetensors({}, { long: "x".repeat(2 ** 20) }),
    RangeError,
    "must have at most 393224",
  );
});
