/**
 * Mutated checkpoints: each is rejected in one line, or, where the mutation has no meaning, decoded as
 * if nothing had been changed.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { InputError } from "../../../src/errors.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../../src/checkpoint/checkpoint.ts";
import { quote } from "../../../src/json.ts";
import { Xoshiro128 } from "../../../src/random.ts";
import { checkpointOf } from "../checkpoints.ts";
import { badEncodings, bitFlip, cuts, damage, headerLengths } from "./bytes.ts";
import { harmless, wrongMetadata, wrongTensors } from "./contents.ts";
import { Dice, type Mutation } from "./draft.ts";
import { equivalents, noHeaders, wrongEntries, wrongKeys } from "./header.ts";

/**
 * Decoding may allocate twice the length of the file, for the arrays of the result and for the header
 * as text and strings, and this much for errors and small objects. Everything that is allocated
 * counts, even if it is freed at once.
 */
const FREE_BYTES = 2 ** 21;

/** The table of a vocabulary that has one of the last characters of Unicode. */
const TABLE_BYTES = 4 * 0x110000;

function budgetOf(bytes: Uint8Array): number {
  const hasLast = /[\u{20000}-\u{10ffff}]/u.test(new TextDecoder().decode(bytes));
  return 2 * bytes.length + FREE_BYTES + (hasLast ? TABLE_BYTES : 0);
}

/** All messages of a rejection. */
const refusals: readonly RegExp[] = [
  /^it is empty; /,
  /^it has \d bytes; /,
  /^it is not a safetensors file; /,
  /^it is not a complete safetensors file: its first 8 bytes declare a header of \d+ bytes, /,
  /^its header is not UTF-8; /,
  /^its header does not begin with "{"; /,
  /^its header is nested \d+ deep; /,
  /^its header has \d+ values; /,
  /^its header is not valid JSON$/,
  /^its header has a duplicate key in an object; /,
  /^the header's "__metadata__" must be an object whose values are strings, not /,
  /^the header's ".*: it must be an object, not /,
  /^the header's ".*: "\w+" is missing$/,
  /^the header's ".*: ".* is not a known key$/,
  /^the header's ".*: "dtype" must be F32 or F64, not /,
  /^the header's ".*: "shape" must be a list of whole numbers, not /,
  /^the header's ".*: "(shape|data_offsets)\.\d+" must be a whole number, 0 or above, not /,
  /^the header's ".*: "data_offsets(\.2)?" must be two whole numbers, not /,
  /^the header's ".* has the data from byte \d+ to \d+; its shape \[.* takes \d+ bytes$/,
  /^the header's ".* has the data from .* takes more bytes than a file can have$/,
  /^the header's ".* begins at byte \d+; that must be a multiple of [48]$/,
  /^the data of ".* begin at byte \d+; they must begin at \d+, /,
  /^its tensors take \d+ bytes, but \d+ follow the header; /,
  /^it has no "format" in its metadata; /,
  /^its format ".* is (unknown|of an earlier version|of a later version); /,
  /^its contents do not match its checksum; /,
  /^it has no "(config|vocabulary)" in its metadata; /,
  /^the metadata's "\w+" is not valid JSON$/,
  /^the metadata's "\w+" is nested \d+ deep; /,
  /^the metadata's "\w+" has \d+ values; /,
  /^the metadata's "\w+" has a duplicate key in an object; /,
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
  /^the metadata's "corpus": "path" must be a string, not /,
  /^the metadata's "corpus": "sha256" must be (a string|64 hexadecimal digits in lower case), not /,
  /^the tensor ".* is missing$/,
  /^the tensor "state.hidden" is missing; with the shape \[.*\] it must be present, /,
  /^the tensor ".* is F\d\d \[.*; by configuration and vocabulary it must be F\d\d \[[\d, ]*\]$/,
  /^the tensor "rnn.bias_ih_l0 \+ rnn.bias_hh_l0" is Infinity at index 0; /,
  /^the tensor ".* is (NaN|-?Infinity) at index \d+; each number must be finite$/,
  /^the tensor ".* is (NaN|-.*) at index \d+; each number must be 0 or above$/,
  /^the tensor ".* does not belong to a checkpoint with the optimizer \w+$/,
];

/** A mutation, and the file that it was made from. */
type Sample = Mutation & { readonly original: Uint8Array };

/** All systematic mutations of each file, then random damage of the first, without end. */
function* mutations(files: readonly Uint8Array[]): Generator<Sample> {
  const dice = new Dice(new Xoshiro128(1));
  const [first, last] = [files[0]!, files.at(-1)!];
  const of = (original: Uint8Array, mutations: Generator<Mutation>) =>
    mutations.map((mutation) => ({ ...mutation, original }));
  for (const file of files) {
    yield* of(file, equivalents(file, dice));
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

/** The result of decoding a mutated file, and its cost. */
interface Outcome {
  /** The message of a rejection, without its context; `undefined` when the file was decoded. */
  readonly refusal?: string;
  readonly milliseconds: number;
  /** Bytes that were allocated for arrays, strings and objects. */
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
  // One line of limited length, without invisible and control characters.
  assertMatch(
    result.message,
    /^Cannot read the checkpoint "x": [^\p{C}\p{Zl}\p{Zp}]{1,300}$/u,
    what,
  );
  return { refusal: result.message.slice(32), milliseconds, memory };
}

/** Files of each precision, with and without optimizer state, cell state and weight averaging. */
async function originals(): Promise<Uint8Array[]> {
  return await Promise.all(
    [
      checkpointOf("caf\u00e9 \u{1f600}\n", { hidden: 3, batchSize: 2, seed: 1 }),
      checkpointOf('a"\\b', { hidden: 2, batchSize: 1, seed: 2, precision: "f64" }),
      checkpointOf("-+", {
        cell: "lstm",
        layers: 2,
        hidden: 2,
        batchSize: 1,
        seed: 4,
        optimizer: "adam",
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
}

/** Which mutations {@linkcode checkMutations} checks. */
export interface MutationRange {
  /** The number of mutations to generate. */
  readonly count: number;
  /** Checks every n-th of them. Default: 1. */
  readonly every?: number;
}

/**
 * Asserts that mutated checkpoints are rejected with a known message, or decoded as the original, in
 * limited memory.
 *
 * @returns The messages that never occurred.
 */
export async function checkMutations(
  { count, every = 1 }: MutationRange,
): Promise<readonly RegExp[]> {
  let checked = 0;
  let refused = 0;
  let slowest = { milliseconds: 0, what: "" };
  let largest = { share: 0, memory: 0, what: "" };
  const counts = refusals.map(() => 0);
  let n = 0;
  for (const mutation of mutations(await originals()).take(count)) {
    if (n++ % every !== 0) continue;
    checked++;
    const { what, bytes, fate } = mutation;
    const first = await attempt(mutation);
    const { refusal } = first;
    // Repeated if it cost much: another program may have run meanwhile, or the garbage collector.
    const isCostly = first.milliseconds > slowest.milliseconds || first.memory > budgetOf(bytes);
    const second = isCostly ? await attempt(mutation) : first;
    const milliseconds = Math.min(first.milliseconds, second.milliseconds);
    const memory = Math.min(first.memory, second.memory);
    if (refusal !== undefined) {
      refused++;
      assert(fate !== "harmless", `${what}: ${refusal}`);
      const kind = refusals.findIndex((pattern) => pattern.test(refusal));
      assert(kind >= 0, `${what}: unknown message, ${refusal}`);
      counts[kind]!++;
    } else assert(fate !== "refused", `${what}: it was decoded`);
    if (milliseconds > slowest.milliseconds) slowest = { milliseconds, what };
    const share = memory / budgetOf(bytes);
    assert(share <= 1, `${what}: ${memory} bytes of memory for ${bytes.length}`);
    if (share > largest.share) largest = { share, memory, what };
  }
  console.log(
    `${checked} mutated checkpoints: ${refused} rejected, ${checked - refused} harmless; ` +
      `${counts.filter((count) => count > 0).length} of ${refusals.length} messages; ` +
      `slowest ${slowest.milliseconds.toFixed(1)} ms (${quote(slowest.what)}), ` +
      `most memory of its limit ${largest.memory} bytes (${quote(largest.what)})`,
  );
  return refusals.filter((_, i) => counts[i] === 0);
}
