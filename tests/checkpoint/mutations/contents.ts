/** Well-formed files with a right checksum and invalid contents. */

import {
  type Dice,
  type Draft,
  type Mutation,
  putTogether,
  takeApart,
  withString,
  withTensor,
} from "./draft.ts";

/** Tensors that are missing, have another shape or type, or hold invalid numbers. */
export function* wrongTensors(file: Uint8Array, dice: Dice): Generator<Mutation> {
  const draft = takeApart(file);
  for (const [name, tensor] of draft.tensors) {
    const { dtype, shape, bytes } = tensor;
    const refused = (what: string, changed: Draft): Mutation => ({
      what: `${name} ${what}`,
      bytes: putTogether(changed),
      fate: "refused",
    });
    // All tensors of the optimizer state may be missing, but not one of them; the hidden state may.
    if (name !== "state.hidden") yield refused("is missing", withTensor(draft, name, undefined));
    yield refused("is there again", withTensor(draft, `${name}_`, tensor));
    for (
      const again of [[...shape, 1], [1, ...shape], [0], [...shape, 0], [], shape.concat(shape)]
    ) {
      const length = again.reduce((product, n) => product * n, 1) * (dtype === "F64" ? 8 : 4);
      const zeros = new Uint8Array(length);
      yield refused(
        `of shape [${again}]`,
        withTensor(draft, name, { ...tensor, shape: again, bytes: zeros }),
      );
    }
    if (String(shape) !== String(shape.toReversed())) {
      const turned = { ...tensor, shape: shape.toReversed() };
      yield refused("turned", withTensor(draft, name, turned));
    }
    const wide = dtype === "F32";
    const other = new Uint8Array(wide ? 2 * bytes.length : bytes.length / 2);
    const otherTensor = { dtype: wide ? "F64" : "F32", shape, bytes: other };
    yield refused("of the other type", withTensor(draft, name, otherTensor));
    const isSum = name.startsWith("adagrad.") || name.startsWith("adam.exp_avg_sq.");
    for (const x of [NaN, -Infinity, isSum ? -1 : Infinity, isSum ? -1e-30 : NaN]) {
      for (let n = 0; n < 3; n++) {
        const numbers = toNumbers(dtype, bytes);
        numbers[dice.below(numbers.length)] = x;
        const poisoned = { ...tensor, bytes: new Uint8Array(numbers.buffer) };
        yield refused(`holds ${x}`, withTensor(draft, name, poisoned));
      }
    }
  }
  const halves = ["rnn.bias_ih_l0", "rnn.bias_hh_l0"].reduce((changed, name) => {
    const tensor = draft.tensors.get(name)!;
    const max = tensor.dtype === "F64" ? Number.MAX_VALUE : 3.4e38;
    const numbers = toNumbers(tensor.dtype, tensor.bytes).fill(max);
    return withTensor(changed, name, { ...tensor, bytes: new Uint8Array(numbers.buffer) });
  }, draft);
  yield { what: "biases too great together", bytes: putTogether(halves), fate: "refused" };
}

function toNumbers(dtype: string, bytes: Uint8Array): Float32Array | Float64Array {
  const { buffer } = bytes.slice();
  return dtype === "F64" ? new Float64Array(buffer) : new Float32Array(buffer);
}

const long = "x".repeat(20000);
/** JSON of every type that no key of the metadata may have. */
const wrongJson: readonly string[] = [
  ...["", " ", "{", "]", '"', "nul", "NaN", "'a'", "01", "1,2", "{}{}", "\0", "\ufeff{}"],
  ...["true", "-1", "0.5", "1e400", "1e15", '""', '"\\ud800"', "[]", "{}", "[null]", "[[]]"],
  ...['{"__proto__":null}', '{"__proto__":{"hidden":1}}', '{"constructor":1}', '{"a":1,"a":1}'],
  ...[`${"[".repeat(20000)}${"]".repeat(20000)}`, `[${"0,".repeat(20000)}0]`, `{"a":"${long}"}`],
  ...[
    `"${long}"`,
    '"\\u001b]0;x\\u0007"',
    '"\u009b31m\u202e"',
    `{"${long}":1}`,
    '{"\\u001b[2J":1}',
  ],
];
/** Values that no key of the configuration, the progress or the corpus may have, except a path. */
const wrongInside: readonly unknown[] = [-1, -0.5, [], {}, [1], "", "1", long, "\x1b[2J\u202e"];
/** Values that no count may have. */
const wrongCounts: readonly unknown[] = [0.5, 2 ** 53, 1e308, true, null];
const counts = ["hidden", "seqLength", "batchSize", "seed", "step", "chars", "position", "bytes"];

/** Metadata that are missing, of the wrong type, out of range, or do not fit the tensors. */
export function* wrongMetadata(file: Uint8Array, dice: Dice): Generator<Mutation> {
  const draft = takeApart(file);
  const refused = (key: string, text: string | undefined): Mutation => ({
    what: `${key} = ${text?.slice(0, 200)}`,
    bytes: putTogether(withString(draft, key, text)),
    fate: "refused",
  });
  for (const key of ["format", "config", "vocabulary"]) yield refused(key, undefined);
  yield refused("format", "");
  yield refused("format", "unroll-checkpoint-0\x1b[2J");
  yield refused("format", long);
  for (const key of ["config", "vocabulary", "progress", "corpus"]) {
    for (const wrong of wrongJson) yield refused(key, wrong);
    const right = draft.metadata[key]!;
    for (let n = 0; n < 4; n++) yield refused(key, right.slice(0, dice.below(right.length)));
    yield refused(key, `${right} ${right}`);
  }
  for (const key of ["config", "progress", "corpus"]) {
    const right = JSON.parse(draft.metadata[key]!) as Record<string, unknown>;
    for (const inner of Object.keys(right)) {
      const { [inner]: value, ...others } = right;
      yield refused(key, JSON.stringify(others));
      yield refused(key, JSON.stringify({ ...others, [`${inner}\x1b`]: value }));
      yield refused(key, JSON.stringify(right).replace("{", `{"${inner}":0,`));
      for (const wrong of counts.includes(inner) ? wrongInside.concat(wrongCounts) : wrongInside) {
        if (typeof wrong === "string" && inner === "path") continue;
        yield refused(key, JSON.stringify({ ...right, [inner]: wrong }));
      }
    }
    for (const more of ["", "__proto__", "toString", "length", long]) {
      yield refused(key, JSON.stringify({ ...right, [more]: 1 }));
    }
  }
  const config = JSON.parse(draft.metadata.config!);
  for (const by of [-1, 1, 2, 1e5]) {
    yield refused("config", JSON.stringify({ ...config, hidden: config.hidden + by }));
    yield refused("config", JSON.stringify({ ...config, batchSize: config.batchSize + by }));
  }
  const great = withString(draft, "config", JSON.stringify({ ...config, batchSize: 65536 }));
  yield {
    what: "no state, of a great shape",
    bytes: putTogether(withTensor(great, "state.hidden", undefined)),
    fate: "refused",
  };
  const other = config.precision === "f64" ? "f32" : "f64";
  yield refused("config", JSON.stringify({ ...config, precision: other }));
  const vocabulary = JSON.parse(draft.metadata.vocabulary!) as string;
  const characters = [...vocabulary];
  for (
    const wrong of [
      ...[vocabulary + vocabulary, characters.toReversed().join(""), characters.slice(1).join("")],
      ...[
        vocabulary + "\u{10ffff}",
        `${vocabulary}\ud800`,
        `\udc00${vocabulary}`,
        `\0${vocabulary}`,
      ],
      ...["\ud800", "\udc00\ud800", "aa", "ba", "\u{1f600}\ufeff", long, String.fromCodePoint(1e6)],
    ]
  ) yield refused("vocabulary", JSON.stringify(wrong));
  yield refused("corpus", draft.metadata.corpus!.replace(/[0-9a-f](?="\}$)/, "G"));
}

/** What a file may omit or add. */
export function* harmless(file: Uint8Array): Generator<Mutation> {
  const draft = takeApart(file);
  const same = (what: string, bytes: Uint8Array): Mutation => ({ what, bytes, fate: "harmless" });
  yield same("no checksum", putTogether(draft, false));
  yield same("as it was", putTogether(draft));
  for (const key of ["note", "", "__proto__", "toString", "Format", "\x1b[2J"]) {
    yield same(`metadata "${key}"`, putTogether(withString(draft, key, "\0 anything \u202e")));
  }
  const upward = new Map([...draft.tensors].toSorted(([a], [b]) => a < b ? -1 : 1));
  yield same("tensors by name", putTogether({ ...draft, tensors: upward }));
}
