/** What each rank says about itself: where it runs, and what must be the same on all. */
import metadata from "../../deno.json" with { type: "json" };
import { modules } from "../engine/kernels/modules.ts";
import { digits as f32 } from "../engine/kernels/modules/f32.ts";
import { digits as f32Strict } from "../engine/kernels/modules/f32_strict.ts";
import { digits as f64 } from "../engine/kernels/modules/f64.ts";
import type { Exchange } from "../exchange.ts";
import { createSha256 } from "../sha256.ts";

/** A rank, as it describes itself to the others. */
export interface RankInfo {
  readonly host: string;
  /** The version of this program. */
  readonly version: string;
  /** The hash of its kernels: their version decides about bits. */
  readonly kernels: string;
  /** The precision that computes for `f32` on this machine. */
  readonly precision: string;
  /** The arguments that must be the same. */
  readonly args: readonly string[];
  /** The cores that the rank may run on, by number; empty if the system does not say. */
  readonly cores: readonly number[];
  /** How many cores may be used at once. */
  readonly parallelism: number;
  /** How many cores the machine has; 0 if the system does not say. */
  readonly machineCores: number;
}

/** The options that a rank may have for itself. */
const ownOptions: readonly string[] = ["--threads", "--mpi-library"];

/** Describes this rank. */
export function describeRank(
  host: string,
  { args, ...cores }:
    & { readonly args: readonly string[] }
    & Pick<RankInfo, "cores" | "machineCores">,
): RankInfo {
  const hash = createSha256();
  for (const digits of [f32, f32Strict, f64]) hash.updateText(digits);
  return {
    host,
    version: metadata.version,
    kernels: hash.digest(),
    precision: modules.supportedPrecision("f32"),
    args: withoutOwnOptions(args),
    ...cores,
    parallelism: navigator.hardwareConcurrency,
  };
}

function withoutOwnOptions(args: readonly string[]): string[] {
  return args.filter((arg, i) =>
    !ownOptions.some((option) =>
      arg === option || arg.startsWith(`${option}=`) || args[i - 1] === option
    )
  );
}

/** Gathers a value of each rank; it must be possible to write it as JSON. */
export function gatherValues<T>(exchange: Exchange, value: T): T[] {
  const { rank, size } = exchange;
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const lengths = new Int32Array(size);
  lengths[rank] = bytes.length;
  exchange.allGather(lengths, Array.from(lengths, (_, start) => ({ start, length: 1 })));
  // Each value begins at a whole number of 4 bytes.
  let words = 0;
  const slices = Array.from(lengths, (length) => {
    const slice = { start: words, length: Math.ceil(length / 4) };
    words += slice.length;
    return slice;
  });
  const values = new Int32Array(words);
  const all = new Uint8Array(values.buffer);
  all.set(bytes, 4 * slices[rank]!.start);
  exchange.allGather(values, slices);
  return slices.map(({ start }, i) =>
    JSON.parse(new TextDecoder().decode(all.subarray(4 * start, 4 * start + lengths[i]!)))
  );
}

/**
 * Why ranks would not compute the same, naming the first that differs from rank 0, and what to do;
 * `undefined` if they would.
 */
export function describeDifference(ranks: readonly RankInfo[]): string | undefined {
  const [first] = ranks as [RankInfo];
  const differing = (key: keyof RankInfo) =>
    ranks.findIndex((rank) => JSON.stringify(rank[key]) !== JSON.stringify(first[key]));
  const name = (rank: number) => `rank ${rank} on ${ranks[rank]!.host}`;
  const version = differing("version");
  if (version > 0) {
    return `Cannot train on these ranks: ${name(version)} runs unroll ${
      ranks[version]!.version
    }, but ` +
      `${name(0)} runs ${first.version}; install the same version on all machines`;
  }
  const kernels = differing("kernels");
  if (kernels > 0) {
    return `Cannot train on these ranks: ${name(kernels)} has other kernels than ${
      name(0)
    }, although ` +
      `both are of unroll ${first.version}; install the same version on all machines`;
  }
  const args = differing("args");
  if (args > 0) {
    return `Cannot train on these ranks: ${name(args)} has other arguments than ${name(0)}: ` +
      `${firstDifference(ranks[args]!.args, first.args)}; start all ranks with the same ` +
      "arguments, except for --threads and --mpi-library";
  }
  const precision = differing("precision");
  if (precision > 0 && !/ --precision[ =](f32-strict|f64)( |$)/.test(` ${first.args.join(" ")}`)) {
    return `Cannot train on these ranks with precision f32: ${name(precision)} computes ` +
      `${ranks[precision]!.precision}, but ${name(0)} ${first.precision}, because their ` +
      "processors differ; add --precision f32-strict";
  }
  return undefined;
}

/** The first argument that differs, with what stands in its place. */
function firstDifference(args: readonly string[], others: readonly string[]): string {
  const length = Math.max(args.length, others.length);
  const at = Array.from({ length }, (_, i) => i).find((i) => args[i] !== others[i])!;
  const show = (arg: string | undefined) => arg === undefined ? "nothing" : JSON.stringify(arg);
  return `${show(args[at])} instead of ${show(others[at])}`;
}
