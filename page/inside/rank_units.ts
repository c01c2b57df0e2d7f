import { Correlations } from "./correlation.ts";
import type { TextReader } from "./text_reader.ts";
import type { Unit, UnitKind } from "./units.ts";

/** A unit, and how well it follows a feature. */
export interface RankedUnit {
  readonly unit: Unit;
  /** Pearson's correlation, −1 to 1. */
  readonly correlation: number;
}

/** The result of {@linkcode rankUnits}. */
export interface Ranking {
  /** The units that follow the feature best, by the size of their correlation. */
  readonly units: readonly RankedUnit[];
  /**
   * The largest size of a correlation of any unit with any of {@linkcode SHIFTS} shifted copies of the
   * feature. What is not above it may be chance.
   */
  readonly chance: number;
}

/** How units are ranked. */
export interface RankOptions {
  readonly reader: TextReader;
  /** One number for each id from `from` on. */
  readonly feature: Float64Array;
  /** The index of the first id that counts. */
  readonly from: number;
  /** The groups of units to search. */
  readonly groups: readonly { readonly kind: UnitKind; readonly layer: number }[];
  /** Units to return. */
  readonly count: number;
}

/**
 * Shifted copies of the feature. If a feature has nothing to do with a unit, each shift is as good as
 * the feature itself, so it exceeds all 19 copies with a probability of 1 in 20.
 */
export const SHIFTS = 19;

/**
 * Ranks units by how well they follow a feature. It yields after each block, so that the caller can let
 * other work run.
 */
export function* rankUnits(options: RankOptions): Generator<void, Ranking> {
  const { reader, feature, from, groups, count } = options;
  const { length } = feature;
  const shifted = Array.from({ length: SHIFTS }, (_, i) => {
    const by = Math.round(length * (i + 1) / (SHIFTS + 1));
    return Float64Array.from(feature, (_, row) => feature[(row + by) % length]!);
  });
  const searched = groups.map((group) => ({
    group,
    correlations: new Correlations(reader.hidden, [feature, ...shifted]),
  }));
  for (let block = reader.blockOf(from); block < reader.blocks; block++) {
    const read = reader.read(block);
    const skip = Math.max(0, from - read.from);
    const take = Math.min(read.length, from + length - read.from);
    if (take <= skip) break;
    for (const { group, correlations } of searched) {
      const values = reader.values(read, group);
      correlations.add(values.subarray(skip * reader.hidden, take * reader.hidden));
    }
    yield;
  }
  const ranked: RankedUnit[] = [];
  let chance = 0;
  for (const { group, correlations } of searched) {
    correlations.with(0).forEach((correlation, index) => {
      ranked.push({ unit: { ...group, index }, correlation });
    });
    for (let shift = 1; shift <= SHIFTS; shift++) {
      for (const r of correlations.with(shift)) chance = Math.max(chance, Math.abs(r));
    }
  }
  const units = ranked
    .sort((a, b) => Math.abs(b.correlation) - Math.abs(a.correlation))
    .slice(0, count);
  return { units, chance };
}
