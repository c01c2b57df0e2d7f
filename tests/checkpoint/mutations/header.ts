/** Wrong headers, and equivalent ones. The data are unchanged, and the checksum is right. */

import { rawFile, readByHand } from "../files.ts";
import { type Dice, limitNumbers, type Mutation, type Parts, partsOf } from "./draft.ts";

const dtypes = "BOOL U8 I8 F8_E5M2 F8_E4M3 I16 U16 F16 BF16 I32 U32 I64 U64 C64 f32 F32\u0000"
  .split(" ").map((name) => JSON.stringify(name));
/** JSON of every type, some of it deep, some with control characters. */
const wrongValues: readonly string[] = [
  ...["null", "true", '""', "{}", "[]", "[[]]", '"4"', "-1", "1.5", "1e-9", '{"__proto__":4}'],
  ...[
    "[[[[]]]]",
    `${"[".repeat(9000)}${"]".repeat(9000)}`,
    `${'{"a":'.repeat(99)}1${"}".repeat(99)}`,
  ],
  ...['"\\u001b[2J\\u0007"', '"\u009b\u2028\u202e"', '"\\ud800"', JSON.stringify("x".repeat(9000))],
];
/** Names that no tensor of a checkpoint has, as JSON. */
const wrongNames: readonly string[] = [
  ...["", "__proto__", "constructor", "toString", "__metadata__ ", "rnn.weight_ih_l1", "state"],
  ...[
    "state.hidden.",
    "adagrad.sum.",
    "adagrad.sum.x",
    "a\n\x1b[31mred",
    "\ud800",
    "x".repeat(9000),
  ],
].map((name) => JSON.stringify(name));

/** Entries of tensors with another type, shape or offsets. */
export function* wrongEntries(file: Uint8Array): Generator<Mutation> {
  const parts = partsOf(file);
  for (const [name, { dtype, shape, begin, bytes: { length } }] of readByHand(file).tensors) {
    const type = JSON.stringify(dtype);
    const [first, last] = [String(begin), String(begin + length)];
    const other = JSON.stringify(dtype === "F32" ? "F64" : "F32");
    const entries: string[] = [
      ...[...dtypes, ...wrongValues, other].map((wrong) => entry(wrong, shape, first, last)),
      ...wrongValues.map((wrong) => entry(type, wrong, first, last)),
      ...wrongValues.map((wrong) => entry(type, shape, wrong, last)),
      ...wrongValues.map((wrong) => entry(type, shape, first, wrong)),
    ];
    for (const wrong of limitNumbers) {
      entries.push(
        entry(type, [wrong, ...shape.slice(1)], first, last),
        entry(type, [...shape, wrong], first, last),
        entry(type, [0, wrong], first, first),
        entry(type, [wrong, wrong, 0], first, first),
        entry(type, shape, wrong, last),
        entry(type, shape, first, wrong),
        entry(type, shape, wrong, wrong),
      );
    }
    for (const by of [-9, -8, -4, -1, 1, 4, 8, 9]) {
      entries.push(
        entry(type, shape, String(begin + by), last),
        entry(type, shape, first, String(begin + length + by)),
        entry(type, shape, String(begin + by), String(begin + length + by)),
      );
    }
    entries.push(
      entry(type, shape, last, first),
      entry(type, [...shape, 1], first, last),
      entry(type, new Array(4000).fill(1), first, last),
      entry(type, new Array(9000).fill(1), first, last),
    );
    for (const wrong of [...wrongValues, "[0]", `[${first},${last},${last}]`]) {
      entries.push(`{"dtype":${type},"shape":[${shape}],"data_offsets":${wrong}}`);
    }
    for (const wrong of [...entries, ...wrongValues]) {
      yield changed(parts, `entry of ${name}`, entryOf(parts, name), wrong);
    }
  }
}

type Json = string | readonly (string | number)[];

function entry(dtype: string, shape: Json, begin: string, end: string): string {
  const dimensions = typeof shape === "string" ? shape : `[${shape}]`;
  return `{"dtype":${dtype},"shape":${dimensions},"data_offsets":[${begin},${end}]}`;
}

/** The text of an entry in the header, without its name. */
function entryOf({ header }: Parts, name: string): string {
  const start = header.indexOf(`"${name}":{`) + name.length + 3;
  return header.slice(start, header.indexOf("}", start) + 1);
}

/** Replaces a part of the header that occurs exactly once. */
function changed(
  { header, data }: Parts,
  what: string,
  from: string,
  to: string,
  fate: Mutation["fate"] = "refused",
): Mutation {
  if (header.split(from).length !== 2) throw new Error(`${from} does not occur exactly once`);
  const bytes = rawFile(header.replace(from, () => to), data);
  return { what: `${what}: ${to.slice(0, 200)}`, bytes, fate };
}

/** Keys that are duplicate, missing, unknown or escaped. */
export function* wrongKeys(file: Uint8Array): Generator<Mutation> {
  const parts = partsOf(file);
  for (const name of readByHand(file).tensors.keys()) {
    const entry = entryOf(parts, name);
    const whole = `"${name}":${entry}`;
    const escaped = `\\u${name.charCodeAt(0).toString(16).padStart(4, "0")}${name.slice(1)}`;
    const last = parts.header.includes(`${whole},`) ? `${whole},` : `,${whole}`;
    const inside = entry.slice(1, -1);
    const wrongs = [
      ...[name, escaped].map((again) => `${whole},"${again}":${entry}`),
      ...[name, escaped].map((again) => `"${again}":null,${whole}`),
      ...wrongNames.map((wrong) => `${wrong}:${entry}`),
      ...wrongNames.map((wrong) => `${whole},${wrong}:${entry}`),
      ...["dtype", "shape", "data_offsets"].map((key) => whole.replace(`"${key}"`, '"other"')),
      ...wrongNames.map((wrong) => `"${name}":{${inside},${wrong}:1}`),
      ...["dtype", "sh\\u0061pe"].map((again) => `"${name}":{${inside},"${again}":"F32"}`),
    ];
    for (const wrong of wrongs) yield changed(parts, `key of ${name}`, whole, wrong);
    yield changed(parts, `without ${name}`, last, "");
  }
  for (const [key, text] of Object.entries(readByHand(file).metadata)) {
    const whole = `"${key}":${JSON.stringify(text)}`;
    for (const value of wrongValues.filter((value) => !value.startsWith('"'))) {
      yield changed(parts, `metadata ${key}`, whole, `"${key}":${value}`);
    }
    yield changed(parts, `metadata ${key} twice`, whole, `${whole},${whole}`);
    yield changed(parts, `metadata ${key} twice`, whole, `"${key}":"",${whole}`);
    yield changed(parts, `metadata ${key} unsealed`, whole, `${whole},"more":""`);
  }
  const { header } = parts;
  const metadata = header.slice(header.indexOf(":") + 1, header.indexOf("}") + 1);
  for (const value of wrongValues) yield changed(parts, "metadata", metadata, value);
}

/** Headers that are not a JSON object. */
export function* noHeaders(file: Uint8Array, dice: Dice): Generator<Mutation> {
  const { header, data } = partsOf(file);
  const texts = [
    ...["", " ", "null", "[]", '"{}"', "{}", "{", "}", "{}{}", "{,}", "{'a':1}", "{a:1}", "NaN"],
    ...[` ${header}`, `\ufeff${header}`, `\0${header}`, `[${header}]`, `${header},`, `${header}x`],
    ...["{".repeat(60000), "[".repeat(60000), `{"a":[${"0,".repeat(20000)}0]}`],
    ...[`{${'"a":{},'.repeat(5000)}"b":{}}`, `${header}${"\0".repeat(8)}`, `/**/${header}`],
  ];
  for (const text of texts) {
    yield { what: `header ${text.slice(0, 99)}`, bytes: rawFile(text, data), fate: "refused" };
  }
  const structure = [...header.matchAll(/[{}[\],:"]/g)].map(({ index }) => index);
  for (let n = 0; n < 300; n++) {
    const at = dice.of(structure);
    const text = header.slice(0, at) + dice.of(["", "{", "}", "[", "]", ",", ":", "\\", "1 "]) +
      header.slice(at + 1);
    yield { what: `character ${at} changed`, bytes: rawFile(text, data), fate: "either" };
  }
}

/** Equivalent headers: spaces, escapes, notations of numbers, and another order. */
export function* equivalents(file: Uint8Array, dice: Dice): Generator<Mutation> {
  const parts = partsOf(file);
  const { header, data } = parts;
  const { tensors } = readByHand(file);
  const tokens = header.match(/"(?:[^"\\]|\\.)*"|[^\s"]/g)!;
  const same = (what: string, text: string): Mutation => ({
    what,
    bytes: rawFile(text, data),
    fate: "harmless",
  });
  for (let n = 0; n < 40; n++) {
    const spaced = tokens.map((token) =>
      /\d/.test(token[0]!) || dice.below(4) > 0 ? token : token + dice.of([" ", "\n", "\t\r", "  "])
    );
    yield same("spaces", spaced.join(""));
    const escaped = tokens.map((token) =>
      token.replace(
        /[a-z]/,
        (c) => token[0] !== '"' || dice.below(3) > 0 ? c : `\\u00${c.charCodeAt(0).toString(16)}`,
      )
    );
    yield same("escapes", escaped.join(""));
  }
  yield same("padding", header + " ".repeat(60000));
  for (const [name, { dtype, shape, begin, bytes: { length } }] of tensors) {
    const offsets = [begin, begin + length];
    for (
      const write of [
        (n: number) => `${n}.0`,
        (n: number) => `${10 * n}e-1`,
        (n: number) => `${n}E0`,
      ]
    ) {
      const [first, last] = offsets.map(write);
      const again = entry(JSON.stringify(dtype), shape.map(write), first!, last!);
      yield changed(parts, `notation of ${name}`, entryOf(parts, name), again, "harmless");
    }
    const whole = `"${name}":${entryOf(parts, name)}`;
    if (!header.includes(`${whole},`)) continue;
    const moved = header.replace(`${whole},`, "").replace("{", () => `{${whole},`);
    yield same(`${name} first`, moved);
  }
}
