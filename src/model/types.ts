/** The choices that several files of a model share. */

/** The recurrent cell: a tanh layer, a gated recurrent unit, or a long short-term memory. */
export type Cell = "rnn" | "gru" | "lstm";

/**
 * The number format: single precision, single precision without fused multiply-add, or double
 * precision. `f32-strict` and `f64` compute the same bits on every machine.
 */
export type Precision = "f32" | "f32-strict" | "f64";

/** The learning-rate schedule. */
export type LrSchedule = "constant" | "step" | "cosine" | "inverse-sqrt" | "plateau";
