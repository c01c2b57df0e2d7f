import type { Cell, GateName } from "../../src/engine/mod.ts";

/** What a layer computes in each step, one number per unit: its states and its gates. */
export type UnitKind = "hidden" | "cell" | GateName;

/** One unit of a network. */
export interface Unit {
  readonly kind: UnitKind;
  /** From 0. */
  readonly layer: number;
  /** From 0 to below H. */
  readonly index: number;
}

/** What is particular to a kind. */
interface KindSpec {
  /** For people, with the letter of the equations. */
  readonly label: string;
  /** Whether values are of both signs, from −1 to 1 or, of cell states, beyond; else from 0 to 1. */
  readonly isSigned: boolean;
}

/** Every kind. */
export const kinds: Readonly<Record<UnitKind, KindSpec>> = {
  hidden: { label: "hidden state h", isSigned: true },
  cell: { label: "cell state c", isSigned: true },
  r: { label: "reset gate r", isSigned: false },
  z: { label: "update gate z", isSigned: false },
  n: { label: "candidate state n", isSigned: true },
  i: { label: "input gate i", isSigned: false },
  f: { label: "forget gate f", isSigned: false },
  g: { label: "candidate g", isSigned: true },
  o: { label: "output gate o", isSigned: false },
};

/** The kinds of each cell, the states first. */
export const kindsOfCell: Readonly<Record<Cell, readonly UnitKind[]>> = {
  rnn: ["hidden"],
  gru: ["hidden", "r", "z", "n"],
  lstm: ["hidden", "cell", "i", "f", "g", "o"],
};

/** A unit in words; layers and units are counted from 1. */
export function describeUnit({ kind, layer, index }: Unit, layers: number): string {
  const ofLayer = layers === 1 ? "" : ` of layer ${layer + 1}`;
  return `unit ${index + 1}${ofLayer}, ${kinds[kind].label}`;
}
