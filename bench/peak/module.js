// @ts-self-types="./module.d.ts"
import source peak from "./peak.wasm";

// As in src/engine/kernels/modules.js: no permission, but JavaScript.
export const module = peak;
