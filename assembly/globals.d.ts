/** The names that build.ts defines for every module, as an editor sees them. */

/** The type of all numbers: f32 or f64. */
declare type Real = f32;
/** 1 where the relaxed multiply-add may be used, else 0. */
declare const FUSED: i32;
/** 1 where phases.ts measures the phases of a step, else 0. */
declare const PHASES: i32;
/** 1, or 0 in the module that only samples; see build.ts. */
declare const TRAINS: i32;
