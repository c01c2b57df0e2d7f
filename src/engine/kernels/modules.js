// @ts-self-types="./modules.d.ts"
import source f32 from "./f32.wasm";
import source f32Strict from "./f32-strict.wasm";
import source f64 from "./f64.wasm";

// `import source` loads compiled modules without a permission. This is a JavaScript file because
// TypeScript 6.0 does not parse that syntax.
export const modules = { "f32": f32, "f32-strict": f32Strict, "f64": f64 };
