/**
 * The phases of a training step, for `deno task bench-phases`, which measures how long each of them
 * takes.
 *
 * build.ts defines `PHASES` as 0 for the modules that are shipped, which contain nothing of this.
 */

/** What a worker spends its time on. */
export enum Phase {
  /** What none of the others counts. */
  other,
  /** Waiting at a barrier. */
  barrier,
  packWeights,
  packRows,
  packGradients,
  inputs,
  forwardProducts,
  forwardCell,
  backwardProducts,
  backwardCell,
  gradientProducts,
  biasGradients,
  scatter,
  partialSums,
  softmax,
  update,
}

@external("env", "beginPhase")
declare function beginPhase(phase: i32): void;
@external("env", "endPhase")
declare function endPhase(): void;

/** Begins a phase within the present one. */
@inline
export function begin(phase: Phase): void {
  if (PHASES) beginPhase(phase);
}

/** Ends the phase that began last; the one around it continues. */
@inline
export function end(): void {
  if (PHASES) endPhase();
}
