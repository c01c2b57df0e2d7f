import type { ParameterSet, Sizes } from "../src/model/parameters.ts";
import { initialParameters } from "../src/model/initialisation.ts";
import { Xoshiro128 } from "../src/random.ts";

/** What is trained at a time: H hidden units, T steps, B streams. */
export interface StepSize {
  readonly hidden: number;
  readonly steps: number;
  readonly streams: number;
}

/** V of English text, and of the text in examples/. */
export const VOCABULARY = 65;

/** The sizes of every table: the notebook's network, and three that keep a core busy. */
export const tableSizes: readonly StepSize[] = [
  { hidden: 100, steps: 25, streams: 1 },
  { hidden: 128, steps: 50, streams: 32 },
  { hidden: 256, steps: 50, streams: 64 },
  { hidden: 512, steps: 50, streams: 64 },
];

/** For example `H 128, T 50, B 32`. */
export function nameOf({ hidden, steps, streams }: StepSize): string {
  return `H ${hidden}, T ${steps}, B ${streams}`;
}

/** A network to start from, and characters to train it on. */
export interface Setting {
  readonly sizes: Sizes;
  readonly parameters: ParameterSet;
  /** [T·B] each. */
  readonly inputIds: Uint32Array;
  readonly targetIds: Uint32Array;
}

/** Random parameters and characters of a size, the same each time. */
export function settingOf({ hidden, steps, streams }: StepSize): Setting {
  const random = new Xoshiro128(1);
  const sizes = { inputs: VOCABULARY, hidden, outputs: VOCABULARY };
  const parameters = initialParameters(sizes, { init: "normal:0.05", precision: "f64" }, random);
  const ids = Uint32Array.from(
    { length: (steps + 1) * streams },
    () => random.nextUint32() % VOCABULARY,
  );
  return {
    sizes,
    parameters,
    inputIds: ids.slice(0, steps * streams),
    targetIds: ids.slice(streams),
  };
}
