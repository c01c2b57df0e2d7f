import { type KernelModules, kernelModules } from "./compile.ts";
import { digits as f32 } from "./modules/f32.ts";
import { digits as f32Strict } from "./modules/f32_strict.ts";
import { digits as f64 } from "./modules/f64.ts";

/** The kernels of all precisions. A bundler leaves them out where nothing computes. */
export const modules: KernelModules = /* @__PURE__ */ kernelModules({
  f32,
  "f32-strict": f32Strict,
  f64,
});
