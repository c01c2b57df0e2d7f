/**
 * Ten thousand checkpoints that are not as they were written: each is refused in one line, or, where
 * what was changed means nothing, read as if it had not been changed.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/checkpoint.ts";
import { quote } from "../../src/json.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { checkpointOf } from "./checkpoints.ts";
import { badEncodings, bitFlip, cuts, damage, headerLengths } from "./mutations/bytes.ts";
import { harmless, wrongMetadata, wrongTensors } from "./mutations/contents.ts";
import { Dice, type Mutation } from "./mutations/draft.ts";
import { noHeaders, otherWords, wrongEntries, wrongKeys } from "./mutations/header.ts";

const COUNT = 10_000;

/**
 * What decoding may take beside the bytes that it is given: twice their length, for the arrays of the
 * result and for the header as text and strings, and so much for errors and small objects. All that
 * is made is counted, even if it is thrown away at once.
 */
const FREE_BYTES = 2 ** 21;
/** And the table of a vocabulary, as long as Unicode if it has one of the last characters. */
const TABLE_BYTES = 4 * 0x110000;

function budgetOf(bytes: Uint8Array): number {
  const hasLast = /[\u{20000}-\u{10ffff}]/u.test(new TextDecoder().decode(bytes));
  return 2 * bytes.length + FREE_BYTES + (hasLast ? TABLE_BYTES : 0);
}

/** Every way in which the reader refuses; each must come up. */
const refusals: readonly RegExp[] = [
  /^it is empty; /,
  /^it has \d bytes; /,
  /^its first 8 bytes say that the header has \d+ bytes, /,
  /^its header is not UTF-8; /,
  /^its header does not begin with "{"; /,
  /^its header is nested \d+ deep; /,
  /^its header has \d+ values; /,
  /^its header is not valid JSON$/,
  /^its header has a key twice in one object; /,
  /^the header's "__metadata__" must be an object whose values are strings, not /,
  /^the header's ".*: it must be an object, not /,
  /^the header's ".*: "\w+" is missing$/,
  /^the header's ".*: ".* is not a known key$/,
  /^the header's ".*: "dtype" must be F32 or F64, not /,
  /^the header's ".*: "shape" must be a list of whole numbers, not /,
  /^the header's ".*: "(shape|data_offsets)\.\d+" must be a whole number, 0 or above, not /,
  /^the header's ".*: "data_offsets(\.2)?" must be two whole numbers, not /,
  /^the header's ".* has the data from byte \d+ to \d+; its shape \[.* takes \d+ bytes$/,
  /^the header's ".* has the data from .* takes more bytes than any file has$/,
  /^the header's ".* begins at byte \d+; that must be a multiple of [48]$/,
  /^the data of ".* begin at byte \d+; they must begin at \d+, /,
  /^its tensors take \d+ bytes, and \d+ follow the header; /,
  /^it has no "format" in its metadata; /,
  /^its format ".* is (unknown|of an earlier version|of a later version); /,
  /^its contents do not match its checksum; /,
  /^it has no "(config|vocabulary)" in its metadata; /,
  /^the metadata's "\w+" is not valid JSON$/,
  /^the metadata's "\w+" is nested \d+ deep; /,
  /^the metadata's "\w+" has \d+ values; /,
  /^the metadata's "\w+" has a key twice in one object; /,
  /^the metadata's "\w+": it must be an object, not /,
  /^the metadata's "\w+": "\w+" is missing$/,
  /^the metadata's "\w+": ".* is not a known key$/,
  /^the metadata's "config": "\w+" must be one of [\w, -]+, not /,
  /^the metadata's "config": "\w+" must be a whole number from \d+ to \d+, not /,
  /^the metadata's "config": "\w+" must be a finite number/,
  /^the metadata's "config": "\w+" must be a number from 0 up to, not including, 1, not /,
  /^the metadata's "config": "weightAverage" must be a number from 0 to 1 \(0: no average\), not /,
  /^the metadata's "config": "(lrDecay|dropoutUntil)" must be a number above 0, at most 1, not /,
  /^the metadata's "config": "init" must be normal:S, uniform:S \(S a number, 0 or above\), .*, not /,
  /^the metadata's "vocabulary": it must be a string of all characters, not /,
  /^the metadata's "vocabulary": it must be text of at least one character, not /,
  /^the metadata's "vocabulary": it must be in the order of code points, /,
  /^the metadata's "(progress|corpus)": "\w+" must be a whole number, 0 or above, not /,
  /^the metadata's "progress": "\w+" must be a finite number, 0 or above, not /,
  /^the metadata's "progress": "ended" must be true or false, not /,
  /^the metadata's "corpus": "name" must be a string, not /,
  /^the metadata's "corpus": "sha256" must be (a string|64 hexadecimal digits in lower case), not /,
  /^the tensor ".* is missing$/,
  /^the tensor "state.hidden" is missing; of shape \[.*\] it must be there, /,
  /^the tensor ".* is F\d\d \[.*; by configuration and vocabulary it must be F\d\d \[[\d, ]*\]$/,
  /^the tensor "rnn.bias_ih_l0 \+ rnn.bias_hh_l0" is Infinity at index 0; /,
  /^the tensor ".* is (NaN|-?Infinity) at index \d+; each number must be finite$/,
  /^the tensor ".* is (NaN|-.*) at index \d+; each number must be 0 or above$/,
  /^the tensor ".* does not belong to a checkpoint with the optimizer \w+$/,
];

/** A mutation, and the file that it was made of. */
type Sample = Mutation & { readonly original: Uint8Array };

/** The mutations: those that are listed, of each file, then bits and pieces of the first. */
function* mutations(files: readonly Uint8Array[]): Generator<Sample> {
  const dice = new Dice(new Xoshiro128(1));
  const [first, last] = [files[0]!, files.at(-1)!];
  const of = (original: Uint8Array, mutations: Generator<Mutation>) =>
    mutations.map((mutation) => ({ ...mutation, original }));
  for (const file of files) {
    yield* of(file, otherWords(file, dice));
    yield* of(file, harmless(file));
    yield* of(file, wrongTensors(file, dice));
    yield* of(file, wrongMetadata(file, dice));
  }
  yield* of(first, cuts(first));
  yield* of(first, headerLengths(first));
  yield* of(first, badEncodings(first, dice));
  yield* of(first, noHeaders(first, dice));
  yield* of(first, wrongKeys(first));
  yield* of(last, wrongEntries(last));
  while (true) {
    yield { ...bitFlip(first, dice.below(8 * first.length)), original: first };
    yield { ...damage(first, dice), original: first };
  }
}

/** What became of a file, and what that took. */
interface Outcome {
  /** The line with which it was refused; of one that was read, nothing. */
  readonly refusal?: string;
  readonly milliseconds: number;
  /** Bytes of arrays, strings and objects that were made. */
  readonly memory: number;
}

async function attempt({ bytes, original, what }: Sample): Promise<Outcome> {
  const before = Deno.memoryUsage();
  const start = performance.now();
  const result = await decodeCheckpoint(bytes, "x").catch((error: Error) => error);
  const milliseconds = performance.now() - start;
  const after = Deno.memoryUsage();
  const memory = after.heapUsed + after.external - before.heapUsed - before.external;
  if (!(result instanceof Error)) {
    assertEquals(await encodeCheckpoint(result), original, what);
    return { milliseconds, memory };
  }
  assert(result instanceof InputError, `${what}: ${result.stack}`);
  // One line of a bounded length, and nothing in it that shows nothing or directs a terminal.
  assertMatch(
    result.message,
    /^Cannot read the checkpoint "x": [^\p{C}\p{Zl}\p{Zp}]{1,300}$/u,
    what,
  );
  return { refusal: result.message.slice(32), milliseconds, memory };
}

Deno.test("10,000 mutated checkpoints are refused in a line, or mean the same", async () => {
  const files = await Promise.all(
    [
      checkpointOf("caf\u00e9 \u{1f600}\n", { hidden: 3, batchSize: 2, seed: 1 }),
      checkpointOf('a"\\b', { hidden: 2, batchSize: 1, seed: 2, precision: "f64" }),
      checkpointOf("-+", {
        ...{
          cell: "lstm",
          layers: 2,
          hidden: 2,
          batchSize: 1,
          seed: 4,
          optimizer: "adam",
        } as const,
        weightAverage: 0.5,
      }),
      checkpointOf("no", {
        hidden: 1,
        batchSize: 3,
        seed: 3,
        precision: "f32-strict",
        optimizer: "sgd",
      }),
    ].map(encodeCheckpoint),
  );
  let refused = 0;
  let slowest = { milliseconds: 0, what: "" };
  let largest = { share: 0, memory: 0, what: "" };
  const counts = refusals.map(() => 0);
  for (const mutation of mutations(files).take(COUNT)) {
    const { what, bytes, fate } = mutation;
    const first = await attempt(mutation);
    const { refusal } = first;
    // Again, if it took much: something else may have run meanwhile, or garbage been collected.
    const much = first.milliseconds > slowest.milliseconds || first.memory > budgetOf(bytes);
    const second = much ? await attempt(mutation) : first;
    const milliseconds = Math.min(first.milliseconds, second.milliseconds);
    const memory = Math.min(first.memory, second.memory);
    if (refusal !== undefined) {
      refused++;
      assert(fate !== "harmless", `${what}: ${refusal}`);
      const kind = refusals.findIndex((pattern) => pattern.test(refusal));
      assert(kind >= 0, `${what}: another refusal, ${refusal}`);
      counts[kind]!++;
    } else assert(fate !== "refused", `${what}: it was read`);
    if (milliseconds > slowest.milliseconds) slowest = { milliseconds, what };
    const share = memory / budgetOf(bytes);
    assert(share <= 1, `${what}: ${memory} bytes of memory for ${bytes.length}`);
    if (share > largest.share) largest = { share, memory, what };
  }
  refusals.forEach((pattern, i) => assert(counts[i]! > 0, `nothing was refused with ${pattern}`));
  console.log(
    `${COUNT} mutated checkpoints: ${refused} refused, ${COUNT - refused} harmless; ` +
      `${refusals.length} kinds of refusal; ` +
      `slowest ${slowest.milliseconds.toFixed(1)} ms (${quote(slowest.what)}), ` +
      `most memory, measured by its limit, ${largest.memory} bytes (${quote(largest.what)})`,
  );
});
