import { type KernelModules, kernelModules } from "./compile.ts";
import { digits } from "./modules/f32_strict_sampling.ts";

/**
 * The kernels of `f32-strict` that sampling needs, which also compute for `f32`, in every runtime. The
 * packed entry for sampling has this file in place of modules.ts, so that it stays small.
 */
export const modules: KernelModules = kernelModules({ "f32-strict": digits });
